/* What rules have put into a table in memory, beside what stands in pack.yml. Any thread. */
#pragma once

#include "pack/lookup_map.h"

#define LOOKUP_KEPT_MAX         1000000             /* entries, whatever pack.yml says */
#define LOOKUP_KEPT_BYTES       ((size_t)64 << 20)  /* of one table */
#define LOOKUP_KEPT_VALUE_BYTES ((size_t)256 << 10) /* of one entry */

/* What happened to entries; never reset. */
struct lookup_kept_count {
    uint64_t evicted; /* changed longest ago, to make room */
    uint64_t expired;
    uint64_t refused; /* changes: too large, or no room beside what stands in pack.yml */
};

extern const struct lookup_adapter lookup_kept_adapter;

struct lookup_kept;

/* A table that begins with what `written` has, which must live as long, and takes max_entries. Its
 * data is what the adapter wants; closed by it. */
struct lookup_kept *lookup_kept_new(const struct lookup_map *written, uint32_t max_entries);

struct lookup_kept_count lookup_kept_counts(struct lookup_kept *k);
