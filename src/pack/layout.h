/* What a checked rule becomes before it runs: the usual expressions and statements get kinds of
 * their own, which need neither a call nor names to be looked at again. */
#pragma once

#include "pack/ast.h"

/* Changes the tree in place and fills r's guard and steps, in arena a. False: memory is out. */
MUST_CHECK bool layout_rule(struct arena *a, struct rule *r);

/* A statement as it runs alone: of the kinds but STEP_RENAMES, which several become together. */
struct rule_step layout_step(const struct statement *s);

/* Gives the names of fields that the rule asks the present message for their ids, new ones in a: it
 * runs on attached messages only then. A name without an id is asked for by its text. */
void layout_names(struct rule *r, struct message_names *names, struct arena *a);

/* The expression as a test. */
struct rule_test layout_test(const struct expr *e);
