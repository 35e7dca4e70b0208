/* Threads with names (pthreads(7)). */
#include "os/thread.h"

#include <stdio.h>

#include "base/bug.h"

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    pthread_setname_np(pthread_self(), t->name);
    t->run(t->ctx);
    return NULL;
}

err thread_start(struct thread *t, const char *name, void (*run)(void *ctx), void *ctx)
{
    *t = (struct thread){ .run = run, .ctx = ctx };
    snprintf(t->name, sizeof(t->name), "%.15s", name);
    if (pthread_create(&t->id, NULL, thread_main, t) != 0)
        return ERR_LIMIT;
    t->running = true;
    return ERR_OK;
}

void thread_join(struct thread *t)
{
    if (!t->running)
        return;
    BUG_ON(pthread_join(t->id, NULL) != 0);
    t->running = false;
}
