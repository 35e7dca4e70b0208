/* The log's metrics line (packetbeat-core.md 4.6): the counters that changed, now and then. */
#pragma once

#include "app/options.h"
#include "app/tally.h"

struct metrics {
    struct tally logged; /* at the last line */
    int64_t period_ns, next_ns, started_ns;
};

void metrics_begin(struct metrics *m, const struct logging_conf *logging, bool wanted);

/* True when a line is due: metrics_log then. */
bool metrics_are_due(const struct metrics *m);
void metrics_log(struct metrics *m, const struct tally *now);

/* The totals, when lines are wanted at all. */
void metrics_end(struct metrics *m, const struct tally *now);
