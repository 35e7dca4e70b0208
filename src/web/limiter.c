/* Waiting after failed logins. */
#include "web/limiter.h"

#define SECOND_NS INT64_C(1000000000)
#define WAIT_MAX  (900 * SECOND_NS)
#define FORGET_NS (3600 * SECOND_NS)

static struct addr network_of(const struct addr *ip)
{
    struct addr net = *ip;
    if (!addr_is_v4(ip))
        memset(net.b + 8, 0, 8);
    return net;
}

static int find(const struct limiter *l, const struct addr *ip)
{
    struct addr net = network_of(ip);
    for (int i = 0; i < LIMITER_SLOTS; i++)
        if (l->slot[i].last_ns && addr_eq(&l->slot[i].ip, &net))
            return i;
    return -1;
}

int64_t limiter_wait_ns(const struct limiter *l, const struct addr *ip, int64_t now_ns)
{
    int i = find(l, ip);
    if (i < 0 || l->slot[i].failures < LIMITER_FREE)
        return 0;
    unsigned doublings = l->slot[i].failures - LIMITER_FREE;
    int64_t wait = doublings < 10 ? SECOND_NS << doublings : WAIT_MAX;
    int64_t left = l->slot[i].last_ns + (wait < WAIT_MAX ? wait : WAIT_MAX) - now_ns;
    return left > 0 ? left : 0;
}

static int oldest(const struct limiter *l)
{
    int at = 0;
    for (int i = 1; i < LIMITER_SLOTS; i++)
        if (l->slot[i].last_ns < l->slot[at].last_ns)
            at = i;
    return at;
}

void limiter_failed(struct limiter *l, const struct addr *ip, int64_t now_ns)
{
    int i = find(l, ip);
    if (i < 0) {
        i = oldest(l);
        l->slot[i] = (struct limiter_slot){ .ip = network_of(ip) };
    }
    struct limiter_slot *s = &l->slot[i];
    if (s->last_ns && now_ns - s->last_ns > FORGET_NS)
        s->failures = 0;
    s->failures++;
    s->last_ns = now_ns;
}

void limiter_succeeded(struct limiter *l, const struct addr *ip)
{
    int i = find(l, ip);
    if (i >= 0)
        l->slot[i] = (struct limiter_slot){ 0 };
}
