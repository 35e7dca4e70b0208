/* Graylog's search syntax: how clauses bind, what values become, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buf.h"
#include "store/search.h"

static struct arena mem;

static err parse(struct search *s, const char *text, bool leading, struct why *w)
{
    struct search_conf conf = { .leading_wildcard = leading };
    arena_reset(&mem);
    return search_parse(s, slice_cstr(text), &conf, &mem, w);
}

/* The tree in prefix form: +a must, -a must not, a should. */
static void print(struct buf *b, const struct search_node *n)
{
    static const char *const names[] = {
        [SEARCH_ALL] = "all",       [SEARCH_TERM] = "term",     [SEARCH_PHRASE] = "phrase",
        [SEARCH_PREFIX] = "prefix", [SEARCH_WILDCARD] = "wild", [SEARCH_REGEX] = "regex",
        [SEARCH_FUZZY] = "fuzzy",   [SEARCH_RANGE] = "range",   [SEARCH_BOOL] = "bool",
    };
    buf_cstr(b, n->occur == SEARCH_MUST ? "+" : n->occur == SEARCH_MUST_NOT ? "-" : "");
    if (n->op == SEARCH_BOOL) {
        buf_u8(b, '(');
        for (const struct search_node *c = n->first; c; c = c->next) {
            buf_cstr(b, c == n->first ? "" : " ");
            print(b, c);
        }
        buf_u8(b, ')');
        return;
    }
    buf_printf(b, "%s:%.*s:%.*s", names[n->op], (int)n->field.n, n->field.p, (int)n->low.n,
               n->low.p);
    if (n->op == SEARCH_RANGE)
        buf_printf(b, "%s%.*s%s", n->low_open ? "<" : "<=", (int)n->high.n, n->high.p,
                   n->high_open ? ">" : ">=");
    if (n->edits)
        buf_printf(b, "~%u", n->edits);
}

static void assert_tree(const char *text, const char *want)
{
    static char got[4096];
    struct buf b = buf_of(got, sizeof got - 1);
    struct search s;
    struct why w = { "" };
    assert_int_equal(parse(&s, text, true, &w), ERR_OK);
    print(&b, s.root);
    got[b.n] = '\0';
    assert_string_equal(got, want);
}

static void assert_refused(const char *text, const char *want)
{
    struct search s;
    struct why w = { "" };
    assert_int_equal(parse(&s, text, false, &w), ERR_FORMAT);
    assert_string_equal(w.text, want);
}

static void clauses_bind_as_in_lucene(void **state)
{
    (void)state;
    assert_tree("a b", "(term::a term::b)");
    assert_tree("a AND b", "(+term::a +term::b)");
    assert_tree("a OR b AND c", "(term::a +term::b +term::c)");
    assert_tree("a AND b OR c", "(+term::a +term::b term::c)");
    assert_tree("-a AND b", "(-term::a +term::b)");
    assert_tree("a NOT b", "(term::a -term::b)");
    assert_tree("NOT a", "(-term::a)");
    assert_tree("f:(a OR -b) c", "((term:f:a -term:f:b) term::c)");
    assert_tree("f:(a g:(b))", "(term:f:a term:g:b)");
}

static void values_of_each_kind(void **state)
{
    (void)state;
    assert_tree("f:a*", "prefix:f:a");
    assert_tree("f:a*b?", "wild:f:a*b?");
    assert_tree("f:a\\*", "term:f:a*");
    assert_tree("f:/a.*\\/b/", "regex:f:a.*\\/b");
    assert_tree("f:\"a \\\"b\"~3", "phrase:f:a \"b~3");
    assert_tree("f:\"a b\"~", "phrase:f:a b");
    assert_tree("f:ab~", "fuzzy:f:ab");
    assert_tree("f:abc~", "fuzzy:f:abc~1");
    assert_tree("f:\303\244bcdef~", "fuzzy:f:\303\244bcdef~2");
    assert_tree("f:abc~x", "fuzzy:f:abc~2");
    assert_tree("f:abc~1", "fuzzy:f:abc~1");
    assert_tree("f:[1 TO 5}", "range:f:1<=5>");
    assert_tree("f:[* TO \"a b\"]", "range:f:<=a b>=");
    assert_tree("f:>=5", "term:f:>=5");
    assert_tree("f:\\u0041b", "term:f:Ab");
    assert_tree("*:*", "all:*:*");
    assert_tree("a - b", "(term::a term::- term::b)");
}

static void refusals_say_where(void **state)
{
    (void)state;
    assert_refused("a AND\nb )", "query:2:2: ) stands where AND, OR or another clause is expected");
    assert_refused("f:\"a", "query:1:2: a quotation mark that is never closed");
    assert_refused("10.0.0.0/8", "query:1:8: a regular expression that is never closed; write \\/ "
                                 "for a slash");
    assert_refused("f:*a", "query:1:2: * or ? may not be the first character of a pattern");
    assert_refused("  ", "query:1:2: it ends where a value, a field or ( is expected");
    assert_refused("\xc3\xa4:[1 5]", "query:1:5: 5 stands where TO is expected");
}

static void limits_hold(void **state)
{
    (void)state;
    static char text[SEARCH_BYTES_MAX + 2];
    struct search s;
    struct why w;
    memset(text, 'a', sizeof text - 1);
    assert_int_equal(parse(&s, text, false, &w), ERR_LIMIT);
    memset(text, 0, sizeof text);
    memset(text, '(', SEARCH_DEPTH_MAX + 1);
    assert_int_equal(parse(&s, text, false, &w), ERR_LIMIT);
    for (unsigned i = 0; i < SEARCH_CLAUSES_MAX; i++)
        memcpy(text + (size_t)2 * i, "a ", 2);
    assert_int_equal(parse(&s, text, false, &w), ERR_LIMIT);
    text[2 * (SEARCH_CLAUSES_MAX - 2)] = '\0';
    assert_int_equal(parse(&s, text, false, &w), ERR_OK);
}

int main(void)
{
    arena_init(&mem, NULL, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clauses_bind_as_in_lucene),
        cmocka_unit_test(values_of_each_kind),
        cmocka_unit_test(refusals_say_where),
        cmocka_unit_test(limits_hold),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&mem);
    return failed;
}
