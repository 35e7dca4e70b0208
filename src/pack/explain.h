/* Which rule did what to which field of a message: for people who write packs. Costs a comparison
 * of the whole message for each rule that acts; off, it costs nothing. */
#pragma once

#include "pack/program.h"

#define EXPLAIN_MAX 65536 /* entries of one message */

enum explain_what {
    EXPLAIN_SET,     /* the field was not there before */
    EXPLAIN_CHANGED, /* it had another value */
    EXPLAIN_REMOVED,
    EXPLAIN_ENTERED, /* a stream; name is its id */
    EXPLAIN_LEFT,
    EXPLAIN_FAILED, /* the condition or an action; why is in the message's errors */
    EXPLAIN_DROPPED,
};

struct explain_entry {
    enum explain_what what;
    const struct message *m; /* the one that came in, or one that rules made */
    struct slice pipeline, rule;
    int32_t stage;
    struct slice name;   /* of the field or stream; empty for FAILED and DROPPED */
    struct value before; /* of CHANGED and REMOVED */
    struct value after;  /* of SET and CHANGED */
};

struct explain;

/* One thread. The program must outlive it. */
struct explain *explain_new(const struct program *p);
void explain_free(struct explain *x);

/* What to hand to program_run; valid as long as x. */
const struct program_listener *explain_listener(struct explain *x);

/* What was told since the last explain_reset, in order; texts and values are the messages'. */
const struct explain_entry *explain_entries(const struct explain *x, unsigned *n);
void explain_reset(struct explain *x);

/* "set", "changed", … */
const char *explain_word(enum explain_what what);
