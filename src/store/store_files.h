/* Files of indices while no server runs: checking them, saving what can be read of damaged ones,
 * writing them anew, and giving them to others as Parquet. One thread. */
#pragma once

#include "store/indexfile.h"

struct store_files;

struct store_files_conf {
    const char *data;             /* folder of indices/ */
    const char *const *libraries; /* as struct duck_conf has them */
    uint64_t memory_bytes;
    const char *target; /* absolute; where Parquet files may go; NULL: nowhere */
};

/* ERR_LIMIT: a server has them, or they are too many. */
MUST_CHECK err store_files_open(struct store_files **out, const struct store_files_conf *conf,
                                struct why *w);
void store_files_close(struct store_files *f);

/* Names of their indices, sorted. */
unsigned store_files_count(const struct store_files *f);
const char *store_files_name(const struct store_files *f, unsigned i);

struct store_file_report {
    struct indexfile_content content; /* as the file says */
    uint64_t rows;                    /* that were read, or written */
    int64_t bytes, bytes_after;
};

/* Reads every value. ERR_FORMAT: damaged, w says what. */
MUST_CHECK err store_files_check(struct store_files *f, unsigned i, struct store_file_report *r,
                                 struct why *w);

/* Writes the file anew, whole row groups, with all that can be read (r->rows of r->content.rows);
 * the old one becomes NAME.duckdb.damaged when something cannot. ERR_FORMAT: nothing can, and it is
 * only set aside. */
MUST_CHECK err store_files_rewrite(struct store_files *f, unsigned i, struct store_file_report *r,
                                   struct why *w);

/* Writes NAME.parquet into the target folder. */
MUST_CHECK err store_files_parquet(struct store_files *f, unsigned i, struct store_file_report *r,
                                   struct why *w);
