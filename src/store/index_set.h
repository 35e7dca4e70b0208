/* Index sets and their indices: what they are, when an index rotates, which ones go (graylog.md
 * 3.3). Pure: the time is given. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#define INDEX_SETS_MAX     128
#define INDEX_PREFIX_MAX   250
#define INDICES_OF_SET_MAX 4096

enum rotation_strategy { ROTATE_TIME, ROTATE_COUNT, ROTATE_SIZE };
enum retention_strategy { RETAIN_DELETE, RETAIN_CLOSE, RETAIN_NONE };
extern const char *const rotation_names[];  /* time count size, NULL */
extern const char *const retention_names[]; /* delete close none, NULL */

struct index_set {
    char id[25]; /* 24 hex digits */
    char title[256], description[512], prefix[INDEX_PREFIX_MAX + 1];
    int64_t created_ms;
    int64_t shards, replicas; /* kept for those who ask; files have none */
    bool writable, is_default;

    int rotation; /* enum rotation_strategy */
    char period[32];
    bool rotate_empty;
    int64_t max_docs, max_bytes; /* of an index */

    int retention;                                 /* enum retention_strategy */
    int64_t keep_indices, keep_age_ms, keep_bytes; /* 0: no bound */
};

enum index_state { INDEX_WRITE, INDEX_OPEN, INDEX_CLOSED, INDEX_GOING };
extern const char *const index_state_names[];

struct index_row {
    char set_id[25];
    int64_t number; /* <prefix>_<number> */
    int state;      /* enum index_state */
    int64_t created_ms, anchor_ms;
    int64_t from_ms, to_ms; /* earliest and latest message; both 0: none */
    int64_t docs, bytes;
    int64_t torn_bytes; /* half lines that were cut off after a crash */
};

/* What Graylog makes of a set without settings: P1D, delete, 20 indices, one shard. */
void index_set_preset(struct index_set *s);

/* Everything about a set that can be checked without others. */
MUST_CHECK err index_set_check(const struct index_set *s, struct why *w);

/* Two prefixes of which one begins the other's index names cannot be told apart. */
bool index_prefixes_clash(const char *a, const char *b);

/* Where the grid of an index of this set begins that is made at now_ms. */
int64_t rotation_anchor(const struct index_set *s, int64_t now_ms);

/* Should `current`, the write index, make way for a new one? has_messages: any open index of the
 * set has. *anchor_ms is then the new index's. */
bool rotation_is_due(const struct index_set *s, const struct index_row *current, bool has_messages,
                     int64_t now_ms, int64_t *anchor_ms);

/* How many of v (indices of the set, oldest first, whatever their state) are to go:
 * the oldest that are open, never the write index. 0 with RETAIN_NONE. */
unsigned retention_excess(const struct index_set *s, const struct index_row *v, unsigned n,
                          int64_t now_ms);
