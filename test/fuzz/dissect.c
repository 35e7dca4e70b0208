/* Fuzz target: a dissect pattern (the first line) and texts for it (the other lines). What is found
 * must lie within bounds and be no more than the pattern has keys. */
#include <stdlib.h>

#include "base/cursor.h"
#include "pipe/dissect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static unsigned sum;

static void read_all(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        sum += s.p[i];
}

static void cut(const struct dissect *d, struct slice text, struct arena *a)
{
    struct dissect_parts parts;
    uint8_t *exact = malloc(text.n ? text.n : 1);
    memcpy(exact, text.n ? text.p : (const uint8_t *)"", text.n);
    if (dissect_text(d, slice_of(exact, text.n), a, &parts)) {
        require(parts.n <= DISSECT_KEYS_MAX);
        for (unsigned i = 0; i < parts.n; i++) {
            struct value v = { .type = VT_STR,
                               .p = parts.v[i].text.p,
                               .n = (uint32_t)parts.v[i].text.n },
                         out;
            read_all(parts.v[i].name);
            read_all(parts.v[i].text);
            require(parts.v[i].key == DISSECT_KEYS_MAX || dissect_key(d, parts.v[i].key));
            convert_value(&v, parts.v[i].type, a, &out);
        }
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct why why;
    struct dissect *d;
    struct loading l = { "fuzz", &a, &why };
    struct cursor c = cur_of(slice_of(data, n));
    char *pattern = malloc(n + 1);
    struct slice line = cur_line(&c);
    if (cur_ok(&c) && line.n && slice_find(line, 0) < 0) {
        memcpy(pattern, line.p, line.n);
        pattern[line.n] = '\0';
        arena_init(&a, NULL, (size_t)64 << 20);
        if (dissect_new(pattern, &l, &d) == ERR_OK) {
            dissect_trim(d, (enum dissect_trim)(n % 4), " -");
            while (cur_left(&c)) {
                struct slice text = cur_line(&c);
                cut(d, cur_ok(&c) ? text : cur_rest(&c), &a);
            }
        }
        arena_free(&a);
    }
    free(pattern);
    return 0;
}
