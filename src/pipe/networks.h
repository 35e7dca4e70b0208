/* Networks as the configuration names them: CIDR, or a name such as private
 * (packetbeat-protocols.md 0.5). */
#pragma once

#include "base/addr.h"
#include "model/option.h"

struct network {
    bool (*has)(const struct addr *a); /* a named one; NULL: net/bits */
    struct addr net;
    unsigned bits;
};

struct networks {
    struct network *v;
    unsigned n;
};

/* Boot. Fails on a text that is neither a network nor a name. */
MUST_CHECK err networks_load(const struct texts *texts, const struct loading *l,
                             struct networks *out);

/* True when a lies in one of them. */
bool networks_has(const struct networks *n, const struct addr *a);

bool addr_is_loopback(const struct addr *a);
bool addr_is_link_local_unicast(const struct addr *a);
bool addr_is_link_local_multicast(const struct addr *a);
