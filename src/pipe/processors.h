/* Lists of processors: made at boot from configuration, applied in order (packetbeat-core.md 2.8).
 */
#pragma once

#include "model/counter.h"
#include "model/event.h"
#include "model/option.h"

struct processors;

/* Boot, after all rooms added their fields and before schema_freeze. `list` is a YAML list; NULL
 * gives an empty one. */
MUST_CHECK err processors_load(const struct node *list, const struct loading *l,
                               struct processors **out);

/* True: the event goes on; false: it was dropped. Errors inside are counted (processors.errors).
 * The pipe's thread. */
bool processors_run(const struct processors *p, struct event *e, struct counters *counters);

/* Gives back what the processors hold beside the configuration's memory; NULL is accepted.
 * pipe_free does it for its own. */
void processors_close(const struct processors *p);
