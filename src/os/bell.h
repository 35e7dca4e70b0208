/* An eventfd that one thread sleeps on until another has put something into its ring. The sleeper
 * says so before it looks at its ring a last time, so the other writes only when that is needed. */
#pragma once

#include <stdatomic.h>

#include "base/attr.h"

struct bell {
    int fd;
    atomic_bool asleep; /* shared: set by the sleeper, cleared by the ringer */
};

/* Aborts when the kernel has no descriptor left (boot). */
void bell_init(struct bell *b);
void bell_close(struct bell *b);

/* After something was put into the sleeper's ring. */
void bell_ring(struct bell *b);
void bell_ring_always(struct bell *b);

/* The sleeper, before its last look at the ring: resets the descriptor. */
void bell_sleep_soon(struct bell *b);
