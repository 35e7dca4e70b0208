/* A small store for queries: index files of generated or given messages, as a view. */
#pragma once

#include "lib/messages.h"
#include "store/columns.h"
#include "store/view.h"

#define DAYSTORE_TABLES 64

struct daystore {
    struct duck *duck; /* NULL: the library is not there (tools/fetch-duckdb) */
    struct duck_session *session;
    char folder[64];
    struct view_table table[DAYSTORE_TABLES];
    char name[DAYSTORE_TABLES][32], index[DAYSTORE_TABLES][64];
    struct store_view view;
    bool plain; /* what is added from now on has no numbers for texts */
    struct jsondoc doc;
    struct why why;
};

/* folder: kept when given, else a new one that daystore_close takes away. False: why says it. */
bool daystore_open(struct daystore *s, const char *folder, unsigned threads);
void daystore_close(struct daystore *s);

/* Messages from 0 to n - 1, each one made by make(ctx, i, out). */
struct daystore_rows {
    uint64_t n;
    bool (*make)(void *ctx, uint64_t i, struct buf *out);
    void *ctx;
};

/* Adds an index file of them, and a table for it. */
bool daystore_add(struct daystore *s, const char *file, const char *set_id,
                  const struct daystore_rows *rows);

/* The table of a file that is there. */
bool daystore_attach(struct daystore *s, const char *file, const char *set_id);

/* For struct daystore_rows; ctx is a struct messages. */
bool daystore_message(void *ctx, uint64_t i, struct buf *out);
