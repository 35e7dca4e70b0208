/* Waiting requests: keys, order, deadlines, caps. The table of protocols is the test's own: its one
 * protocol notes what is given up. Requests are plain numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/proto.h"

static struct proto_env env;
static struct slab slab;
static struct counters counters;
static struct proto_conf conf;
static struct flow_more more, other_more;
static struct flow flow = { .more = &more }, other = { .more = &other_more };
static struct proto_ctx x, y;

/* Requests here carry their number; the table is asked what happened through these. */
static struct {
    int number[8];
    unsigned reason[8];
    bool had_loss[8];
    unsigned n;
} given_up;

static void note_orphan(struct proto_ctx *ctx, void *request, enum orphan_reason why)
{
    if (given_up.n < COUNT(given_up.number)) {
        given_up.number[given_up.n] = *(int *)request;
        given_up.had_loss[given_up.n] = ctx->had_loss;
        given_up.reason[given_up.n++] = why;
    }
}

static const struct proto noting = { .name = "noting", .orphan = note_orphan };
const struct proto *const protos[PROTO_COUNT] = { [PROTO_dns] = &noting };

static struct proto_ctx ctx_of(struct flow *f)
{
    return (struct proto_ctx){
        .proto = &noting, .id = PROTO_dns, .conf = &conf, .flow = f, .env = &env
    };
}

static int setup(void **state)
{
    (void)state;
    slab_init(&slab, 4 << 20);
    memset(&given_up, 0, sizeof given_up);
    memset(&counters, 0, sizeof counters);
    conf = (struct proto_conf){ .enabled = true, .transaction_timeout_ns = 100 };
    env = (struct proto_env){ .slab = &slab, .counters = &counters };
    env.conf[PROTO_dns] = &conf;
    env.pairs = pair_table_new(&env, &(struct hash_key){ 1, 2 }, 4);
    list_init(&more.pairs);
    list_init(&other_more.pairs);
    more.n_pairs = other_more.n_pairs = 0;
    x = ctx_of(&flow);
    y = ctx_of(&other);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pair_flow_end(env.pairs, &flow, ORPHAN_CAPTURE, 0);
    pair_flow_end(env.pairs, &other, ORPHAN_CAPTURE, 0);
    assert_int_equal(slab.used_bytes, 0);
    pair_table_free(env.pairs);
    slab_destroy(&slab);
    return 0;
}

static void add(struct proto_ctx *ctx, uint64_t key, int64_t ts_ns, int number)
{
    int *request = pair_add(ctx, key, ts_ns, sizeof *request);
    assert_non_null(request);
    assert_int_equal(*request, 0);
    *request = number;
}

static void key_belongs_to_its_flow(void **state)
{
    (void)state;
    add(&x, 7, 1, 1);
    add(&y, 7, 2, 2);
    assert_int_equal(*(int *)pair_find(&x, 7), 1);
    assert_int_equal(*(int *)pair_find(&y, 7), 2);
    assert_null(pair_find(&x, 8));
    pair_drop(&x, pair_find(&x, 7));
    assert_null(pair_find(&x, 7));
    assert_int_equal(pair_count(&x), 0);
    assert_int_equal(pair_count(&y), 1);
    assert_int_equal(given_up.n, 0);
}

/* Only who waited when the kernel dropped packets may have lost an answer to it. */
static void losses_are_told(void **state)
{
    (void)state;
    env.loss_ns = 5;
    add(&x, 1, 4, 1);
    add(&x, 2, 6, 2);
    pair_expire(env.pairs, 1000);
    assert_int_equal(given_up.n, 2);
    assert_true(given_up.had_loss[0]);
    assert_false(given_up.had_loss[1]);
}

static void oldest_comes_first(void **state)
{
    (void)state;
    add(&x, 7, 1, 1);
    add(&x, 7, 2, 2);
    add(&x, 6, 3, 3);
    assert_int_equal(*(int *)pair_find(&x, 7), 1);
    assert_int_equal(*(int *)pair_first(&x), 1);
    assert_int_equal(pair_ts_ns(pair_first(&x)), 1);
    pair_drop(&x, pair_first(&x));
    assert_int_equal(*(int *)pair_find(&x, 7), 2);
    assert_int_equal(*(int *)pair_first(&x), 2);
}

/* Few are searched by their list, many by hash: the oldest of a key is found either way, while
 * their number goes up and down across the border several times. */
