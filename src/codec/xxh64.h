/* XXH64 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): a fast hash that keeps no
 * secret. For tables that hostile traffic fills see base/hash.h. */
#pragma once

#include "base/slice.h"

uint64_t xxh64(struct slice s, uint64_t seed);
