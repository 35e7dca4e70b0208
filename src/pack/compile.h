/* Makes a parsed rule ready to run: functions and variables are found, types checked, names of
 * fields hashed, constant patterns compiled. Refuses what Graylog refuses. */
#pragma once

#include "pack/ast.h"

/* Changes the tree in place; a is the arena it lives in. False when e got errors. */
bool compile_rule(struct arena *a, struct rule *r, struct rule_errors *e);

/* parser_rule and compile_rule. NULL with errors in e. The rule may then be run by any number of
 * threads: nothing in it changes any more. */
struct rule *rule_load(struct arena *a, struct slice text, struct rule_errors *e);
