/* JSON for people: objects and lists written member by member, one a line, two spaces a level. */
#pragma once

#include "base/buf.h"

/* What is written and how deep. Zero all but `out` to begin; `out->full` tells the end of room. */
struct jsonprint {
    struct buf *out;
    unsigned depth;
    bool filled; /* the innermost open one has a member */
};

/* Opens an object ('{') or a list ('['), and closes the innermost one with the same character.
 * `key` is its name in the object around it; NULL in a list and at the root. */
void jsonprint_open(struct jsonprint *j, const char *key, char kind);
void jsonprint_close(struct jsonprint *j, char kind);

/* One value each; key as above. Texts are escaped. */
void jsonprint_text(struct jsonprint *j, const char *key, struct slice text);
void jsonprint_cstr(struct jsonprint *j, const char *key, const char *text);
void jsonprint_int(struct jsonprint *j, const char *key, int64_t v);
void jsonprint_double(struct jsonprint *j, const char *key,
                      double v); /* with a point or exponent */
void jsonprint_bool(struct jsonprint *j, const char *key, bool v);
void jsonprint_null(struct jsonprint *j, const char *key);
