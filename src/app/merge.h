/* Trees of settings: dotted keys become sections, later files go over earlier ones
 * (packetbeat-core.md 2.1). Nothing is shared between the trees that come out. */
#pragma once

#include "codec/tree.h"

/* A copy of `from` in a, in which "output.file.path: x" has become output: {file: {path: x}}. Of
 * equal keys in one section the last stands; one path spelled in two ways, twice with a value, is
 * an error that names both places. */
MUST_CHECK err merge_nest(struct arena *a, const struct node *from, struct node **out,
                          struct why *w);

/* Puts `from` (nested, its own) over `into`: sections are joined, everything else is replaced. */
void merge_over(struct node *into, struct node *from);

/* Sets the value at a dotted path as -E does: sections on the way are made, numbers count list
 * items, a section joins a section that is there. value is nested and its own. */
MUST_CHECK err merge_set(struct arena *a, struct node *root, const char *dotted, struct node *value,
                         struct why *w);
