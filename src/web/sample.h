/* The capture that ships with the program and is loaded on the first run: its messages are tagged,
 * and can be taken out again. */
#pragma once

#include "store/store.h"

#define SAMPLE_TAG     "wirelume-sample" /* in tags of its events */
#define SAMPLE_LOADED  "sample.loaded"   /* a file below the data folder: it is not loaded again */
#define SAMPLE_REMOVED "sample.removed"  /* the same: its messages are gone */

/* Is it among the messages of this data folder? Any thread. */
bool sample_is_there(const char *folder);

/* Takes its messages out; *n: how many. Fails as store_delete does. */
MUST_CHECK err sample_remove(struct store *s, const char *folder, uint64_t *n, struct why *w);
