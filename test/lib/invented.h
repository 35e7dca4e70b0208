/* Did a run over a damaged capture report what never took place? Every name, code and end that it
 * tells must occur in the run over the whole capture. */
#pragma once

#include "lib/lines.h"

struct invented;

/* whole: the events of the undamaged capture, JSON lines. */
struct invented *invented_new(const struct lines *whole);

/* True, with a printed line, when an event has a key value that the whole run has nowhere. */
bool invented_any(struct invented *known, const struct lines *events);
void invented_free(struct invented *known);
