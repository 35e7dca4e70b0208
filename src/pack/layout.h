/* What a checked rule becomes before it runs: the usual expressions and statements get kinds of
 * their own, which need neither a call nor names to be looked at again. */
#pragma once

#include "pack/ast.h"

/* Changes the tree in place and fills r's guard and steps, in arena a. False: memory is out. */
MUST_CHECK bool layout_rule(struct arena *a, struct rule *r);
