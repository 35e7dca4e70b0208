/* A loaded program, as its loader leaves it and its runner reads it. */
#pragma once

#include "pack/program.h"

struct program_rule {
    const struct rule *rule;
    unsigned source;
};

/* A rule of a stage. Most are not for a message, and tell so by the field that they need. */
struct program_step_rule {
    uint32_t rule; /* index, or PROGRAM_NO_RULE */
    uint16_t need; /* id of that field's name; 0: none */
    bool always;   /* the condition is `true` */
    struct rule_test test;
    const struct expr *when;
    const struct rule *r;
};

struct program_stage {
    const struct stage *stage;
    struct program_step_rule *rule; /* for each of its rules */
    unsigned n;
    uint32_t at; /* number among all stages */
};

struct program_pipeline {
    const struct pipeline *pipeline;
    unsigned source;
    struct program_stage *stage;
};

/* One stage in the order of running: numbers rise; within a number, pipelines as connected. */
struct program_slot {
    int32_t number;
    uint16_t index; /* of the pipeline */
    const struct program_pipeline *pipeline;
    const struct program_stage *stage;
};

struct program_stream {
    struct slice id;
    uint16_t *pipeline; /* by name: what the server gives for a stream has no order of its own */
    unsigned n;
    struct program_slot *slot;
    unsigned n_slots;
};

struct program {
    struct arena arena;
    struct program_rule *rule;
    unsigned n_rules;
    struct program_pipeline *pipeline;
    unsigned n_pipelines;
    uint32_t n_stages;
    struct program_stream *stream;
    unsigned n_streams;
    struct message_names names; /* all that rules ask the present message for */
};
