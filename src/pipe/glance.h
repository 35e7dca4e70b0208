/* What traffic is at the moment, for people who look (wirelume top): who sends most, which
 * transactions were slowest. Of the last 10 to 20 s, approximate, bounded: a table in which a
 * newcomer takes the place of the one with least. Written by the pipe, read by any. */
#pragma once

#include "base/buf.h"
#include "model/event.h"

struct glance;

struct glance *glance_new(void);
void glance_free(struct glance *g); /* NULL is accepted */

/* The pipe: an event as it is sent. Bytes are those of flows where they are reported, else of
 * transactions. */
void glance_event(struct glance *g, const struct event *e, int64_t now_ns);

/* Any thread: {"seconds":…,"talkers":[…],"slow":[…]}; g NULL: empty. */
void glance_json(struct glance *g, struct buf *b, int64_t now_ns);
