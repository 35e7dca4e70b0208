/* Indices as folders of lines (until messages live in the store proper):
 * <data>/indices/<prefix>_<n> with messages.ndjson. A message is written once for each distinct
 * index set of its streams. What was synced survives a crash; half a line is cut at the next
 * opening. One thread. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#define INDICES_FOLDER "indices"
#define INDEX_FILE     "messages.ndjson"

struct index_writer;

/* Opens state and indices below `data` and mends what a crash left. ERR_LIMIT: another process
 * writes them. now_ms: for what is made. */
MUST_CHECK err index_writer_open(const char *data, int64_t now_ms, struct index_writer **out,
                                 struct why *w);

/* A message as a line without its end. */
struct index_line {
    struct slice text;
    const struct slice *stream; /* ids; one that is unknown counts as the default stream */
    unsigned n_streams;         /* 0: it is written nowhere */
    int64_t ts_ms;              /* its own time */
    int64_t now_ms;             /* the clock that rotation and retention go by */
};
MUST_CHECK err index_writer_put(struct index_writer *x, const struct index_line *line,
                                struct why *w);

/* Everything put since the last sync is on disk, or (as after a put that failed) none of it is
 * there and it is to be put again. */
MUST_CHECK err index_writer_sync(struct index_writer *x, struct why *w);

/* Rotation, retention and changes of the state, at the clock now_ms, also when no message comes.
 * Nothing while a group is under way. On failure the next call tries again. */
MUST_CHECK err index_writer_tick(struct index_writer *x, int64_t now_ms, struct why *w);
void index_writer_close(struct index_writer *x);
