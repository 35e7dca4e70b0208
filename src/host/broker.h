/* Looks into /proc for a process that may not: a process of its own, which keeps the right to, and
 * nothing else. It is asked which process has a TCP or UDP socket of this network namespace, named
 * by its ends and its number, and tells what process.h tells; it answers for no other process.
 * One thread; a question waits 2 s at most. */
#pragma once

#include <sys/types.h>

#include "host/process.h"
#include "host/sockdiag.h"
#include "model/counter.h"

struct broker;

/* Begins the process, before any thread. It has at most `rights` (os/rights.h); with `closed` it is
 * sealed and its system calls are filtered (else ERR_RIGHTS and *out is NULL). Files that are open
 * here are not open there. It ends with this process, however that ends. */
MUST_CHECK err broker_open(struct broker **out, uint64_t rights, bool closed, struct why *w);
void broker_close(struct broker *b); /* NULL is accepted */

pid_t broker_pid(const struct broker *b);

/* PROCESSES_ASKED, _ANSWERED, _LATE, _REFUSED are counted there. */
void broker_count(struct broker *b, struct counters *c);

/* Looks at all sockets and descriptors: what follows is answered from that. *hidden: processes that
 * it may not look at. */
MUST_CHECK err broker_look(struct broker *b, unsigned *hidden, struct why *w);

#define BROKER_ROWS 64 /* sockets of one question */

/* pids[i]: the process of rows[i]; 0: none that is known, or no such socket. n <= BROKER_ROWS. */
MUST_CHECK err broker_owners(struct broker *b, const struct socket_row *rows, unsigned n,
                             int64_t pids[BROKER_ROWS], struct why *w);

/* What the process of that socket is, texts in a. False: not known. */
bool broker_process(struct broker *b, const struct socket_row *row, struct process *out,
                    struct arena *a);
