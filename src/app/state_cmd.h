/* What the commands on streams and index sets share. */
#pragma once

#include <stdio.h>

#include "app/command.h"
#include "base/buf.h"
#include "store/state.h"

#define STATE_TEXT_BYTES ((size_t)1 << 20) /* of one stream or index set, printed */

/* The state that `serve` works with, opened beside it. */
struct state_use {
    struct arena mem;
    struct state *state;
    struct index_sets sets;
    struct stream_defs streams;
    struct buf out; /* for JSON and times; in mem */
};

/* ERR_MISSING: serve has not made one yet. On failure there is nothing to end. */
MUST_CHECK err state_use_begin(struct state_use *u, const struct args *a, struct why *w);
void state_use_end(struct state_use *u);

/* "Error: …" on standard error; gives the exit status. */
int state_refuse(const char *fmt, ...) PRINTF(1);

/* By title or id; NULL: none. */
const struct index_set *state_use_set(const struct state_use *u, const char *name);

/* "2026-11-24 12:00:00" or, for 0, "-"; valid until the next call. */
const char *state_time(struct state_use *u, int64_t ms);
