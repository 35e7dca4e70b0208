/* queue.disk: a queue of encoded events over the store's journal. The pipe's thread, but for
 * diskqueue_bytes. */
#pragma once

#include "app/queueconf.h"
#include "model/counter.h"
#include "pipe/queue.h"

struct diskqueue;

/* data: path.data. What lies there from before is said in a line; what is damaged is counted. */
MUST_CHECK err diskqueue_open(struct diskqueue **out, const struct queue_section *conf,
                              const char *data, struct counters *counters, struct why *w);
const struct queue *diskqueue_queue(const struct diskqueue *d);
void diskqueue_close(struct diskqueue *d); /* NULL is accepted */
