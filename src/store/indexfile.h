/* The file of an index: rows of messages (table ev), and the number of the last record of the
 * journal that is among them; both change in one transaction. One thread writes it. store.md 8. */
#pragma once

#include "store/columns.h"

#define INDEXFILE_SUFFIX ".duckdb"
#define INDEXFILE_WAL    ".wal" /* DuckDB's, beside the file */
/* A transaction of this many rows is a whole row group and goes straight into the file, past
 * DuckDB's log (store.md 9). A quarter of DuckDB's own: a third of the memory, a tenth more bytes.
 * A file of another size goes on with this one. */
#define INDEXFILE_ROWS 32768

/* What is in a file. */
struct indexfile_content {
    uint64_t sealed;        /* number of the last record; all before it are there */
    uint64_t rows;          /* messages */
    int64_t from_ms, to_ms; /* earliest and latest of them; both 0: none */
    bool coded;             /* it has columns for numbers of texts (codes.h) */
};

struct indexfile {
    const char *path;    /* below the folder of struct duck; no ' in it */
    const char *catalog; /* its name in SQL while it is attached */
};

/* What words of DuckDB about a file mean: ERR_FORMAT, ERR_LIMIT or ERR_IO, as below. */
err indexfile_failure(const struct why *w);

/* Attaches the file, makes it when it is not there, and gives it columns that it lacks.
 * ERR_FORMAT: it is damaged or no file of ours; ERR_LIMIT: the disk is full; ERR_IO: anything else.
 */
MUST_CHECK err indexfile_attach(struct duck_session *s, const struct indexfile *f,
                                struct indexfile_content *out, struct why *w);
/* The same for reading only; the file must be there. */
MUST_CHECK err indexfile_attach_read(struct duck_session *s, const struct indexfile *f,
                                     struct indexfile_content *out, struct why *w);
MUST_CHECK err indexfile_detach(struct duck_session *s, const char *catalog, struct why *w);

/* Adds the rows of the table in memory up to now->sealed; the file's content is then *now. One
 * transaction: all of it is durable, or nothing has changed. now->coded: the dictionary is
 * attached, and the rows get numbers. */
MUST_CHECK err indexfile_seal(struct duck_session *s, const char *catalog, const char *table,
                              const struct indexfile_content *now, struct why *w);

/* A condition on rows: SQL, and texts for its $1, $2, ... */
struct indexfile_where {
    struct slice sql;
    const struct slice *text;
    unsigned n;
};

/* Deletes the rows that match: *now, which is what the file has, becomes what is left. One
 * transaction, as above. */
MUST_CHECK err indexfile_delete(struct duck_session *s, const char *catalog,
                                const struct indexfile_where *where, struct indexfile_content *now,
                                struct why *w);

/* What is in DuckDB's log moves into the file. */
MUST_CHECK err indexfile_checkpoint(struct duck_session *s, const char *catalog, struct why *w);

/* ---- tables in memory with the same columns */

struct hot_table;

MUST_CHECK err hot_table_open(struct hot_table **out, struct duck_session *s, const char *name,
                              struct why *w);
MUST_CHECK err hot_table_add(struct hot_table *t, uint64_t seq, const struct message_row *row,
                             struct why *w);
MUST_CHECK err hot_table_flush(struct hot_table *t, struct why *w); /* its rows can be seen */
void hot_table_close(struct hot_table *t); /* rows that were not flushed are gone */
MUST_CHECK err hot_table_drop(struct duck_session *s, const char *name, struct why *w);
