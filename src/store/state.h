/* What outlives the program: streams, index sets and their indices, in SQLite (WAL, every change is
 * on disk when a call returns). Other processes may read and change it meanwhile. A struct state
 * belongs to one thread. */
#pragma once

#include "base/arena.h"
#include "model/message_stream.h"
#include "store/index_set.h"

#define STATE_FILE             "state.sqlite"
#define STATE_STREAMS_MAX      1024
#define STATE_STREAM_RULES_MAX 256
#define STATE_DEFAULT_STREAM   "000000000000000000000001"

struct state;

/* Opens path, or makes it with the default index set and the default stream, made at now_ms (since
 * 1970 UTC; given so that tests have their own time). A damaged file is set aside as path.broken-N
 * with a line in the log. One of a newer version is refused. */
MUST_CHECK err state_open(const char *path, int64_t now_ms, struct state **out, struct why *w);
void state_close(struct state *st);

/* True once after anybody else has changed something (and at the first call). */
bool state_is_changed(struct state *st);

/* Adds what is not there by its title (then *made, and an empty id is filled); what is there stays
 * as it is, and *s is set to that. ERR_CONFIG: not usable, or the prefix clashes with another. */
MUST_CHECK err state_add_index_set(struct state *st, struct index_set *s, bool *made,
                                   struct why *w);
/* The same for a stream; index_set_id NULL: the default one. Only the id of *s is set (in a). */
MUST_CHECK err state_add_stream(struct state *st, struct stream_def *s, struct arena *a,
                                struct why *w);

/* Replaces the settings of the set with that id; title, prefix and creation stay. A period that has
 * changed begins at its grid point before the write index was made. */
MUST_CHECK err state_change_index_set(struct state *st, const struct index_set *s, struct why *w);

/* All of them, by creation; in a. */
struct index_sets {
    struct index_set *v;
    unsigned n;
};
struct stream_defs {
    struct stream_def *v;
    unsigned n;
};
struct index_rows {
    struct index_row *v; /* by number */
    unsigned n;
};
MUST_CHECK err state_index_sets(struct state *st, struct arena *a, struct index_sets *out,
                                struct why *w);
MUST_CHECK err state_streams(struct state *st, struct arena *a, struct stream_defs *out,
                             struct why *w);
MUST_CHECK err state_indices(struct state *st, const char *set_id, struct arena *a,
                             struct index_rows *out, struct why *w);

/* Writes rows that are new or changed, all or none. */
MUST_CHECK err state_put_indices(struct state *st, const struct index_row *v, unsigned n,
                                 struct why *w);
MUST_CHECK err state_drop_index(struct state *st, const struct index_row *i, struct why *w);
