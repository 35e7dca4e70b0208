/* Rules, pipelines and which streams they serve, compiled: what happens to a message (graylog.md
 * 4.1). A program never changes once it is loaded; any number of threads may run it, each with a
 * program_run of its own. Messages point into it: it must outlive them. */
#pragma once

#include "pack/eval.h"
#include "pack/pipeline.h"

#define PROGRAM_RULES_MAX     4096
#define PROGRAM_PIPELINES_MAX 256
#define PROGRAM_CREATED_MAX   1000 /* messages that rules make of one */
#define PROGRAM_METRICS_MAX   256  /* names that rules count under */
#define PROGRAM_METRIC_BYTES  96   /* of a name, with its end */
#define PROGRAM_CLONES_MAX    100  /* a clone of a clone of a … */

struct program;

struct program_source {
    struct slice file; /* how errors name it */
    struct slice text; /* rules one after the other, or one pipeline; must outlive the program */
};

struct program_connection {
    struct slice stream_id, pipeline; /* pipeline: its name */
};

enum program_part { PROGRAM_RULE, PROGRAM_PIPELINE };

/* What is wrong with one source. */
struct program_mistake {
    enum program_part part;
    unsigned source; /* its index */
    const struct rule_error *error;
    bool unresolved;      /* a stage names a rule that is not there: Graylog takes it for false */
    struct slice missing; /* its name, as long as the source's text or the program */
};

struct program_conf {
    const struct program_source *rule, *pipeline;
    unsigned n_rules, n_pipelines;
    const struct program_connection *connection;
    unsigned n_connections;
    void (*mistake)(void *ctx, const struct program_mistake *m); /* NULL: they are only counted */
    void *ctx;
};

/* Loads what can be loaded and tells all that cannot; n_mistakes counts them. Whoever wants no
 * partial program frees it when there are any. Of two rules of one name the later is taken. NULL:
 * memory is out. */
struct program *program_load(const struct program_conf *conf, unsigned *n_mistakes);
void program_free(struct program *p);

/* All rules, in the order of their sources. */
unsigned program_rules(const struct program *p);
struct slice program_rule_name(const struct program *p, unsigned rule);
unsigned program_rule_source(const struct program *p, unsigned rule);

/* ---- running */

/* How often each rule was asked, was true, failed. Counted by one thread, read by it. */
struct program_count {
    uint64_t evaluated, matched, failed;
};

/* For traces and explanations: what is told while a message runs. */
enum program_step {
    PROGRAM_ROUND,      /* text: streams [ids] pipelines [names] */
    PROGRAM_ENTER,      /* pipeline, stage */
    PROGRAM_CONDITION,  /* rule, answer; rule PROGRAM_NO_RULE: text names one that is not there */
    PROGRAM_RULE_BEGIN, /* rule: its actions follow */
    PROGRAM_RULE_END,   /* rule, answer: RULE_ERROR when an action failed */
    PROGRAM_CONTINUE,   /* pipeline, stage */
    PROGRAM_STOP,       /* pipeline, stage */
    PROGRAM_EXIT,       /* pipeline, stage */
};
#define PROGRAM_NO_RULE UINT32_MAX

struct program_event {
    enum program_step step;
    const struct message *m;
    struct slice pipeline, text;
    int32_t stage;
    uint32_t rule;
    enum rule_answer answer;
};

struct program_listener {
    void (*tell)(void *ctx, const struct program_event *e);
    void *ctx;
};

/* Who gets the messages that go on: the one that came in and those that rules made, in order of
 * their making; dropped ones do not go on. */
struct program_sink {
    void (*take)(void *ctx, struct message *m);
    void *ctx;
};

struct program_run;

/* Memory that is not freed before program_run_free. The program must live as long. */
struct program_run *program_run_new(const struct program *p);
void program_run_free(struct program_run *r);

/* Runs the pipelines of the message's streams, of streams that rules add, and of messages that
 * rules make. Never fails: what goes wrong in a rule is an error of its message
 * (gl2_processing_error). env is not changed meanwhile; listener may be NULL. */
void program_run(struct program_run *r, const struct rule_env *env, struct message *m,
                 const struct program_sink *sink, const struct program_listener *listener);

const struct program_count *program_counts(const struct program_run *r); /* one a rule */
uint64_t program_dropped(const struct program_run *r); /* messages that rules dropped */
uint64_t program_created(const struct program_run *r); /* that rules made */
uint64_t program_refused(const struct program_run *r); /* not made: PROGRAM_CREATED_MAX, memory */

/* What metric_counter_inc of rules has counted, by name, in the order of their first use: the i-th,
 * or NULL. A run has PROGRAM_METRICS_MAX names; more are not counted, but how often. */
struct program_metric {
    char name[PROGRAM_METRIC_BYTES]; /* longer names are cut */
    int64_t value;
};
const struct program_metric *program_metric(const struct program_run *r, unsigned i);
uint64_t program_metrics_refused(const struct program_run *r);

/* For metric_counter_inc. Nothing where the run has no program. */
struct run;
void program_metric_add(struct run *run, struct slice name, int64_t n);

/* For create_message and clone_message: takes a message that a rule made. False: it may not be,
 * since there are too many. */
struct run;
bool program_take_created(struct run *run, struct message *m);
