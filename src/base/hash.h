/* Keyed hashing for tables that hostile traffic fills (SipHash-1-3; Aumasson and Bernstein 2012).
 */
#pragma once

#include "base/slice.h"

struct hash_key {
    uint64_t k0, k1;
};

/* 64 bits over p[0..n). The key decides; the same key gives the same value on every machine. */
uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n);

/* ---- for hash_bytes and hash_15 */

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t m)
{
    s->v3 ^= m;
    sip_round(s);
    s->v0 ^= m;
}

static inline struct sip sip_begin(const struct hash_key *key)
{
    return (struct sip){
        key->k0 ^ 0x736f6d6570736575u,
        key->k1 ^ 0x646f72616e646f6du,
        key->k0 ^ 0x6c7967656e657261u,
        key->k1 ^ 0x7465646279746573u,
    };
}

static inline uint64_t sip_end(struct sip *s)
{
    s->v2 ^= 0xff;
    sip_round(s);
    sip_round(s);
    sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* hash_bytes of 15 bytes that are in registers: those of a, then the lower seven of b, as a
 * little-endian machine stores them. */
static inline uint64_t hash_15(const struct hash_key *key, uint64_t a, uint64_t b)
{
    struct sip s = sip_begin(key);
    sip_word(&s, a);
    sip_word(&s, (b & 0x00ffffffffffffff) | (uint64_t)15 << 56);
    return sip_end(&s);
}

/* A random key from the kernel. For replays that must be equal to the byte nothing may depend on
 * the order that a hash gives: iterate lists, never tables. */
struct hash_key hash_key_random(void);
