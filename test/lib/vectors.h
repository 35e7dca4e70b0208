/* Vectors: files with one case a line, `id` and `out` in each, compared with what we answer. Where
 * ours is better on purpose, test/vectors/deviations.tsv has a row: file, id, reason. */
#pragma once

#include "codec/jsondoc.h"
#include "model/message.h"

struct vectors_case {
    const struct jsondoc *doc;
    const struct jsondoc_node *line, *out; /* the case, and the answer that is wanted */
    struct arena *mem;                     /* lives until the end of the case */
    struct buf *why;                       /* what differs */
    bool skip;                             /* set by `one`: needs what we do not have yet */
    bool any_moment;                       /* classes of Java that are moments are all dates */
    struct slice message_id;               /* how texts of errors name the message */
};

/* Runs `one` (true: equal) for each line of FILE in the folder that WIRELUME_VECTORS names (default
 * ../shared/vectors) and prints what differs and `N passed, N failed`; cases that `one` marks as
 * skipped are counted apart; says so and skips when the
 * folder is not there. Returns what main returns. */
int vectors_run(const char *file, bool (*one)(struct vectors_case *c));

const struct jsondoc_node *vectors_get(const struct vectors_case *c, const struct jsondoc_node *of,
                                       const char *key);
/* A text of the case; empty when it is not there. */
struct slice vectors_text(const struct vectors_case *c, const struct jsondoc_node *of,
                          const char *key);
/* The bytes of a text of hexadecimal digits. */
struct slice vectors_bytes(const struct vectors_case *c, struct slice hex);
bool vectors_is(const struct jsondoc_node *v, const char *text);

/* Fails with a line that says what was wanted and what came. */
bool vectors_differ(struct vectors_case *c, const char *what, struct slice want, struct slice got);

/* True when `got` (JSON text) is the same value as `want`; members may come in another order. */
bool vectors_same_json(struct vectors_case *c, const char *what, const struct jsondoc_node *want,
                       struct slice got);

/* A typed value of a vector (README of the vectors); false when messages have no such type. */
bool vectors_value(struct vectors_case *c, const struct jsondoc_node *typed, struct value *v);

/* Appends a value as the vectors write it. */
void vectors_put_value(struct buf *b, const struct value *v);

/* Compares fields, size and index form of a message. */
bool vectors_same_message(struct vectors_case *c, struct message *m);
