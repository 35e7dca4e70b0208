/* Unpacks a gzip or zstd stream piece by piece. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

/* By the first four bytes of a file; fewer bytes are PACKING_NONE. */
enum packing unpack_packing(struct slice first);

struct unpack;

/* Exits without memory. packing is not PACKING_NONE. */
struct unpack *unpack_new(enum packing packing);
void unpack_free(struct unpack *z);

/* Unpacks from *in, which moves on, to out[0..*n); *n has the room before and the bytes after.
 * Several members or frames follow each other without a seam. ERR_FORMAT: damaged data; what came
 * before it is in out, w tells what. */
MUST_CHECK err unpack_run(struct unpack *z, struct slice *in, uint8_t *out, size_t *n,
                          struct why *w);

/* False between two members: the input may end here. */
bool unpack_is_inside(const struct unpack *z);
