/* Copies of answers. */
#include "pack/lookup_copy.h"

#define DEPTH_MAX 16 /* of lists and maps in a value */

static size_t rounded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static bool is_fixed(struct slice fixed, const void *p)
{
    return (uintptr_t)p - (uintptr_t)fixed.p < fixed.n;
}

static size_t text_bytes(const void *p, size_t n, struct slice fixed)
{
    return is_fixed(fixed, p) ? 0 : rounded(n);
}

/* Bytes that the value needs beside itself. */
static size_t value_bytes(const struct rule_value *v, struct slice fixed, unsigned depth)
{
    size_t sum = 0;
    if (v->kind == K_STRING)
        return text_bytes(v->p, v->n, fixed);
    if (v->kind == K_IP)
        return rounded(sizeof(struct addr));
    if (v->kind == K_PERIOD)
        return rounded(sizeof(struct rule_period));
    if (v->kind != K_LIST && v->kind != K_MAP)
        return v->kind == K_MESSAGE ? SIZE_MAX : 0;
    if (depth == DEPTH_MAX)
        return SIZE_MAX;
    for (uint32_t i = 0; i < v->n && sum < LOOKUP_COPY_BYTES; i++) {
        const struct rule_member *m = (const struct rule_member *)v->p + i;
        const struct rule_value *x = v->kind == K_MAP ? &m->v : (const struct rule_value *)v->p + i;
        size_t inner = value_bytes(x, fixed, depth + 1);
        if (inner == SIZE_MAX)
            return SIZE_MAX;
        sum += inner +
               (v->kind == K_MAP ? sizeof *m + text_bytes(m->key.p, m->key.n, fixed) : sizeof *x);
    }
    return sum;
}

size_t lookup_copy_bytes(const struct lookup_answer *a, struct slice fixed)
{
    const struct rule_value *v[] = { &a->single, &a->multi, &a->list };
    size_t sum = 0;
    for (size_t i = 0; i < COUNT(v); i++) {
        size_t n = value_bytes(v[i], fixed, 0);
        if (n > LOOKUP_COPY_BYTES)
            return SIZE_MAX;
        sum += n;
    }
    return sum;
}

/* Where the copy goes. */
struct copy {
    uint8_t *at;
    struct slice fixed;
};

static void *put_bytes(struct copy *c, const void *p, size_t n)
{
    void *to = c->at;
    if (n)
        memcpy(to, p, n);
    c->at += rounded(n);
    return to;
}

static const void *put_text(struct copy *c, const void *p, size_t n)
{
    return is_fixed(c->fixed, p) ? p : put_bytes(c, p, n);
}

static void put_value(struct copy *c, struct rule_value *v)
{
    size_t each = v->kind == K_MAP ? sizeof(struct rule_member) : sizeof(struct rule_value);
    if (v->kind == K_STRING)
        v->p = put_text(c, v->p, v->n);
    if (v->kind == K_IP)
        v->p = put_bytes(c, v->p, sizeof(struct addr));
    if (v->kind == K_PERIOD)
        v->p = put_bytes(c, v->p, sizeof(struct rule_period));
    if (v->kind != K_LIST && v->kind != K_MAP)
        return;
    uint8_t *items = put_bytes(c, v->p, v->n * each);
    v->p = items;
    for (uint32_t i = 0; i < v->n; i++) {
        struct rule_member *m = (struct rule_member *)(void *)items + i;
        if (v->kind == K_MAP)
            m->key.p = put_text(c, m->key.p, m->key.n);
        put_value(c, v->kind == K_MAP ? &m->v : (struct rule_value *)(void *)items + i);
    }
}

void lookup_copy(struct lookup_answer *a, void *room, struct slice fixed)
{
    struct copy c = { room, fixed };
    put_value(&c, &a->single);
    put_value(&c, &a->multi);
    put_value(&c, &a->list);
}
