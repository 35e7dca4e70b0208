/* Conditions of processors: `when`, `if` (packetbeat-core.md 2.9). */
#pragma once

#include "model/event.h"
#include "model/option.h"

struct condition;

/* Boot. `map` holds one operator. Lives in l->mem. */
MUST_CHECK err condition_load(const struct node *map, const struct loading *l,
                              struct condition **out);

/* A field that is not there makes its test false. The pipe's thread. */
bool condition_holds(struct condition *c, const struct event *e);
