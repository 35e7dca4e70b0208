/* Which worker a packet belongs to. */
#include "net/share.h"

#include <endian.h>

#include "net/plain.h"
#include "net/tunnel.h"

#define ETHERNET_BYTES 14
#define IPV4_BYTES     20
#define L4_BYTES       20 /* of TCP; UDP that is shorter is decoded */

/* Without pattern, so that a key of zeros spreads too. */
static const uint64_t odd[] = { 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93, 0xc2b2ae3d27d4eb4f };

/* Both halves of the product. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

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

/* Two ends of IPv4 in any order. Each frame of a file pays for it at every worker, and what a
 * sender could gain by guessing the key is that one worker has more to do: two multiplications do.
 */
static unsigned share_of_ipv4(uint64_t a, uint64_t b, const struct hash_key *key, unsigned n)
{
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    uint64_t h = fold(fold(low ^ key->k0 ^ odd[0], high ^ key->k1 ^ odd[1]), odd[2]);
    return (unsigned)((h >> 32) * n >> 32);
}

static inline uint64_t end_of_ipv4(const uint8_t *address, uint16_t port)
{
    uint32_t v;
    memcpy(&v, address, sizeof v);
    return (uint64_t)v << 16 | port;
}

unsigned share_of(const struct packet *p, const struct hash_key *key, unsigned n)
{
    if (p->ip_ver == 4) {
        bool ports = p->l4 == IPPROTO_N_TCP && p->has_ports;
        return share_of_ipv4(end_of_ipv4(p->src.b + 12, ports ? p->sport : 0),
                             end_of_ipv4(p->dst.b + 12, ports ? p->dport : 0), key, n);
    }
    struct end ends[2] = { end_of(p, true), end_of(p, false) };
    if (memcmp(&ends[0], &ends[1], sizeof ends[0]) > 0) {
        struct end first = ends[0];
        ends[0] = ends[1];
        ends[1] = first;
    }
    return (unsigned)(hash_bytes(key, ends, sizeof ends) % n);
}

static inline uint16_t load_be16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return be16toh(v);
}

/* The transport's header (20 bytes of it are there) says nothing that decoding could refuse. */
static inline bool is_sound(const uint8_t *l4, uint8_t proto, size_t length)
{
    if (proto == IPPROTO_N_TCP)
        return l4[12] >> 4 >= 5 && (size_t)(l4[12] >> 4) * 4 <= length;
    return length >= 8 && load_be16(l4 + 4) == length && !tunnel_has_port(load_be16(l4)) &&
           !tunnel_has_port(load_be16(l4 + 2));
}

/* At fixed places, for each frame of a file passes here at every worker. */
int share_of_frame(const struct packet *p, const struct hash_key *key, unsigned n)
{
    const uint8_t *ip = p->frame.p + ETHERNET_BYTES, *l4 = ip + IPV4_BYTES;
    if (p->link_type != LINK_ETHERNET || p->vlan_valid || p->wire_len < p->frame.n ||
        p->frame.n < ETHERNET_BYTES + IPV4_BYTES + L4_BYTES)
        return -1;
    size_t total = load_be16(ip + 2);
    uint8_t proto = plain_l4(p->frame.p);
    if (!proto || total < IPV4_BYTES || total + ETHERNET_BYTES > p->wire_len ||
        !is_sound(l4, proto, total - IPV4_BYTES))
        return -1;
    bool ports = proto == IPPROTO_N_TCP;
    return (int)share_of_ipv4(end_of_ipv4(ip + 12, ports ? load_be16(l4) : 0),
                              end_of_ipv4(ip + 16, ports ? load_be16(l4 + 2) : 0), key, n);
}
