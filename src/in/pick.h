/* A worker's part of capture files that each worker reads for itself: nothing is copied, and no one
 * waits for another.
 *
 * Of frames that are plainly of one flow it gives those of its share (net/share.h); all others to
 * every worker, whose net knows what is its own, but as a copy (struct packet) to all but one. What
 * a worker sees is in the order of the files, with the time that has passed for all (clock_ns): its
 * events are those that one worker would make of its flows. */
#pragma once

#include "in/capture.h"
#include "net/net.h"

/* Part `index` of n of `from`, which is read by it alone; both stay the caller's, and conf (of the
 * workers). Exits without memory (boot). */
struct capture *pick_new(struct capture *from, unsigned index, unsigned n,
                         const struct net_conf *conf);

/* What would be counted by each: times that run backwards; of the first part alone. */
const struct counters *pick_counters(const struct capture *pick);