static void many_are_found_like_few(void **state)
{
    (void)state;
    enum { MANY = 40, KEYS = 5 };
    pair_table_free(env.pairs);
    env.pairs = pair_table_new(&env, &(struct hash_key){ 1, 2 }, 2 * MANY);
    int next = 0, first = 0;
    static const int target[] = { MANY, 3, 12, 7, MANY, 0 };
    for (unsigned i = 0; i < COUNT(target); i++) {
        while (next - first < target[i]) {
            add(&x, (uint64_t)next % KEYS, next, next);
            add(&y, (uint64_t)next % KEYS, next, -1);
            next++;
        }
        for (; next - first > target[i]; first++)
            pair_drop(&x, pair_first(&x));
        pair_flow_end(env.pairs, &other, ORPHAN_CLOSED, 0);
        given_up.n = 0;
        for (int key = 0; key < KEYS && key < next - first; key++) {
            int *request = pair_find(&x, (uint64_t)(first + key) % KEYS);
            assert_non_null(request);
            assert_int_equal(*request, first + key);
        }
    }
    assert_null(pair_find(&x, 0));
}

static void deadlines_fire_in_order_also_out_of_order_added(void **state)
{
    (void)state;
    add(&x, 1, 50, 2);
    add(&y, 1, 10, 1); /* time went backwards between flows */
    add(&x, 2, 60, 3);
    assert_int_equal(pair_next_ns(env.pairs), 110);
    pair_expire(env.pairs, 109);
    assert_int_equal(given_up.n, 0);
    pair_expire(env.pairs, 150);
    assert_int_equal(given_up.n, 2);
    assert_int_equal(given_up.number[0], 1);
    assert_int_equal(given_up.number[1], 2);
    assert_int_equal(given_up.reason[0], ORPHAN_TIMEOUT);
    assert_int_equal(pair_next_ns(env.pairs), 160);
    assert_false(pair_flow_waits(&other));
    assert_true(pair_flow_waits(&flow));
}

static void full_table_gives_up_the_oldest(void **state)
{
    (void)state;
    for (int i = 1; i <= 5; i++)
        add(i % 2 ? &x : &y, (uint64_t)i, i, i);
    assert_int_equal(given_up.n, 1);
    assert_int_equal(given_up.number[0], 1);
    assert_int_equal(given_up.reason[0], ORPHAN_EVICTED);
    assert_int_equal(atomic_load(&counters.proto[PROTO_dns][PC_EVICTED]), 1);
}

static void end_of_a_flow_gives_up_its_own(void **state)
{
    (void)state;
    add(&x, 1, 1, 1);
    add(&y, 2, 2, 2);
    add(&x, 3, 3, 3);
    pair_flow_end(env.pairs, &flow, ORPHAN_CLOSED, 9);
    assert_int_equal(given_up.n, 2);
    assert_int_equal(given_up.number[0], 1);
    assert_int_equal(given_up.number[1], 3);
    assert_int_equal(given_up.reason[1], ORPHAN_CLOSED);
    assert_int_equal(pair_count(&y), 1);
    assert_int_equal(atomic_load(&counters.proto[PROTO_dns][PC_UNMATCHED_REQUEST]), 2);
}

static void replaced_request_is_given_up_by_the_parser(void **state)
{
    (void)state;
    add(&x, 1, 1, 1);
    pair_orphan(&x, pair_find(&x, 1), ORPHAN_REPLACED);
    assert_int_equal(given_up.n, 1);
    assert_int_equal(given_up.reason[0], ORPHAN_REPLACED);
    assert_null(pair_first(&x));
}

static void no_memory_is_counted(void **state)
{
    (void)state;
    assert_null(pair_add(&x, 1, 1, (size_t)5 << 20));
    assert_int_equal(atomic_load(&counters.proto[PROTO_dns][PC_NO_MEMORY]), 1);
    assert_int_equal(pair_count(&x), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(key_belongs_to_its_flow),
        T(oldest_comes_first),
        T(losses_are_told),
        T(many_are_found_like_few),
        T(deadlines_fire_in_order_also_out_of_order_added),
        T(full_table_gives_up_the_oldest),
        T(end_of_a_flow_gives_up_its_own),
        T(replaced_request_is_given_up_by_the_parser),
        T(no_memory_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
