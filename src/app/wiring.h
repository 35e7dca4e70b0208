/* The rooms put together: captures → workers → pipe → output, until the captures end or a signal
 * comes. The calling thread is the pipe's; workers have theirs. */
#pragma once

#include "app/meta.h"
#include "app/monitoring.h"
#include "app/settings.h"
#include "app/tally.h"

struct wiring; /* one run */

struct job {
    const struct settings *settings;
    const struct identity *identity;
    struct capture *const *captures; /* as crew.h has them; stay the caller's */
    unsigned n_captures, workers;    /* workers 0: one */
    const struct output *output;     /* where events go; its conf beside it */
    const void *output_conf;
    struct capture_dump *dump; /* NULL: none */
    bool dry_run;
    const char *data;      /* path.data, where a queue on disk lies; NULL: events wait in memory */
    struct broker *broker; /* looks at other processes (host/broker.h); NULL: this one does */
    struct monitoring *monitoring; /* publishes, and logs what changed; NULL: neither */
    bool health; /* events of the sensor itself, when the captures are live (app/health.h) */
    /* Called on the pipe's thread about five times a second, with the sums. NULL: not wanted. */
    void (*progress)(void *ctx, const struct tally *t);
    /* SIGHUP: a newly read configuration to go on with, or NULL (the reason is logged by it); then
     * whether it was taken: what was in force before is free to go, else the new one is. */
    const struct settings *(*reload)(void *ctx);
    void (*reloaded)(void *ctx, bool taken);
    void *ctx;
};

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 for all threads to come: they are then read by
 * wiring_run. Before the first thread. */
void wiring_block_signals(void);

/* Runs to the end and gives the sums. ERR_OK also when a signal ended it; everything is drained
 * before. *interrupted tells whether one did. */
MUST_CHECK err wiring_run(const struct job *job, struct tally *sums, bool *interrupted,
                          struct why *w);
