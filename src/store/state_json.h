/* Streams and index sets as JSON: what the commands and the web API show. Pure. */
#pragma once

#include "base/buf.h"
#include "store/state.h"

#define STATE_TIME_BYTES 32

/* "2026-11-24 12:00:00" (UTC) or, for 0, "-"; in out. */
const char *state_time_text(int64_t ms, char out[STATE_TIME_BYTES]);

/* "key":value with a comma before it unless it is the first in its braces. */
void state_json_text(struct buf *b, const char *key, const char *value);
void state_json_int(struct buf *b, const char *key, int64_t value);
void state_json_bool(struct buf *b, const char *key, bool value);
void state_json_key(struct buf *b, const char *key);

/* A stream as one object. sets: where the title of its index set is. */
void state_json_stream(struct buf *b, const struct stream_def *s, const struct index_sets *sets);

/* An index set as one object with its sums; with_indices: each of them, else their number. */
void state_json_set(struct buf *b, const struct index_set *s, const struct index_rows *rows,
                    bool with_indices);

/* What the indices of a set hold together. */
struct index_totals {
    int64_t indices, docs, bytes;
};
struct index_totals index_totals_of(const struct index_rows *rows);
