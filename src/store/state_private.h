/* Shared by state*.c only. */
#pragma once

#include <sqlite3.h>

#include "store/state.h"

struct state {
    sqlite3 *db;
    char *path;
    int64_t data_version;
};

/* ERR_IO with what SQLite says. */
err state_failed(const struct state *st, struct why *w);
MUST_CHECK err state_exec(struct state *st, const char *sql, struct why *w);

/* The end of a transaction: sql when e is ERR_OK and that works, else ROLLBACK. */
MUST_CHECK err state_finish(struct state *st, const char *sql, err e, struct why *w);

/* 24 hex digits that nobody else has. */
void state_new_id(char out[25]);
