/* Regular expressions with bounded work, unanchored, UTF-8, as Beats users write them (RE2). */
#pragma once

#include "model/option.h"

struct regex;

/* Boot. Lives in l->mem. The message names l->prefix, the place and the reason. */
MUST_CHECK err regex_new(const char *text, const struct loading *l, struct regex **out);

/* False also when the match took more work than is granted. One thread at a time. */
bool regex_matches(const struct regex *r, struct slice text);
