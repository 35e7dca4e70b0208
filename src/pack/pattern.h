/* Regular expressions with limits: pcre2 in the memory of an arena. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct pattern;

enum { PATTERN_GROUPS_MAX = 128 };

/* Places of a match: [0] the whole, [i] group i; p is NULL for a group that took no part. */
struct pattern_match {
    unsigned n;
    struct slice group[PATTERN_GROUPS_MAX];
};

enum pattern_result {
    PATTERN_NO,
    PATTERN_YES,
    PATTERN_LIMIT, /* took too long or too much memory */
};

/* Compiled into a, and living there; NULL with the reason in w. */
const struct pattern *pattern_make(struct arena *a, struct slice text, struct why *w);

/* Number of the group of that name, or -1. */
int pattern_group(const struct pattern *p, struct slice name);

/* Memory for searches that is used again and again: without one each search takes its own from the
 * arena, 20 KB at least. */
struct pattern_room;
struct pattern_room *pattern_room_new(void);
void pattern_room_free(struct pattern_room *room);

enum { PATTERN_KEPT_MAX = 64 };

/* Something else that the room of this thread holds, and frees with `free`: one for all; at first
 * NULL. NULL: the thread has no room. */
void **pattern_room_more(void (*free)(void *));

/* From now on searches of this thread use it (NULL: none). */
void pattern_use_room(struct pattern_room *room);

/* The i-th of the named groups; false when there are fewer. */
bool pattern_name(const struct pattern *p, unsigned i, struct slice *name, unsigned *group);

/* A pattern whose text is known only now: one that the room of this thread has kept, or compiled
 * and kept (at most PATTERN_KEPT_MAX); without a room it is made in a. It lives until the next call
 * of this. NULL with the reason in w. */
const struct pattern *pattern_kept(struct arena *a, struct slice text, struct why *w);

/* Finds the first match that begins at `from` bytes or later. mem is used for the search. One
 * pattern may be used by several threads. */
enum pattern_result pattern_find(const struct pattern *p, struct slice text, size_t from,
                                 struct arena *mem, struct pattern_match *m);

/* The same, and the match must be the whole text. */
enum pattern_result pattern_whole(const struct pattern *p, struct slice text, struct arena *mem);

/* Searches of this thread that took too long, since it began. */
uint64_t pattern_stopped(void);
