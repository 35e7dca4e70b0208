/* Threads with names. */
#pragma once

#include <pthread.h>

#include "base/err.h"

struct thread {
    pthread_t id;
    void (*run)(void *ctx);
    void *ctx;
    char name[16];
    bool running;
};

/* Starts run(ctx). t must live until thread_join. The name is cut to 15 bytes and is what ps -L and
 * gdb show. Signals stay with the main thread: see os/signal.h. */
MUST_CHECK err thread_start(struct thread *t, const char *name, void (*run)(void *ctx), void *ctx);

/* Waits for its end; nothing when it was never started. */
void thread_join(struct thread *t);
