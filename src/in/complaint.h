/* Log lines about what clients do: one for each kind now and then, with a count of the others. */
#pragma once

#include "base/attr.h"

/* Zero it once. */
struct complaint {
    int64_t next_ns;
    uint64_t held_back;
};

/* Writes a warning unless this complaint was made within the last 10 s. now_ns: clock_mono_ns. */
void complain(struct complaint *c, int64_t now_ns, const char *fmt, ...) PRINTF(3);
