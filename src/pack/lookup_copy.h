/* Answers of lookup tables copied into one block: to be kept, or to be given to a message. */
#pragma once

#include "pack/lookup.h"

/* Bytes that all values of *a point to; SIZE_MAX when one cannot be kept (a message, too deep, more
 * than LOOKUP_COPY_BYTES). Texts in `fixed`, memory that outlives the copy, are not counted. */
#define LOOKUP_COPY_BYTES ((size_t)256 << 10)
size_t lookup_copy_bytes(const struct lookup_answer *a, struct slice fixed);

/* Copies all of that to room, of so many bytes and aligned to 8, and lets *a point there. */
void lookup_copy(struct lookup_answer *a, void *room, struct slice fixed);
