/* A message, as JSON line and as the columns of a day file: each field is in its column when its
 * value is exactly of the column's type, else in `doc`. So joining gives every field back. Pure. */
#pragma once

#include "base/err.h"
#include "codec/jsondoc.h"
#include "store/duck.h"

enum column_id {
#define COLUMN(name, kind) COLUMN_##name,
#include "store/columns.def"
#undef COLUMN
    COLUMNS_N
};

enum column_kind { COLUMN_BOOL, COLUMN_INT, COLUMN_TEXT, COLUMN_TIME, COLUMN_LIST, COLUMN_MARK };

struct column {
    struct slice name;
    enum column_kind kind;
};
extern const struct column columns[COLUMNS_N]; /* sorted by name */

/* The column of that name, or -1; a mark's too. */
int columns_find(struct slice name);

struct message_row {
    struct duck_value v[COLUMNS_N]; /* DUCK_NULL: not there, or in doc; lists are DUCK_TEXT */
    struct slice doc;               /* {...} of the rest; empty: nothing */
};

/* Reads text[0..n) with d, under the conditions of jsondoc_read; the row borrows from text and mem,
 * to which it appends lists and doc. ERR_FORMAT: no JSON object; ERR_LIMIT: mem or d is too small.
 */
MUST_CHECK err columns_split(struct message_row *row, struct jsondoc *d, struct slice text,
                             struct buf *mem, struct why *w);

/* The same for text as message_json writes it, several times as fast; mem as above. The row borrows
 * from text and mem; text stays as it is. False: it is written in another way, as with repeated
 * names or \u escapes: columns_split reads it (mem may have been appended to). */
struct column_scanner; /* one thread each */
struct column_scanner *column_scanner_new(void);
void column_scanner_free(struct column_scanner *x);
bool columns_scan(struct column_scanner *x, struct slice text, struct message_row *row,
                  struct buf *mem);

/* Each member of a doc that is not null, as columns_split and columns_scan make them. False: it is
 * written in another way, as with \u escapes, and fn was not called. */
enum member_kind {
    MEMBER_TEXT,
    MEMBER_INT,
    MEMBER_DOUBLE,
    MEMBER_BOOL,
    MEMBER_LIST,
    MEMBER_OBJECT
};
typedef void columns_member_fn(void *ctx, struct slice name, enum member_kind kind);
bool columns_members(struct slice doc, columns_member_fn *fn, void *ctx);

/* Appends the message as one JSON object without a line end, columns first. False: out is full. */
MUST_CHECK bool columns_join(const struct message_row *row, struct buf *out);
