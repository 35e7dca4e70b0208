/* How the memory of a sensor (limits.memory) is divided before it starts: each part has its own
 * cap, and what is done at it (docs/limits.md), so that the sum holds whatever comes in. */
#pragma once

#include "app/settings.h"

struct budget {
    size_t rings;       /* of the kernel's, all interfaces, all workers */
    size_t pipe;        /* of the pipe: one event with what is added to it, and its line */
    size_t batches;     /* of each worker: events on their way to the pipe */
    size_t batch_bytes; /* of one batch; an event may take half of it */
    size_t tables;      /* of each worker: flows, streams, what waits for answers, states */
    size_t flows;       /* of each worker, in number */
    size_t defrag;      /* of each worker (and of the reader that shares files out) */
    size_t scratch;     /* of each worker: unpacking one message */
};

/* ERR_CONFIG when the workers with their buffers do not fit; w tells what would. */
MUST_CHECK err budget_make(struct budget *b, const struct settings *s, unsigned workers, bool live,
                           struct why *w);

/* The most workers, at most n, that fit; at least 1. */
unsigned budget_workers(const struct settings *s, unsigned n, bool live);

/* Those that capture live: as many as are configured, else one for each core, as far as they fit.
 */
unsigned budget_live_workers(const struct settings *s);
