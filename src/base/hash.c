/* SipHash-1-3: one round a word, three at the end (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012). */
#include "base/hash.h"

#include <endian.h>

#include "base/random.h"

uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n)
{
    struct sip s = sip_begin(key);
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
    return sip_end(&s);
}

struct hash_key hash_key_random(void)
{
    struct hash_key key;
    random_bytes(&key, sizeof key);
    return key;
}
