/* The log's metrics line (packetbeat-core.md 4.6): the numbers that changed, now and then. */
#pragma once

#include "app/options.h"
#include "app/stats.h"

struct metrics {
    const struct stats_facts *facts;
    struct stat_list *logged, *now, *changed; /* logged: at the last line; NULL: no lines */
    bool any;                                 /* there was one */
    int64_t period_ns, next_ns;
};

/* facts outlive it. */
void metrics_begin(struct metrics *m, const struct logging_conf *logging, bool wanted,
                   const struct stats_facts *facts);

/* True when a line is due: metrics_log then. */
bool metrics_are_due(const struct metrics *m);
void metrics_log(struct metrics *m, const struct tally *now);

/* The totals, when lines are wanted at all. */
void metrics_end(struct metrics *m, const struct tally *now);
