/* A loaded program, as its loader leaves it and its runner reads it. */
#pragma once

#include "pack/program.h"

struct program_rule {
    const struct rule *rule;
    unsigned source;
};

/* A rule of a stage. Most are not for a message, and tell so by the field that they need. */
struct program_step_rule {
    uint32_t rule;       /* index, or PROGRAM_NO_RULE */
    uint32_t guard_hash; /* of that field's name; 0: none */
    const struct expr *when;
};

struct program_stage {
    const struct stage *stage;
    struct program_step_rule *rule; /* for each of its rules */
};

struct program_pipeline {
    const struct pipeline *pipeline;
    unsigned source;
    struct program_stage *stage;
};

/* One stage in the order of running: numbers rise; within a number, pipelines as connected. */
struct program_slot {
    int32_t number;
    uint16_t pipeline, stage;
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
    struct program_stream *stream;
    unsigned n_streams;
};
