/* JSON texts as values of the rule language. */
#pragma once

#include "pack/value.h"

/* Reads the first value of a text (what follows it is ignored) into mem; false when it is no JSON,
 * deeper than 64 levels, has more than 16,384 values, or when mem is out of budget (mem->full).
 * Integers of 32 bits are K_INT, longer ones K_LONG (64 bits kept). */
bool jsontree_read(struct slice text, struct arena *mem, struct rule_value *out);
