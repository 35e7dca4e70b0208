/* What the files of the DuckDB layer share. */
#pragma once

#include "base/arena.h"
#include "store/duck.h"

/* Pointers to things of the library; it alone knows what is behind them. */
typedef void *duck_handle;
typedef int duck_state; /* 0: it worked */
/* Of SQL, for a chunk of rows: about it, its parameters, its answers. */
typedef void (*duck_function)(duck_handle info, duck_handle input, duck_handle output);

/* By value over the border, so their layout is part of the C API. */
struct duck_result {
    uint64_t deprecated_columns, deprecated_rows, deprecated_changed;
    void *deprecated_column, *deprecated_error, *internal;
};
struct duck_timestamp {
    int64_t us;
};

struct duck_api {
#define F(result, name, parameters) result(*name) parameters;
#include "store/duck_api.def"
#undef F
};

/* Of jemalloc, which is in the library of some platforms. */
typedef int duck_mallctl(const char *name, void *old, size_t *old_n, void *new, size_t new_n);

struct duck {
    struct duck_api api;
    duck_mallctl *mallctl; /* NULL: it has the system's malloc */
    duck_handle db;
};

struct duck_session {
    struct duck *duck;
    duck_handle handle;
};

/* Fails with the library's words; an interrupted statement is ERR_END. */
MUST_CHECK err duck_failed(struct why *w, const char *doing, const char *words);

/* The text of a cell of a VARCHAR vector: at most 12 bytes stand in it, a longer one elsewhere. */
#define DUCK_TEXT_CELL 16
struct slice duck_text_at(const uint8_t *cell);
/* UTF-8; a longer text is copied to mem, which has no bound. */
void duck_text_put(uint8_t *cell, struct slice v, struct arena *mem);

/* Registers the functions of duck_function.c. */
MUST_CHECK err duck_add_functions(struct duck *d, struct why *w);

/* Of a statement that runs; another state: it is done. */
enum duck_pending { DUCK_PENDING_NOT_READY = 1, DUCK_PENDING_ERROR = 2, DUCK_PENDING_NO_TASKS = 3 };

/* Types of the C API that are used. */
enum duck_type {
    DUCK_TYPE_BOOLEAN = 1,
    DUCK_TYPE_TINYINT = 2,
    DUCK_TYPE_SMALLINT = 3,
    DUCK_TYPE_INTEGER = 4,
    DUCK_TYPE_BIGINT = 5,
    DUCK_TYPE_UTINYINT = 6,
    DUCK_TYPE_USMALLINT = 7,
    DUCK_TYPE_UINTEGER = 8,
    DUCK_TYPE_UBIGINT = 9,
    DUCK_TYPE_FLOAT = 10,
    DUCK_TYPE_DOUBLE = 11,
    DUCK_TYPE_TIMESTAMP = 12,
    DUCK_TYPE_HUGEINT = 16,
    DUCK_TYPE_VARCHAR = 17,
    DUCK_TYPE_UHUGEINT = 32,
};
