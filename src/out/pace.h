/* When to try again, and how much to send at a time (packetbeat-core.md 3.6, 3.10). No clock. */
#pragma once

#include "base/attr.h"

/* Waits that double, with equal jitter: each is between half of the present length and all of it.
 */
struct backoff {
    int64_t init_ns, max_ns, next_ns;
};

/* random: any 32 bits. Returns how long to wait. */
int64_t backoff_wait(struct backoff *b, uint32_t random);
void backoff_reset(struct backoff *b);

/* slow_start: windows of 10 events, half as many more after each success, half after a failure. */
struct slow_start {
    unsigned size, max; /* events; size 0: no slow start, always max */
};

void slow_start_begin(struct slow_start *s, unsigned max);
unsigned slow_start_size(const struct slow_start *s);
void slow_start_grow(struct slow_start *s);
void slow_start_shrink(struct slow_start *s);
