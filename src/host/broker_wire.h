/* What goes between the broker and who asks it: a question and its answer have one size each. Both
 * ends are the same program: numbers as they are in memory. */
#pragma once

#include "host/broker.h"

#define TOLD_BYTES 16384 /* of all texts of a process; longer ones are cut */
#define TOLD_TEXTS 4     /* name, executable, cwd, container */

enum broker_kind { BROKER_NOTHING, BROKER_LOOK, BROKER_OWNERS, BROKER_PROCESS };

struct broker_question {
    uint32_t kind, number; /* number: comes back with the answer */
    uint32_t n;            /* of row */
    struct socket_row row[BROKER_ROWS];
};

struct told {
    int64_t pid, ppid, start_ns, uid;
    uint16_t n_text[TOLD_TEXTS], n_arg[PROCESS_ARGS];
    uint32_t n_args;
    uint8_t text[TOLD_BYTES]; /* one behind the other */
};

struct broker_answer {
    uint32_t kind, number;
    uint32_t refused; /* the question was none */
    uint32_t hidden;  /* of a look */
    struct why why;   /* no text: it went well */
    int64_t pid[BROKER_ROWS];
    struct told told; /* pid 0: not known */
};

/* The process itself: until fd is closed. */
void broker_serve(int fd);

void told_put(struct told *t, const struct process *p);

/* False: it contradicts itself, or a is out of budget. */
bool told_take(const struct told *t, struct process *p, struct arena *a);
