/* Counters of all threads added up, as people and the log see them. */
#pragma once

#include <stdio.h>

#include "model/counter.h"

/* A moment's sums. Plain numbers: read by whoever made it. */
struct tally {
    uint64_t v[COUNTER_COUNT];
    uint64_t proto[COUNTER_PROTOS][PC_COUNT];
    uint64_t gauge[GAUGE_COUNT];
};

/* Adds what the counters stand at now. Any thread. */
void tally_add(struct tally *t, const struct counters *c);

/* All that are not zero, one a line: name, number, unit. */
void tally_print(FILE *out, const struct tally *t);
