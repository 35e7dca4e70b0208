/* Shared by store*.c only. Locks, in this order: `attach` (files come and go), `lock` (what the
 * threads share; never held over anything that waits). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "os/thread.h"
#include "store/indexfile.h"
#include "store/journal.h"
#include "store/state.h"
#include "store/store.h"

#define STORE_PATH       4096
#define STORE_CONSUMER   "store"
#define STORE_JOURNAL    "journal"
#define STORE_NAME       (INDEX_PREFIX_MAX + 24)
#define STORE_RETRY_NS   INT64_C(500000000) /* between two tries of what failed */
#define STORE_ATTACHED   512                /* files that stay open */
#define STORE_FILES_MAX  4096               /* that one question may open */
#define STORE_HOT_TABLES 3 /* times seal_rows: rows in memory, then the tail waits */
#define STORE_HOT_SHARE                                                                            \
    20 /* a table takes memory as the 20th part of seal_rows does, however few it has */

/* A table in memory. The tail fills it; when it is full, the sealer moves it into the file. */
struct store_hot {
    struct store_hot *next; /* the next newer one of the same index */
    char name[24];
    uint64_t first; /* number of its first record */
    struct indexfile_content
        seen;       /* of what views see; `sealed` is the number of the last record */
    uint64_t bytes; /* they take, about */
    bool full;      /* nothing more comes */
    bool sealed;    /* its rows are in the file too: it goes when no view has it */
    unsigned views;
};

/* Messages of an index that are durable, or put since the last sync. */
struct store_docs {
    int64_t docs, from_ms, to_ms;
};

enum store_place { PLACE_NONE, PLACE_WRITE, PLACE_READ }; /* how the file is attached */

struct store_index {
    char name[STORE_NAME]; /* <prefix>_<number> */
    char catalog[24];      /* of its file while that is attached */

    /* the pipe's thread */
    struct index_row row; /* docs, from_ms and to_ms: of what was put */
    struct store_docs durable;
    bool touched; /* in this group */

    /* under `lock` */
    struct indexfile_content file; /* committed */
    int64_t bytes;                 /* of the file */
    uint64_t erased;               /* messages that are gone from the file, not from `row` yet */
    uint64_t erase_seen;           /* number of the last deletion that has looked at it */
    bool unsaved;                  /* the state does not have the newest numbers */
    uint64_t last;       /* no record behind this one is of this index; 0: not known yet */
    bool ended;          /* everything is in the file, which is only read from now on */
    bool lines;          /* it was made by output.index: no file of ours */
    bool damaged;        /* its file cannot be opened; said once */
    bool going, closing; /* retention: the sealer deletes or detaches it */
    bool gone;           /* done */
    unsigned views;
    int64_t used_ns;
    enum store_place place;
    struct store_hot *hot; /* oldest first */
};

struct store_set {
    struct index_set set;
    struct store_index *now;    /* the write index; NULL: none yet. Changed under `lock` */
    struct store_index **index; /* all, by number; `now` among them. Changed under `lock` */
    unsigned n, cap;
    bool rotated; /* since the last retention */
    bool full_said;
};

struct store_link {
    char id[25];
    unsigned set;
};

/* An open table of the tail. */
struct tail_table {
    struct store_index *index;
    struct store_hot *hot;
    struct hot_table *table;
    struct indexfile_content rows; /* put into it */
    uint64_t bytes;                /* of those, about */
    int64_t born_ns;
};

struct store_tail {
    struct duck_session *session;
    struct journal_reader *reader;
    struct column_scanner *scanner;
    struct jsondoc doc; /* for what the scanner leaves */
    struct buf text, mem;
    struct tail_table *open; /* the one that was used last is first */
    unsigned n_open, cap_open;
    uint64_t at; /* number of the last record that was read */
};

struct store_seal {
    struct duck_session *session;
};

/* A deletion at work. */
struct store_erase {
    const struct view_range *range;
    struct indexfile_where where;
    uint64_t number; /* from 1 on */
    uint64_t rows;   /* that are gone */
    uint64_t steps;  /* files that were looked at */
    bool busy;       /* the sealer has it in its hands */
    bool done;
    err rc;
    struct why why;
};

struct store {
    char data[STORE_PATH], folder[STORE_PATH], journal_folder[STORE_PATH];
    char library[STORE_PATH];
    struct store_conf conf; /* without its texts */
    int lock_fd;
    struct state *state;
    struct journal *journal;
    struct duck *duck;

    /* the pipe's thread */
    struct store_link link[STATE_STREAMS_MAX];
    unsigned n_links;
    bool in_group, stale, tick_failed;
    bool read_only;
    bool down; /* DuckDB could not begin again; changed under `lock` and `attach` */
    int64_t now_ms, saved_ms;
    uint64_t passed;
    struct buf record;

    pthread_mutex_t attach;
    struct duck_session *view_session; /* under `attach` */

    pthread_mutex_t lock;
    pthread_cond_t tail_wake, seal_wake, changed;
    struct store_set *set[INDEX_SETS_MAX];
    unsigned n_sets, default_set;
    uint64_t tail_seq;   /* everything up to it is in tables or files */
    uint64_t hot_rows;   /* in tables that are not sealed */
    uint64_t hot_bytes;  /* of those */
    unsigned hot_tables; /* all that are in memory */
    unsigned next_name;
    unsigned attached;
    bool coded; /* the dictionary of texts is attached; set before there are threads */
    bool stopping;
    unsigned settling;         /* callers that wait for everything to be in files */
    struct store_erase *erase; /* NULL: none at work */
    uint64_t erases;           /* deletions so far */
    bool tail_fails, seal_fails;
    bool dead;      /* DuckDB does not go on: it begins again when no view is held */
    unsigned views; /* that are held */
    struct counters *counters;

