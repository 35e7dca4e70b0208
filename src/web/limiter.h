/* How often an address may try to log in: after a few failures it waits, twice as long each time.
 * IPv6 addresses count by their /64. Bounded: the address that failed longest ago makes room. One
 * thread. */
#pragma once

#include "base/addr.h"

#define LIMITER_SLOTS 1024
#define LIMITER_FREE  5 /* failures without waiting */

struct limiter_slot {
    struct addr ip;
    int64_t last_ns; /* of the last failure; 0: the slot is free */
    unsigned failures;
};

struct limiter {
    struct limiter_slot slot[LIMITER_SLOTS];
};

/* ns that this address has to wait; 0: it may try. */
int64_t limiter_wait_ns(const struct limiter *l, const struct addr *ip, int64_t now_ns);
void limiter_failed(struct limiter *l, const struct addr *ip, int64_t now_ns);
void limiter_succeeded(struct limiter *l, const struct addr *ip);
