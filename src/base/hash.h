/* Keyed hashing for tables that hostile traffic fills (SipHash-1-3; Aumasson and Bernstein 2012).
 */
#pragma once

#include "base/slice.h"

struct hash_key {
    uint64_t k0, k1;
};

/* 64 bits over p[0..n). The key decides; the same key gives the same value on every machine. */
uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n);

/* A random key from the kernel. For replays that must be equal to the byte nothing may depend on
 * the order that a hash gives: iterate lists, never tables. */
struct hash_key hash_key_random(void);
