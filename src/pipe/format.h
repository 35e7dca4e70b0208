/* Format strings: text with %{[a.field]:default} and %{+yyyy.MM.dd} of the event's time. */
#pragma once

#include "base/buf.h"
#include "pipe/ref.h"

struct format;

/* Boot. Lives in l->mem. */
MUST_CHECK err format_load(const char *text, const struct loading *l, struct format **out);

/* Appends the text for e. False when a field without default is not there. */
bool format_write(struct format *f, const struct event *e, struct buf *out);
