/* A cache before a table whose answers cost something: as Graylog's guava_cache. Any thread. */
#pragma once

#include "pack/lookup.h"

#define LOOKUP_CACHE_MAX   1000000            /* answers, whatever pack.yml says */
#define LOOKUP_CACHE_BYTES ((size_t)64 << 20) /* of one table */

struct lookup_cache_conf {
    uint32_t max_size;           /* answers; then the one used longest ago goes */
    int64_t access_ms, write_ms; /* how long after the last use, after asking; 0: for ever */
    bool ignore_null;            /* keys that the table does not have are not kept */
};

/* Never reset. */
struct lookup_cache_count {
    uint64_t hits, misses;
    uint64_t evicted; /* to make room */
    uint64_t expired;
    uint64_t refused; /* answers that are too large */
};

struct lookup_cache;

/* Puts one before the table, whose answers must not change while it lives; it is closed with it.
 * What failed is not kept. A table that rules can change, or that has no adapter, stays as it is.
 */
void lookup_cache_put(struct lookup_table *t, const struct lookup_cache_conf *conf);

/* False: the table has none. */
bool lookup_cache_counts(const struct lookup_table *t, struct lookup_cache_count *out);
