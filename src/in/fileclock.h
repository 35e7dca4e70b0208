/* The time of capture files that several workers share: whoever shares them out keeps it, so that
 * it has passed for all. One owner thread. */
#pragma once

#include "model/counter.h"
#include "model/packet.h"

struct file_clock {
    int64_t now_ns, last_ns; /* largest and last packet time of this repetition */
};

/* The next packet, whoever it is for. counters: where times that run backwards count, or NULL. */
static inline void file_clock_set(struct file_clock *c, const struct packet *p,
                                  struct counters *counters)
{
    if (p->ts_ns < c->last_ns && counters)
        counter_add(counters, COUNTER_CAPTURE_TIME_BACKWARDS, 1);
    c->last_ns = p->ts_ns;
    if (p->ts_ns > c->now_ns)
        c->now_ns = p->ts_ns;
}
