/* Which worker a packet belongs to. */
#include "net/share.h"

struct end {
    struct addr addr;
    uint64_t port;
};

static struct end end_of(const struct packet *p, bool is_source)
{
    struct end e = { .addr = is_source ? p->src : p->dst };
    if (!p->ip_ver) {
        e.addr = (struct addr){ .b = { 0 } };
        memcpy(e.addr.b, p->mac[!is_source], sizeof p->mac[0]);
    }
    if (p->l4 == IPPROTO_N_TCP && p->has_ports)
        e.port = is_source ? p->sport : p->dport;
    return e;
}

unsigned share_of(const struct packet *p, const struct hash_key *key, unsigned n)
{
    struct end ends[2] = { end_of(p, true), end_of(p, false) };
    if (memcmp(&ends[0], &ends[1], sizeof ends[0]) > 0) {
        struct end first = ends[0];
        ends[0] = ends[1];
        ends[1] = first;
    }
    return (unsigned)(hash_bytes(key, ends, sizeof ends) % n);
}
