/* Community ID v1: "1:" and base64 of SHA-1 over seed, ordered ends and protocol. */
#include "codec/community_id.h"

/* The one-shot EVP calls allocate; the low-level ones work on the stack. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/buf.h"

enum { ICMP = 1, ICMPV6 = 58 };

/* ICMP type to the type that answers it, plus one (0: none). Packetbeat's tables: 16 and 131 lack
 * their way back, so what is sent with them alone is hashed as one-way. */
/* clang-format off */
static const uint8_t icmp_peer[256] = {
    [8] = 0 + 1, [0] = 8 + 1, [13] = 14 + 1, [14] = 13 + 1, [15] = 16 + 1, [10] = 9 + 1,
    [9] = 10 + 1, [17] = 18 + 1, [18] = 17 + 1,
};
static const uint8_t icmpv6_peer[256] = {
    [128] = 129 + 1, [129] = 128 + 1, [133] = 134 + 1, [134] = 133 + 1, [135] = 136 + 1,
    [136] = 135 + 1, [130] = 131 + 1, [139] = 140 + 1, [140] = 139 + 1, [144] = 145 + 1,
    [145] = 144 + 1,
};
/* clang-format on */

struct end {
    const struct addr *addr;
    uint16_t port;
};

/* Turns type and code into "ports". False: one-way, the ends keep their order. */
static bool map_icmp(const uint8_t peer[256], struct end *src, struct end *dst)
{
    uint8_t found = src->port < 256 ? peer[src->port] : 0;
    if (found)
        dst->port = (uint16_t)(found - 1);
    return found != 0;
}

static bool is_greater(const struct end *a, const struct end *b)
{
    int order = memcmp(a->addr->b, b->addr->b, sizeof a->addr->b);
    return order > 0 || (order == 0 && a->port > b->port);
}

static uint8_t *put16(uint8_t *to, uint16_t v)
{
    to[0] = (uint8_t)(v >> 8);
    to[1] = (uint8_t)v;
    return to + 2;
}

static uint8_t *put_addr(uint8_t *to, const struct addr *a, bool v4)
{
    size_t n = v4 ? 4 : 16;
    memcpy(to, a->b + 16 - n, n);
    return to + n;
}

size_t community_id(char out[COMMUNITY_ID_MAX], uint16_t seed, const struct community_ends *ends)
{
    struct end a = { &ends->src, ends->sport }, b = { &ends->dst, ends->dport };
    bool two_way = true;
    if (ends->ip_proto == ICMP)
        two_way = map_icmp(icmp_peer, &a, &b);
    else if (ends->ip_proto == ICMPV6)
        two_way = map_icmp(icmpv6_peer, &a, &b);
    if (two_way && is_greater(&a, &b)) {
        struct end swap = a;
        a = b, b = swap;
    }

    uint8_t text[2 + 16 + 16 + 2 + 4], *at = text;
    at = put16(at, seed);
    at = put_addr(at, a.addr, addr_is_v4(a.addr));
    at = put_addr(at, b.addr, addr_is_v4(b.addr));
    *at++ = ends->ip_proto;
    *at++ = 0;
    at = put16(at, a.port);
    at = put16(at, b.port);

    uint8_t digest[SHA_DIGEST_LENGTH];
    SHA_CTX sha;
    SHA1_Init(&sha);
    SHA1_Update(&sha, text, (size_t)(at - text));
    SHA1_Final(digest, &sha);
    struct buf id = buf_of(out, COMMUNITY_ID_MAX);
    buf_lit(&id, "1:");
    buf_base64(&id, slice_of(digest, sizeof digest), true);
    return id.n;
}
