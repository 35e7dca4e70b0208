/* The store: messages are durable in the journal, seen in tables in memory soon after, and kept in
 * one DuckDB file an index. Two threads of its own: the tail reads the journal into tables, the
 * sealer moves full tables into files. */
#pragma once

#include "base/err.h"
#include "model/counter.h"
#include "store/view.h"

#define STORE_MESSAGE_MAX ((size_t)15 * 1024 * 1024) /* bytes of a message's text */

struct store;

struct store_conf {
    const char *data;             /* folder of state.sqlite, journal/ and indices/ */
    const char *const *libraries; /* as struct duck_conf has them */
    unsigned threads;             /* of queries; 0: one */
    uint64_t memory_bytes;        /* DuckDB's, two fifths for rows on their way; 0: 288 MiB */
    uint64_t journal_bytes;       /* store_put is refused beyond; 0: no bound */
    int64_t seal_ns;              /* messages are in a file after that time; 0: 10 minutes */
    unsigned seal_rows;           /* or when there are so many; 0: INDEXFILE_ROWS */
    uint64_t reserve_bytes;       /* free bytes of the disk below which nothing is taken */
    unsigned files;               /* of indices that stay open; 0: 512 */
    unsigned files_max;           /* that one question may open; 0: 4096, half of what may be */
    bool read_only;               /* for views alone: nothing on disk is changed */
    int64_t now_ms;               /* since 1970 UTC */
};

/* Opens or makes all of it, mends what a crash left and reads the journal again. What conf points
 * to is copied. ERR_MISSING, ERR_UNSUPPORTED: the library, see duck_open; ERR_LIMIT: another
 * process has it; ERR_END: others read it, which ends (store_turn.h).
 * read_only: beside others who only read; messages of the journal are read into memory.
 * ERR_MISSING: there is no store. ERR_END: more than STORE_READ_ROWS messages are in the journal
 * alone, which is too much for that. */
#define STORE_READ_ROWS 262144
MUST_CHECK err store_open(struct store **out, const struct store_conf *conf, struct why *w);

/* Ends the threads; unsealed messages stay in the journal. All views are closed by then. */
void store_close(struct store *s);

/* ---- the thread that opened it */

/* A message, as the JSON object that message_json makes. */
struct store_line {
    struct slice text;          /* at most STORE_MESSAGE_MAX */
    const struct slice *stream; /* ids; one that is unknown counts as the default stream */
    unsigned n_streams;         /* 0: it is kept nowhere */
    int64_t ts_ms;              /* its own time */
    int64_t now_ms;             /* the clock that rotation goes by */
};

/* Puts it once into the current index of each distinct index set of its streams. ERR_LIMIT: the
 * journal or the disk is full. After any failure nothing that was put since the last store_sync is
 * there: it is to be put again. */
MUST_CHECK err store_put(struct store *s, const struct store_line *line, struct why *w);

/* All that was put is durable, and seen by views within a second. Failure: as above. */
MUST_CHECK err store_sync(struct store *s, struct why *w);

/* Rotation, retention and changes of the state, at the clock now_ms; about every second, never
 * between store_put and store_sync. What goes wrong it says itself. */
void store_tick(struct store *s, int64_t now_ms);

/* ---- any thread */

/* What it has counted: as long as the store. */
const struct counters *store_counters(const struct store *s);

/* What waits on its way into files. */
struct store_status {
    uint64_t journal_bytes, journal_max; /* journal_max 0: no bound */
    uint64_t unsealed;                   /* messages that are durable and not in a file yet */
    bool fails;                          /* they cannot be shown or sealed at the moment */
};
void store_status_of(struct store *s, struct store_status *out);

/* What is there of messages from from_us to to_us (both included) of this index set (NULL: of all):
 * each durable message once, whatever is sealed, rotated or to be deleted meanwhile. To be closed
 * soon: what retention deletes waits for it. ERR_LIMIT: more files than may be open at once. */
MUST_CHECK err store_view_open(struct store *s, const struct view_range *range,
                               struct store_view **out, struct why *w);
void store_view_close(struct store *s, struct store_view *v);

/* Which messages a deletion is about: all that is said here must be so. */
struct store_filter {
    struct view_range range;
    const char *stream; /* id; NULL: of any stream, or none */
    struct slice query; /* Graylog's search syntax, as in a search (search.h); "*": all */
};

/* Deletes the messages that match out of their files, one transaction a file: what is gone does not
 * come back, also when the process ends at any moment, and a call that failed or was cut off can be
 * made again. Everything durable when it is called is looked at (it goes into files first, so it
 * takes seconds); what is put meanwhile may stay. Indices that are closed, damaged or made of lines
 * are passed. *n: messages of files that are gone, also after a failure; one that is in two index
 * sets counts twice. now_ms is what "now" in the query means.
 * Waits for views of ended indices: the caller holds none. A view of the write index may lose the
 * messages while it is held. Calls of several threads go one after the other.
 * ERR_FORMAT: the query, w says where ("query:1:4: ..."); an empty one too. ERR_LIMIT: an index was
 * read for a minute without a pause. ERR_IO: the disk; nothing of that file has changed. */
MUST_CHECK err store_delete(struct store *s, const struct store_filter *filter, int64_t now_ms,
                            uint64_t *n, struct why *w);

/* For tests, and before a copy is made; both wait. False: it fails for now. */
bool store_show(struct store *s);   /* everything durable now is seen by views */
bool store_settle(struct store *s); /* everything durable now is in files */
