/* An IP address: 16 bytes, IPv4 mapped into ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
#pragma once

#include "base/slice.h"

struct addr {
    uint8_t b[16];
};

static inline bool addr_is_v4(const struct addr *a)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    return memcmp(a->b, mapped, sizeof mapped) == 0;
}

/* 0.0.0.0 or ::, which stand for no address. */
static inline bool addr_is_none(const struct addr *a)
{
    uint64_t high, low;
    memcpy(&high, a->b, 8);
    memcpy(&low, a->b + 8, 8);
    return high == 0 &&
           (low == 0 || (addr_is_v4(a) && !(a->b[12] | a->b[13] | a->b[14] | a->b[15])));
}

static inline struct addr addr_v4(const uint8_t b[4])
{
    struct addr a = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, b[0], b[1], b[2], b[3] } };
    return a;
}

static inline struct addr addr_v6(const uint8_t b[16])
{
    struct addr a;
    memcpy(a.b, b, sizeof a.b);
    return a;
}

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Longest text of an address, and of a MAC address, without NUL. */
#define ADDR_TEXT_MAX 45
#define MAC_TEXT_MAX  17

/* Reads dotted IPv4 or RFC 4291 IPv6 text; the whole slice must be the address. */
bool addr_parse(struct slice text, struct addr *out);

/* True when a lies in the network net/bits (bits counts from the first of the 128 bits; an IPv4
 * prefix of /n is 96 + n). */
bool addr_in(const struct addr *a, const struct addr *net, unsigned bits);
