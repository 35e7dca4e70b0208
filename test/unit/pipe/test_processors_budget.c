/* Events through many processors take no memory from malloc once warm. */
/* link: -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/yaml.h"
#include "model/event_json.h"
#include "pipe/processors.h"

static unsigned calls;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    calls++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    calls++;
    return __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    calls++;
    return __real_realloc(p, n);
}

static const char list[] =
    "[{add_fields: {target: '', fields: {m: 'a - 7', j: '{\"a\":{\"b\":[1,\"x\"]}}', z: "
    "'SGVsbG8=', l: [a, b], h: www.example.co.uk, d: 3s}}},"
    " {add_host_metadata: ~}, {add_observer_metadata: ~}, {add_locale: ~}, {add_id: ~},"
    " {add_tags: {tags: [t]}}, {add_labels: {labels: {k: v}}},"
    " {dissect: {tokenizer: '%{a} - %{b|integer}', field: m}},"
    " {decode_json_fields: {fields: [j], target: '', max_depth: 2}},"
    " {decode_base64_field: {field: {from: z}}}, {urldecode: {fields: [{from: h, to: u}]}},"
    " {decode_duration: {field: d}}, {extract_field: {field: h, separator: ., index: 1, target: "
    "p}},"
    " {extract_array: {field: l, mappings: {l0: 0, l1: 1}}},"
    " {append: {target_field: l, fields: [u], values: [q]}},"
    " {convert: {fields: [{from: dissect.b, to: n, type: string}]}},"
    " {copy_fields: {fields: [{from: u, to: v}]}}, {rename: {fields: [{from: v, to: w}]}},"
    " {move_fields: {from: dissect, fields: [a], to: moved.}},"
    " {replace: {fields: [{field: w, pattern: ex, replacement: y}]}},"
    " {truncate_fields: {fields: [w], max_characters: 4}},"
    " {registered_domain: {field: h, target_field: rd}},"
    " {fingerprint: {fields: [h, n], method: sha512}}, {detect_mime_type: {field: m, target: mt}},"
    " {community_id: ~}, {rate_limit: {limit: 1000000/s, fields: [type]}},"
    " {add_formatted_index: {index: 'i-%{[type]}-%{+yyyy.ww}'}},"
    " {if: {contains: {tags: t}}, then: [{drop_fields: {fields: [l0, '/^l1$/']}}]}]";

static void once_warm_nothing_is_allocated(void **state)
{
    (void)state;
    static char text[65536];
    static const struct event_json_conf conf = { .beat = "b", .version = "v" };
    struct arena boot, scratch;
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct counters counters = { 0 };
    struct why why;
    struct node *root;
    struct processors *p;
    arena_init(&boot, NULL, 0);
    arena_init(&scratch, &pool, 0);
    struct loading l = { "processors", &boot, &why };
    schema_reset();
    if (yaml_read(&boot, slice_cstr(list), "t.yml", &root, &why) || processors_load(root, &l, &p))
        fail_msg("%s", why.text);
    schema_freeze();
    for (unsigned i = 0; i < 100; i++) {
        if (i == 50) {
            assert_true(calls > 0); /* the first events fill the pool: calls are seen */
            calls = 0;
        }
        struct event *e = event_make(&scratch, 8);
        struct buf out = buf_of(text, sizeof text);
        e->ts_ns = 1000;
        event_str(e, &ecs[ECS_TYPE], SLICE("http"));
        assert_true(processors_run(p, e, &counters));
        event_json(e, &conf, NULL, &out);
        assert_false(out.full || e->lost);
        arena_reset(&scratch);
    }
    assert_int_equal(calls, 0);
    assert_int_equal(counter_get(&counters, COUNTER_PROCESSOR_ERRORS), 0);
    processors_close(p);
    schema_reset();
    arena_free(&scratch);
    chunk_pool_free(&pool);
    arena_free(&boot);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(once_warm_nothing_is_allocated) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