    struct store_tail tail;
    struct store_seal seal;
    struct thread tail_thread, seal_thread;
};

/* ---- store_sets.c: the pipe's thread */

/* Sets and streams as the state has them. */
MUST_CHECK err store_sets_refresh(struct store *s, struct why *w);
struct store_set *store_sets_of_stream(struct store *s, struct slice id);
MUST_CHECK err store_sets_rotate_if_due(struct store *s, struct store_set *f, int64_t now_ms,
                                        struct why *w);
/* The set begins an index with the next number. */
MUST_CHECK err store_sets_begin_index(struct store *s, struct store_set *f, int64_t now_ms,
                                      int64_t anchor_ms, struct why *w);
void store_sets_retain(struct store *s, struct store_set *f);
/* Rows of the state become what is there; all: also those of write indices. */
MUST_CHECK err store_sets_save(struct store *s, bool all, struct why *w);
/* Indices that the sealer has done away with leave the state and the memory. */
void store_sets_sweep(struct store *s);

/* ---- store_index.c */

struct store_index *store_index_make(struct store *s, struct store_set *f,
                                     const struct index_row *row);
void store_index_free(struct store_index *i);
void store_index_insert(struct store *s, struct store_set *f,
                        struct store_index *i); /* by number */
struct store_index *store_index_find(const struct store_set *f, int64_t number);
/* The set and number of a name; NULL: no set has such names. */
struct store_set *store_set_of_name(struct store *s, struct slice name, int64_t *number);
bool store_index_file_path(const struct store *s, const struct store_index *i,
                           char out[STORE_PATH]);
bool store_index_lines_path(const struct store *s, const struct store_index *i,
                            char out[STORE_PATH]);
int64_t store_index_file_bytes(const struct store *s,
                               const struct store_index *i); /* with DuckDB's log; -1: no file */
/* Deletes what there is of it on disk; it is not attached. */
MUST_CHECK err store_index_unlink(const struct store *s, const struct store_index *i,
                                  struct why *w);
/* `n` more messages of one time. */
void docs_add(struct store_docs *d, int64_t n, int64_t ms);
void content_add(struct indexfile_content *c, uint64_t seq, int64_t ms);
/* The file has that. Messages that are gone by a deletion that was cut off behind its commit leave
 * the row too. Under lock. */
void store_index_found(struct store_index *i, const struct indexfile_content *found);
/* Both together; `sealed` is b's, `coded` a's. */
struct indexfile_content content_sum(struct indexfile_content a, struct indexfile_content b);

/* ---- store_view.c */

/* Names of the indices that may have messages of the range, to be freed by xfree. Any thread. */
char (*store_view_indices(struct store *s, const struct view_range *range,
                          unsigned *n))[STORE_NAME];

/* ---- store_recover.c */

/* Indices as state, files and journal have them; before there are threads. */
MUST_CHECK err store_recover(struct store *s, struct why *w);
/* Where records of a name go: NULL when its index is gone by retention. */
struct store_index *store_recover_target(struct store *s, struct slice name);

/* ---- threads */

MUST_CHECK err store_tail_open(struct store *s, struct why *w);
void store_tail_run(void *store);
void store_tail_close(struct store *s);

MUST_CHECK err store_seal_open(struct store *s, struct why *w);
void store_seal_run(void *store);
void store_seal_close(struct store *s);

/* Under `attach`: the file is not attached any more. ERR_LIMIT: it is being read. */
MUST_CHECK err store_seal_detach(struct store *s, struct store_index *i, struct why *w);

/* ---- store_delete.c: the sealer, but for the last one */

/* Has the deletion at work still to look at it, and may it now? Under lock. */
bool store_erase_is_due(const struct store *s, const struct store_index *i);
/* Looks at it; the caller of store_delete hears of failures. */
void store_erase_run(struct store *s, struct store_index *i);
/* Ends the deletion when all is looked at. Under lock. */
void store_erase_end(struct store *s);
/* The pipe's thread: rows of indices lose what is gone. True: some did. */
bool store_erase_count(struct store *s);

/* ---- store_engine.c: the pipe's thread */

/* Files, tables, threads; all of it is given back by store_engine_end, also after a failure. */
MUST_CHECK err store_engine_begin(struct store *s, struct why *w);
void store_engine_stop(struct store *s); /* the threads alone */
void store_engine_end(struct store *s);
bool store_engine_is_dead(const struct why *w);
/* Begins again when it is dead and nobody reads. */
MUST_CHECK err store_engine_mend(struct store *s, struct why *w);

/* ---- small things */

void store_lock(struct store *s);
void store_unlock(struct store *s);
/* Waits for a signal of `c`, at most ns. Under lock. */
void store_wait(struct store *s, pthread_cond_t *c, int64_t ns);
/* Bytes of rows in memory at which the tail waits for the sealer. A table that goes into its file
 * stands in memory twice for that moment. */
static inline uint64_t store_hot_max(const struct store *s)
{
    return s->conf.memory_bytes / 5 * 2;
}
/* Rows that so many tables count for. */
static inline uint64_t store_tables_weight(const struct store *s, unsigned tables)
{
    return (uint64_t)tables * s->conf.seal_rows / STORE_HOT_SHARE;
}
/* Up to this number all records are in files. Under lock. */
uint64_t store_passed(const struct store *s);
/* Free bytes of the disk; UINT64_MAX where it cannot be told. */
uint64_t store_free_bytes(const struct store *s);
/* Any thread, under lock. */
void store_counted(struct store *s, enum counter_id id, uint64_t n);
