/* Grok: regular expressions made of named patterns (grok.def). */
#pragma once

#include "pack/pattern.h"
#include "pack/value.h"

struct grok;

/* True when there is a pattern of that name. */
bool grok_has(struct slice name);

/* Compiled into mem. named: only what has a field's name is kept. NULL with the reason in w. */
const struct grok *grok_make(struct arena *mem, struct slice text, bool named, struct why *w);

/* What the first match in text has: a map (VALUE_MATCHED, or VALUE_UNMATCHED and empty). The
 * result is in mem. False when the search took too long or mem is out of budget. */
bool grok_find(const struct grok *g, struct slice text, struct arena *mem, struct rule_value *out);
