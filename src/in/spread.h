/* Captures that can be read only once, for several workers: one thread reads and gives each frame
 * to the workers whose flows it is of (net/share.h). Each reads its part as a capture of its own.
 *
 * A frame of a tunnel may be of two workers' flows, the outer and the inner ones: both get it, and
 * each counts its own flows; all but one get it as a copy (struct packet). Fragments wait here
 * until it is known whose they are. What a worker sees is in the order of the files, with the time
 * that has passed for all (clock_ns): its events are those that one worker would make of its flows.
 */
#pragma once

#include "in/capture.h"
#include "net/net.h"

#define SPREAD_MAX        64                        /* workers */
#define SPREAD_PART_BYTES ((size_t)5 * 1024 * 1024) /* memory that each one's part takes */

struct spread;

/* `from` and conf (of the workers) must outlive it. Exits without memory (boot). */
struct spread *spread_new(struct capture *from, unsigned n, const struct net_conf *conf);

/* The part of worker i: to be read by its thread. Stays the spread's. */
struct capture *spread_part(struct spread *s, unsigned i);

/* Reads until the capture ends, fails or spread_stop; the parts end then. On the calling thread. */
MUST_CHECK err spread_run(struct spread *s, struct why *w);

/* Any thread: ask it to end soon. */
void spread_stop(struct spread *s);

/* What only the reader can see: times that run backwards, fragments that were given up here. */
const struct counters *spread_counters(const struct spread *s);

/* After the threads of spread_run and of all readers have ended. */
void spread_free(struct spread *s);
