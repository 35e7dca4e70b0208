/* Messages from documents that are flat already: as an index has them, with the names that rules
 * see. */
#pragma once

#include "codec/jsondoc.h"
#include "model/message.h"

/* "2024-02-14 21:18:29.782", as an index has it, or an ISO time: ms since 1970 UTC. */
bool flat_time(struct slice text, int64_t *ms);

/* A member as the value of a field: scalars, and lists of these. Texts point into the document. */
bool flat_value(const struct jsondoc *d, const struct jsondoc_node *n, struct arena *mem,
                struct value *out);

/* All members that can be fields, but for streams. NULL: root is no object, or mem is out. */
struct message *flat_message(const struct jsondoc *d, const struct jsondoc_node *root,
                             struct arena *mem);
