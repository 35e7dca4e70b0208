/* What handlers on the pool's threads share. */
#pragma once

#include "store/state.h"
#include "web/exchange.h"

/* The state of this thread, opened at its first use. */
MUST_CHECK err answers_state(struct exchange *x, struct state **out, struct why *w);

/* A tree as JSON: maps, lists, scalars with their types. */
void answers_node(struct buf *b, const struct node *n);

/* Asks the store; its answer becomes that of x. False: the answer of x is an error. */
bool answers_ask(struct exchange *x, struct slice request);
