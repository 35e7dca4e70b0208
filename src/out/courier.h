/* Brings encoded events to Lumberjack receivers: a thread with an event loop and its connections,
 * fed by one other thread through parcels. Every event is held until it is acknowledged (or given
 * up after max_retries). */
#pragma once

#include "out/link.h"

struct courier;

/* conf and what it points to stay the caller's. Starts the thread; connections are made when there
 * is something to send. */
MUST_CHECK err courier_new(const struct post_conf *conf, struct courier **out, struct why *w);

/* What follows is for the feeding thread. */

/* Takes a copy. Waits only when far more is given than courier_has_room allowed. */
void courier_add(struct courier *c, struct slice json);

/* What was added may go when somebody waits for it; else it grows on. */
void courier_flush(struct courier *c);

/* May some hundred events more be added? */
bool courier_has_room(struct courier *c);

/* Readable when there may be room again, when events can be sent at once (flush), or when all are
 * acknowledged; courier_has_room and courier_held reset it. */
int courier_wake_fd(const struct courier *c);

/* Events added and not acknowledged yet. */
size_t courier_held(struct courier *c);

/* Of them, from the first one on, those that are acknowledged or given up. */
uint64_t courier_done(const struct courier *c);
const struct counters *courier_counters(const struct courier *c);

/* Ends the thread now; what is held is counted as dropped. NULL is accepted. Gives the number. */
size_t courier_free(struct courier *c);
