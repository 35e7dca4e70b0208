/* Regular expressions with bounded work, unanchored, UTF-8, as Beats users write them (RE2). */
#pragma once

#include "base/buf.h"
#include "model/option.h"

struct regex;

/* Boot. Lives in l->mem. The message names l->prefix, the place and the reason. */
MUST_CHECK err regex_new(const char *text, const struct loading *l, struct regex **out);

/* False also when the match took more work than is granted. One thread at a time. */
bool regex_matches(const struct regex *r, struct slice text);

/* Appends text with every match replaced ($1 and ${name} stand for groups, $$ for a dollar). False
 * when that took more work than is granted or out is full; out then holds nothing of use. */
bool regex_replace(const struct regex *r, struct slice text, const char *replacement,
                   struct buf *out);
