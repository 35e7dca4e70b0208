/* The processes at the ends of an event: process, source.process, destination.process. */
#pragma once

#include "host/interfaces.h"
#include "host/procs.h"
#include "model/counter.h"
#include "model/event.h"

/* Where the source or the destination is this machine, and the process of the socket is known. The
 * pipe's thread. */
void processes_fill(struct procs *procs, const struct interfaces *own, struct event *e,
                    struct counters *counters);
