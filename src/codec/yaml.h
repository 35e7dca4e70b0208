/* YAML 1.1 as Beats reads it, over libyaml's events: booleans yes/no/on/off/true/false, anchors and
 * merge keys; dotted keys stay as written (the configuration expands them). */
#pragma once

#include "codec/tree.h"

/* Reads one document into nodes owned by a. `name` stands in messages. An empty document gives an
 * empty map. On failure *root is NULL and w says file:line:column and what. */
MUST_CHECK err yaml_read(struct arena *a, struct slice text, const char *name, struct node **root,
                         struct why *w);

/* One scalar or flow value ("[a, b]", "{a: 1}", "12", "text") as -E takes it. */
MUST_CHECK err yaml_value(struct arena *a, struct slice text, const char *name, struct node **root,
                          struct why *w);
