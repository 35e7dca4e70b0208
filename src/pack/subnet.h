/* An address and how many of its bits count. */
#pragma once

#include "base/addr.h"
#include "base/arena.h"

struct subnet {
    struct addr net;
    unsigned bits; /* of 128 */
    bool v4;
};

/* "10.0.0.0/8", "2001:db8::/32", in a; NULL when it is none (the /n must be there). */
const struct subnet *subnet_make(struct arena *a, struct slice text);

/* True when the address lies in it; IPv4 never lies in an IPv6 net, nor the other way. */
bool subnet_has(const struct subnet *s, const struct addr *ip);
