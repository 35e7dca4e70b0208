/* Grok: regular expressions made of named patterns: those of grok.def, and a user's own beside
 * them.
 */
#pragma once

#include "pack/mistakes.h"
#include "pack/pattern.h"
#include "pack/value.h"

#define GROK_PATTERNS_MAX 4096 /* of users */
#define GROK_NESTS_MAX    16   /* patterns in patterns */

struct grok;
struct grok_library; /* a user's patterns (grok_library.c); NULL stands for none */

/* True when there is a pattern of that name. */
bool grok_has(const struct grok_library *lib, struct slice name);

/* Compiled into mem; text must live as long. named: only what has a field's name is kept. NULL with
 * the reason in w. */
const struct grok *grok_make(struct arena *mem, const struct grok_library *lib, struct slice text,
                             bool named, struct why *w);

/* A pattern whose text is known only now: one that the room of this thread (pattern.h) has kept, or
 * compiled and kept (at most GROK_KEPT_MAX; also what is wrong with one); without a room it is made
 * in mem. It lives until the next call of this. NULL with the reason in w. */
#define GROK_KEPT_MAX 16
const struct grok *grok_kept(struct arena *mem, const struct grok_library *lib, struct slice text,
                             bool named, struct why *w);

/* What the first match in text has: a map (VALUE_MATCHED, or VALUE_UNMATCHED and empty). The
 * result is in mem, its names in g. False when the search took too long or mem is out of budget. */
bool grok_find(const struct grok *g, struct slice text, struct arena *mem, struct rule_value *out);

/* ---- a user's patterns */

/* In mem, and empty; NULL when it is out of budget. */
struct grok_library *grok_library_new(struct arena *mem);

/* Adds the patterns of a file: lines `NAME pattern`, empty ones, and comments that begin with '#'.
 * The text must live as long. */
void grok_library_read(struct grok_library *lib, const char *file, struct slice text,
                       struct mistakes *wrong);

/* When all files are read: every pattern must compile, all names be there, and none need itself. */
void grok_library_check(struct grok_library *lib, struct mistakes *wrong);

unsigned grok_library_count(const struct grok_library *lib);

/* The pattern of that name; NULL p: there is none. */
struct slice grok_library_find(const struct grok_library *lib, struct slice name);

/* The i-th pattern as it is written, in the order of files and lines, and its name; i is less than
 * the count. */
struct slice grok_library_at(const struct grok_library *lib, unsigned i, struct slice *name);

/* Rules that this thread compiles from now on use it; what it was set to last. */
void grok_compile_with(const struct grok_library *lib);
const struct grok_library *grok_compiling(void);

/* NAME, NAME:field, NAME:field;type;format (also with colons): takes one part off. */
struct slice grok_split(struct slice *s);
