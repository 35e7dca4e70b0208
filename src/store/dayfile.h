/* One file a UTC day with the messages of that day: rows and the number of the last record of the
 * journal that is among them change in one transaction. One writer thread. store.md 8. */
#pragma once

#include "store/columns.h"

#define DAYFILE_ROWS 122880 /* of a transaction: a whole row group (store.md 9) */

struct dayfile;

/* Attaches the file (made when not there) in d's folder. path without '. ERR_IO: it cannot be
 * opened or is no day file; w says why. */
MUST_CHECK err dayfile_open(struct dayfile **out, struct duck *d, const char *path, struct why *w);
void dayfile_close(struct dayfile *f); /* rows that were not committed are gone */

/* Everything up to this number of the journal has been committed; 0: nothing. */
uint64_t dayfile_sealed(const struct dayfile *f);

/* Adds a row; durable with dayfile_commit. After a failure only dayfile_close may follow. */
MUST_CHECK err dayfile_add(struct dayfile *f, uint64_t seq, const struct message_row *row,
                           struct why *w);
MUST_CHECK err dayfile_commit(struct dayfile *f, uint64_t sealed, struct why *w);
