/* Who has the folder of a store: one process that writes, or any number of commands that only read.
 * A server does not give up because of readers: it waits, and while it waits no more of them come.
 * Locks of files, which end with their process. */
#pragma once

#include "base/err.h"

/* folder: that of the indices. *fd is given back by file_unlock. To read, nothing is made there.
 * ERR_LIMIT: somebody writes, or waits to; ERR_END: it is to be written, and others only read. */
MUST_CHECK err store_turn_take(const char *folder, bool read_only, int *fd, struct why *w);

/* From now on no reader begins, until file_unlock of what is returned (-1: that cannot be). */
int store_turn_wait(const char *data);

/* Does anybody have the store in the folder `data`? */
bool store_turn_is_taken(const char *data);
