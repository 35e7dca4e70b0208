/* Which process has a socket. A thread of its own asks the kernel for the sockets again and again
 * and looks into /proc when there are new ones: whoever asks here never waits for either. */
#pragma once

#include "base/err.h"
#include "host/process.h"
#include "host/sockdiag.h"
#include "model/counter.h"

struct broker;

#define PROCS_SOCKETS_MAX 32768 /* more than that are not known */

/* A process whose arguments hold `grep` is called `name`. */
struct procs_name {
    const char *name, *grep;
};

struct procs_conf {
    const struct procs_name *names; /* they outlive the table; the first that fits stands */
    unsigned n_names;
    struct broker *broker; /* who looks into /proc; NULL: the table itself. It outlives the table */
};

struct procs;

/* Looks once, then starts the thread. */
MUST_CHECK err procs_open(const struct procs_conf *conf, struct procs **out, struct why *w);

/* NULL is accepted. */
void procs_close(struct procs *p);

/* The process of the socket with these ends (`row.inode` does not matter): the connected one, else
 * the one that listens on the local address or on all. *out has its texts in a. Any thread. False:
 * not known. */
bool procs_find(struct procs *p, const struct socket_row *row, struct arena *a,
                struct process *out);

/* What the broker was asked and did not do. Lives as long as the table. */
const struct counters *procs_counters(const struct procs *p);

/* Looks now, on the calling thread: for tests, of a table without a thread. */
struct procs *procs_new(const struct procs_conf *conf);
MUST_CHECK err procs_look(struct procs *p, struct why *w);
