/* The line of `wirelume up` on a terminal, once a second, and what is said between. Two threads:
 * one shows and says, the other counts. */
#pragma once

#include <stdatomic.h>

#include "codec/jsondoc.h"

struct upline {
    bool terminal;
    atomic_ullong packets, lost; /* of the sensor, since it began */
    bool shown;                  /* the line stands on the terminal */
    struct jsondoc health;       /* what the server said last; no nodes before the first time */
    int64_t before_ns;           /* when the last one was shown, and what it counted */
    unsigned long long before_packets, before_events;
};

/* What the sensor stands at. */
void upline_count(struct upline *l, unsigned long long packets, unsigned long long lost);

/* Shows rates since the last call; health: what the server says of itself (empty: it does not). */
void upline_show(struct upline *l, struct slice health, int64_t now_ns);

/* A line that stays, on standard error. */
void upline_say(struct upline *l, const char *fmt, ...) PRINTF(2);
void upline_end(struct upline *l);
