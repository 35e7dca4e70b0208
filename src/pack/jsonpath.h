/* Paths into JSON trees, the part of JsonPath that Graylog's users write: $ .name ['name'] [0] [-1]
 * [0:2] [0,1] [*] .* ..name ..* [?(@.a.b)] [?(@.a == 1)] and .length() at the end. */
#pragma once

#include "base/err.h"
#include "pack/value.h"

/* True when it is such a path; else the reason in w. */
bool jsonpath_ok(struct slice path, struct why *w);

/* What the path leads to: a value, K_NULL when there is none; a list where it may lead to several.
 * False with the reason in w when it is no path, or mem is out of budget. */
bool jsonpath_find(struct slice path, const struct rule_value *tree, struct arena *mem,
                   struct rule_value *out, struct why *w);
