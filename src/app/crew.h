/* The workers of a run with their threads. Of capture files each reads its part for itself, or a
 * reader shares them out where they can be read only once.
 * To the pipe they are one source of batches. */
#pragma once

#include "app/tally.h"
#include "in/worker.h"

#define CREW_MAX 64 /* workers */

struct pollfd;
struct crew;

struct crew_conf {
    struct worker_conf worker; /* of each; shares is set here */
    /* n_captures for each worker in turn, NULL where it has none of that interface. One that is not
     * live, alone, is shared out to all. They stay the caller's. */
    struct capture *const *captures;
    unsigned n_captures, n;
};

/* What the pointers of conf->worker name must outlive it. Exits without memory (boot). */
struct crew *crew_new(const struct crew_conf *conf);

/* Starts the threads. After a failure crew_stop and crew_join are still due. */
MUST_CHECK err crew_start(struct crew *c, struct why *w);

/* Any thread: ask all to end soon. */
void crew_stop(struct crew *c);

/* As the functions of worker.h with these names; the workers take turns. */
struct batch *crew_take(struct crew *c);
void crew_give_back(struct crew *c, struct batch *b);
bool crew_is_drained(const struct crew *c);

/* Descriptors that become readable when there is something to take, at most CREW_MAX. */
unsigned crew_fds(const struct crew *c, struct pollfd *out);

/* Waits for the threads; the first failure of one. */
MUST_CHECK err crew_join(struct crew *c, struct why *w);

/* Any thread, while the crew is there. */
unsigned crew_size(const struct crew *c);
const struct worker *crew_worker(const struct crew *c, unsigned i);
/* Packets taken from an interface by all workers, and the kernel's drops before them. */
void crew_interface(const struct crew *c, unsigned i, uint64_t *packets, uint64_t *drops);
void crew_tally(const struct crew *c, struct tally *t); /* adds the counters of all */

void crew_free(struct crew *c);
