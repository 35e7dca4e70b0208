/* The rules and pipelines of an exported pack against the pack's files. */
#pragma once

#include "lib/exported.h"

/* Each rule of the files that are used is there once, as the same tree; so is each pipeline, and
 * its rules are there. */
void exported_check_rules(struct exported *e, const char *what);

/* How many streams the pack connects a pipeline to. */
unsigned exported_links(const struct exported *e, const char *pipeline);

/* Calls `one` with the name of each function that the exported rules call. */
void exported_each_call(struct exported *e, void (*one)(void *ctx, struct slice name), void *ctx);
