/* Running a compiled rule on a message. Nothing is allocated but in the run's arena. */
#pragma once

#include "pack/ast.h"

struct rule_stream {
    struct slice id, title;
    bool paused;
};

struct rule_input {
    struct slice id, title;
};

struct lookup_table;
struct grok_library;
struct program_run;

/* What rules may ask of the server around them. Not changed while rules run. */
struct rule_env {
    int64_t now_ms; /* since 1970 UTC */
    const struct rule_stream *stream;
    unsigned n_streams;
    const struct rule_input *input;
    unsigned n_inputs;
    const struct lookup_table *table;
    unsigned n_tables;
    const struct grok_library *grok; /* of users; NULL: none */
    struct slice default_stream;     /* id */
    bool rehearsal;                  /* tables are asked, never changed */
};

#define RUN_TABLES 64

/* One message going through rules. Owned by one thread; texts that rules put into the message
 * point into mem or into the rule's arena, so both must live as long as the message. */
struct run {
    const struct rule_env *env; /* NULL while constants are computed */
    struct message *m;
    struct arena *mem; /* the message's */
    struct rule_value *var;
    struct program_run *program; /* takes what create_message makes; NULL: nobody does */
    /* [RUN_TABLES], by hash of a table's name: where env had it last. NULL: it is searched for. */
    uint16_t *table_at;
    bool failed;  /* the current statement or condition */
    bool located; /* why says where */
    char why[256];
};

enum rule_answer { RULE_FALSE, RULE_TRUE, RULE_ERROR };

/* The condition of a rule; on RULE_ERROR run->why has Graylog's words for it. */
enum rule_answer rule_condition(struct run *run, const struct expr *when);

/* The statements, up to the first that fails; then false, and run->why says where and why. What
 * was done before it stays. */
bool rule_act(struct run *run, const struct rule *r);

/* The same for its first statement alone. */
bool rule_act_first(struct run *run, const struct rule *r);

/* The value of an expression; on failure run->failed is set and the value is null. */
struct rule_value eval(struct run *run, const struct expr *e);

/* Computes a constant expression before types are known: arithmetic works for doubles only, as
 * Graylog's does there. False with the reason in why[0..cap). */
bool eval_constant(const struct expr *e, struct arena *mem, struct rule_value *v, char *why,
                   size_t cap);

/* Marks the run as failed, for the reason given; the first reason stays. */
void run_fail(struct run *run, const char *fmt, ...) PRINTF(2);

/* A field as rules see it, also the three that are members of struct message. hash: message_hash
 * of the name. */
struct rule_value run_field(struct run *run, struct message *m, struct slice name);
