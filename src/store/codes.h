/* Numbers for the texts of some columns (codes.def): grouping numbers takes a fraction of the time
 * of grouping texts. One dictionary stands for all files of a folder, so that groups of many files
 * need no text until the answer. A file of a dictionary is only a help: without it, and for rows
 * without a number, queries group the texts. One thread writes it.
 *
 * A number is GENERATION << 20 | N. A dictionary that is full or damaged begins anew with a later
 * generation (seconds since 1970), so no number ever has two meanings; numbers of older ones are as
 * good as none. N = 0 stands for no text. */
#pragma once

#include "store/columns.h"

#define CODES_CATALOG "codes" /* the file, and its name in SQL */
#define CODES_BITS    20      /* texts of a column: a million */
#define CODES_SUFFIX  "_code" /* column source_reference_code of a file */

enum code_id {
#define CODE(name) CODE_##name,
#include "store/codes.def"
#undef CODE
    CODES_N
};

struct code {
    enum column_id column;
    const char *texts; /* the column's name, and that of the table code, text of the dictionary */
    const char *name;  /* of the column with numbers */
};
extern const struct code codes[CODES_N];

/* Of a column of columns.def, or -1. */
int codes_find(int column);

/* Attaches the dictionary in the folder, or makes one where there is none or a damaged one. now_s:
 * since 1970. */
MUST_CHECK err codes_attach(struct duck_session *s, const char *folder, int64_t now_s,
                            struct why *w);
/* For reading only: it must be there. */
MUST_CHECK err codes_attach_read(struct duck_session *s, const char *folder, struct why *w);

/* A file with numbers that the dictionary does not know any more shows that it has lost some, and
 * would give them again. *lost: the largest, 0 when there is none. */
MUST_CHECK err codes_look_for_lost(struct duck_session *s, const char *catalog, int64_t *lost,
                                   struct why *w);
/* Begins anew, behind `lost`. */
MUST_CHECK err codes_begin_anew(struct duck_session *s, int64_t now_s, int64_t lost, struct why *w);

/* Gives numbers to texts of the rows that stand behind FROM, until it is full; durable. */
MUST_CHECK err codes_learn(struct duck_session *s, const char *from, struct why *w);

/* Appends "SELECT …": those rows with their numbers; NULL where a text has none. */
void codes_put_rows(struct buf *sql, const char *from);
