/* Which rules set the fields of a message that is stored. The original is gone: what can be told of
 * it (fields that rules only renamed have their old names again, fields that rules compute are left
 * out) runs through the rules once more, and a rule is named where it sets the very value that is
 * stored. Of other fields all rules that could have set them are named. Changes nothing outside. */
#pragma once

#include "pack/program.h"

#define RECALL_RULES_MAX 8 /* of one field */

struct recalled {
    struct slice field;
    struct slice rule[RECALL_RULES_MAX]; /* in the order they ran, or stand in the packs */
    unsigned n;
    bool sure; /* they ran again and gave this value; else: one of them may have */
};

/* One for each field that any rule sets; in mem, as are names of fields, while names of rules are
 * p's. text: the message as a JSON object. NULL with *n 0: none, no JSON, or mem is out. */
const struct recalled *recall_rules(const struct program *p, const struct rule_env *env,
                                    struct slice text, struct arena *mem, unsigned *n);
