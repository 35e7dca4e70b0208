/* Fuzz target: Lumberjack's frames. The first byte chooses in which pieces the rest arrives. Each
 * payload is read whole; what is wanted must be more than what is there; a fault ends all; no
 * memory may be left. What was written must be read back. */
#include <stdlib.h>
#include <string.h>

#include "codec/lumberjack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static volatile uint8_t sink;

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static void use(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        sink ^= s.p[i];
}

/* Items until more bytes are needed; false when it has ended. */
static bool drain(struct lumberjack *l, struct cursor *c)
{
    struct lumberjack_item item;
    for (;;) {
        size_t left = cur_left(c);
        bool inside = lumberjack_is_inside(l);
        switch (lumberjack_next(l, c, &item)) {
        case LUMBERJACK_MORE:
            require(item.need > cur_left(c));
            return true;
        case LUMBERJACK_BAD:
            require(item.fault != LUMBERJACK_NONE && !lumberjack_is_inside(l));
            return false;
        case LUMBERJACK_BUSY:
            require(cur_left(c) == left);
            return false;
        case LUMBERJACK_PAYLOAD:
            use(item.payload);
            require(inside || cur_left(c) < left);
            require(item.version == '1' || item.version == '2');
            break;
        case LUMBERJACK_ANNOUNCED:
            require(item.window <= l->limits->window);
        }
    }
}

/* The bytes as one event of a compressed window, and back. */
static void there_and_back(struct slice event, struct inflater *inflater)
{
    static struct deflater *deflater;
    static const struct lumberjack_limits limits = { 1, 1 << 20, 1 << 20, 1, 1, 1 << 22, 1032 };
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    size_t cap = 64 + deflate_bound(event.n + LUMBERJACK_HEAD_BYTES);
    uint8_t *plain = malloc(cap), *wire = malloc(cap);
    struct buf frames = buf_of(plain, cap), out = buf_of(wire, cap);
    struct lumberjack l;
    struct lumberjack_item item;
    if (!deflater)
        deflater = deflater_new(3);
    lumberjack_put_window(&out, 1);
    lumberjack_put_json(&frames, 1, event);
    require(lumberjack_put_compressed(&out, buf_slice(&frames), deflater));
    lumberjack_init(&l, &limits, inflater, &pool);
    struct cursor c = cur_of(buf_slice(&out));
    require(lumberjack_next(&l, &c, &item) == LUMBERJACK_ANNOUNCED && item.window == 1);
    require(lumberjack_next(&l, &c, &item) == LUMBERJACK_PAYLOAD && item.sequence == 1);
    require(slice_eq(item.payload, event));
    require(lumberjack_next(&l, &c, &item) == LUMBERJACK_MORE && cur_left(&c) == 0);
    lumberjack_free(&l);
    chunk_pool_free(&pool);
    free(plain);
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct inflater *inflater;
    struct lumberjack_limits limits = { .frame_bytes = 1 << 16,
                                        .item_bytes = 1 << 12,
                                        .inflated_bytes = 4 << 20 };
    struct chunk_pool pool = { .max_bytes = (size_t)32 << 20 };
    struct lumberjack l;
    if (n == 0)
        return 0;
    if (!inflater)
        inflater = inflater_new();
    size_t step = data[0] ? data[0] : n, passed = 0;
    lumberjack_limits_default(&limits);
    lumberjack_init(&l, &limits, inflater, &pool);
    for (size_t there = 0; there < n - 1;) {
        there = there + step < n - 1 ? there + step : n - 1;
        uint8_t *exact = malloc(there - passed);
        memcpy(exact, data + 1 + passed, there - passed);
        struct cursor c = cur_of(slice_of(exact, there - passed));
        bool open = drain(&l, &c);
        passed = there - cur_left(&c);
        free(exact);
        if (!open)
            break;
    }
    lumberjack_free(&l);
    there_and_back(slice_of(data + 1, n - 1), inflater);
    chunk_pool_free(&pool);
    require(pool.taken_bytes == 0);
    return 0;
}
