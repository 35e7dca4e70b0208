/* A pipeline: which rules run in which stages (graylog.md 4.1), read from Graylog's language. */
#pragma once

#include "pack/ast.h"

#define PIPELINE_STAGES_MAX 256
#define STAGE_RULES_MAX     1024

enum stage_match {
    MATCH_ALL,    /* go on when every rule was true */
    MATCH_EITHER, /* when at least one was */
    MATCH_PASS,   /* always */
};

struct stage_rule {
    struct slice name;
    unsigned line, col; /* from 1, from 0 */
};

struct stage {
    int32_t number;
    enum stage_match match;
    struct stage_rule *rule;
    unsigned n;
};

struct pipeline {
    struct slice name;
    struct stage *stage; /* by number; a number that comes twice keeps the first */
    unsigned n;
};

/* Reads one pipeline: nothing may follow its `end`. It lives in a and points into text. NULL with
 * an error in e: reading ends at the first one. */
struct pipeline *pipeline_parse(struct arena *a, struct slice text, struct rule_errors *e);
