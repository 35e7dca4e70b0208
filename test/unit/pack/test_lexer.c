/* Tokens of the rule language and their places. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "pack/lexer.h"

/* The kinds of all tokens of the text, up to 16. */
static unsigned kinds(const char *text, uint8_t out[16])
{
    struct lexer l = lexer_of(slice_cstr(text));
    unsigned n = 0;
    for (struct token t = lexer_next(&l); t.kind != TK_EOF && n < 16; t = lexer_next(&l))
        out[n++] = t.kind;
    return n;
}

static void expect(const char *text, unsigned n, const uint8_t *want)
{
    uint8_t got[16];
    assert_int_equal(kinds(text, got), n);
    assert_memory_equal(got, want, n);
}

#define EXPECT(text, ...)                                                                          \
    do {                                                                                           \
        static const uint8_t want[] = { __VA_ARGS__ };                                             \
        expect(text, sizeof want, want);                                                           \
    } while (0)

static void words(void **state)
{
    (void)state;
    EXPECT("RULE When tHen END", TK_RULE, TK_WHEN, TK_THEN, TK_END);
    EXPECT("true True", TK_TRUE, TK_IDENT); /* only lower case */
    EXPECT("$message.`a-b`", TK_MESSAGE, TK_PUNCT, TK_QUOTED);
    EXPECT("a&&b||!c", TK_IDENT, TK_AND, TK_IDENT, TK_OR, TK_NOT, TK_IDENT);
}

static void numbers(void **state)
{
    (void)state;
    EXPECT("1-1", TK_INT, TK_INT); /* the sign sticks to the number */
    EXPECT("08", TK_INT, TK_INT);
    EXPECT("1..2", TK_FLOAT, TK_FLOAT);
    EXPECT("0x1p3 1f .5 1e3", TK_FLOAT, TK_FLOAT, TK_FLOAT, TK_FLOAT);
    EXPECT("1_ 5x", TK_INT, TK_IDENT, TK_INT, TK_IDENT);
}

static void texts(void **state)
{
    (void)state;
    EXPECT("\"a\\n\\\"b\" 'x'", TK_STRING, TK_CHAR);
    EXPECT("\"a\\/b\"", TK_BAD, TK_IDENT, TK_BAD); /* no such escape */
    EXPECT("\"open", TK_BAD);
    EXPECT("``", TK_BAD, TK_BAD);
    EXPECT("// a\n/* b */ c", TK_IDENT);
}

static void places(void **state)
{
    (void)state;
    struct lexer l = lexer_of(SLICE("/* \xc3\xa9 */ a\n  \xc3\xa9 b"));
    struct token t = lexer_next(&l);
    assert_int_equal(t.line, 1);
    assert_int_equal(t.col, 8); /* characters, not bytes */
    t = lexer_next(&l);
    assert_int_equal(t.kind, TK_BAD);
    while (t.kind == TK_BAD)
        t = lexer_next(&l);
    assert_int_equal(t.line, 2);
    assert_int_equal(t.col, 4);
    assert_int_equal(lexer_next(&l).kind, TK_EOF);
    assert_int_equal(lexer_next(&l).kind, TK_EOF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(numbers),
        cmocka_unit_test(texts),
        cmocka_unit_test(places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
