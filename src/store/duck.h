/* DuckDB, loaded while the program runs (store.md 7): one database in memory, to which day files
 * are attached. Who has no library has no store; everything else works. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#define DUCK_VERSION    "v1.5" /* what library versions begin with that are known to work */
#define DUCK_CHUNK_ROWS 2048   /* rows of a chunk at most */

struct duck; /* the library and its database. Any thread. */

struct duck_conf {
    const char *const *libraries; /* paths that are tried in turn; NULL ends */
    unsigned threads;             /* of queries */
    uint64_t memory_bytes;        /* DuckDB's own limit: it is soft, up to half more is used */
    const char *folder;           /* absolute; the only place that SQL may read and write */
    const char *also;             /* but for this one; NULL: no other */
};

/* ERR_MISSING: no library, ERR_UNSUPPORTED: another version; w says where and how to get it. The
 * library stays loaded until the process ends. */
MUST_CHECK err duck_open(struct duck **out, const struct duck_conf *conf, struct why *w);
void duck_close(struct duck *d);

/* Is the library there, and of a version that is known to work? Fails as duck_open does. */
MUST_CHECK err duck_check(const char *const *libraries, struct why *w);
const char *duck_version(const struct duck *d);

/* Gives memory that is free back to the system, which the library itself does only later, while it
 * works. Any thread. */
void duck_trim(struct duck *d);

/* A connection: one thread at a time, but for duck_interrupt. */
struct duck_session;
MUST_CHECK err duck_session_open(struct duck_session **out, struct duck *d, struct why *w);
void duck_session_close(struct duck_session *s);

/* Ends the statement that runs (it fails with ERR_END). Any thread. */
void duck_interrupt(struct duck_session *s);

/* A statement without an answer; sql is NUL-terminated and never made of what users typed. */
MUST_CHECK err duck_run(struct duck_session *s, const char *sql, struct why *w);

/* ---- asking. Texts of users come in by duck_bind_* only. */

struct duck_query;
MUST_CHECK err duck_prepare(struct duck_query **out, struct duck_session *s, struct slice sql,
                            struct why *w);
void duck_query_free(struct duck_query *q);

/* The next parameter, $1 first. A mistake is told by duck_answer. */
void duck_bind_text(struct duck_query *q, struct slice v);
void duck_bind_int(struct duck_query *q, int64_t v);
void duck_bind_double(struct duck_query *q, double v);
void duck_bind_time(struct duck_query *q, int64_t us); /* since 1970 UTC */

/* Runs it; then duck_next gives row after row. */
MUST_CHECK err duck_answer(struct duck_query *q, struct why *w);

/* The next row; false at the end, or when rc is set. */
MUST_CHECK bool duck_next(struct duck_query *q, err *rc, struct why *w);

enum duck_kind { DUCK_NULL, DUCK_BOOL, DUCK_INT, DUCK_DOUBLE, DUCK_TEXT, DUCK_TIME, DUCK_OTHER };

/* A value of the present row. Text is borrowed until the next call of duck_next. */
struct duck_value {
    enum duck_kind kind;
    int64_t i; /* bool, int; time: microseconds since 1970 UTC */
    double d;
    struct slice text;
};
unsigned duck_columns(const struct duck_query *q);
const char *duck_column_name(struct duck_query *q, unsigned column);
struct duck_value duck_value(const struct duck_query *q, unsigned column);

/* ---- filling a table, chunk by chunk, inside a transaction of the session */

struct duck_table;

/* Columns are all of the table, in order: BOOL, INT (BIGINT), DOUBLE, TEXT or TIME each. */
struct duck_place {
    const char *catalog; /* name of an attached file; NULL: the database in memory */
    const char *table;
    const enum duck_kind *kinds; /* not copied */
    unsigned n;
};
MUST_CHECK err duck_table_open(struct duck_table **out, struct duck_session *s,
                               const struct duck_place *place, struct why *w);

/* Values of the row at hand, copied; a column that is not put is NULL. Texts are UTF-8. */
void duck_put_text(struct duck_table *t, unsigned column, struct slice v);
void duck_put_int(struct duck_table *t, unsigned column, int64_t v); /* bool, int, time */
void duck_put_double(struct duck_table *t, unsigned column, double v);

/* The row is whole; hands the chunk over when it is full. */
MUST_CHECK err duck_end_row(struct duck_table *t, struct why *w);

/* Hands over what there is; the rows are in the table, and durable with the COMMIT. */
MUST_CHECK err duck_table_flush(struct duck_table *t, struct why *w);
void duck_table_close(struct duck_table *t); /* rows that were not flushed are gone */
