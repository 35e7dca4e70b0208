/* The line of `wirelume up` on a terminal, once a second, and what is said between. Two threads:
 * one shows and says, the other counts. */
#pragma once

#include <stdatomic.h>

#include "codec/jsondoc.h"

#define UPLINE_NOTES 32 /* kinds of notes that are told apart; others are not said */

struct upline {
    bool terminal;
    atomic_ullong packets, lost; /* of the sensor, since it began */
    bool shown;                  /* the line stands on the terminal */
    struct jsondoc health;       /* what the server said last; no nodes before the first time */
    int64_t before_ns;           /* when the last one was shown, and what it counted */
    unsigned long long before_packets, before_events;
    uint64_t said[UPLINE_NOTES]; /* of notes of the server, but for their numbers */
    unsigned n_said;
};

/* What the sensor stands at. */
void upline_count(struct upline *l, unsigned long long packets, unsigned long long lost);

/* Shows rates since the last call; health: what the server says of itself (empty: it does not). A
 * note in it is said once, also where there is no terminal. */
void upline_show(struct upline *l, struct slice health, int64_t now_ns);

/* A line that stays, on standard error. */
void upline_say(struct upline *l, const char *fmt, ...) PRINTF(2);
void upline_end(struct upline *l);
