/* SipHash-1-3: one round a word, three at the end (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012). */
#include "base/hash.h"

#include <endian.h>
#include <sys/random.h>

#include "base/bug.h"

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

uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n)
{
    struct sip s = {
        key->k0 ^ 0x736f6d6570736575u,
        key->k1 ^ 0x646f72616e646f6du,
        key->k0 ^ 0x6c7967656e657261u,
        key->k1 ^ 0x7465646279746573u,
    };
    const uint8_t *at = p;
    size_t left = n;
    for (; left >= 8; at += 8, left -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        sip_word(&s, le64toh(word));
    }
    uint64_t last = 0;
    if (left)
        memcpy(&last, at, left);
    sip_word(&s, le64toh(last) | (uint64_t)n << 56);
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

struct hash_key hash_key_random(void)
{
    struct hash_key key;
    /* Up to 256 bytes come whole and cannot be interrupted once the kernel is seeded. */
    xneed(getrandom(&key, sizeof key, 0) == (ssize_t)sizeof key, "random numbers");
    return key;
}
