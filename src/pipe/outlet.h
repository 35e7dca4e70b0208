/* The open output of a pipe and what stands before it: a queue on disk, or the wait for a few more
 * events. The pipe's thread. */
#pragma once

#include "model/counter.h"
#include "pipe/pipe.h"
#include "pipe/queue.h"

struct outlet;

/* conf outlives it; queue is copied. */
MUST_CHECK err outlet_open(struct outlet **out, const struct output *output, const void *conf,
                           const struct queue_conf *queue, struct why *w);
/* What memory holds is lost, and said. NULL is accepted. */
void outlet_close(struct outlet *o);

/* One encoded event; the line is copied or written. ERR_END as struct output. */
MUST_CHECK err outlet_write(struct outlet *o, const struct event *e, struct slice line,
                            struct counters *c, struct why *w);

/* After a batch. Failures are logged when they begin and end; only ERR_END is given. */
MUST_CHECK err outlet_flush(struct outlet *o, struct counters *c, struct why *w);

/* When nothing else is to be done: what waits goes on its way. As outlet_flush. */
MUST_CHECK err outlet_idle(struct outlet *o, struct counters *c, struct why *w);

/* outlet_idle would do more at once. */
bool outlet_is_busy(struct outlet *o);

/* No more events come: nothing waits for others. stays: what lies on disk is not read any more. */
void outlet_end(struct outlet *o, bool stays);

bool outlet_has_room(struct outlet *o); /* for a batch, without waiting */
int outlet_wake_fd(struct outlet *o);   /* of the output; -1 */
size_t outlet_held(struct outlet *o);   /* events that an orderly end waits for */
void outlet_state(struct outlet *o, struct queue_state *out);
const struct counters *outlet_counters(struct outlet *o); /* of the output's threads; NULL */
