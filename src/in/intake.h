/* What the inputs of the receiver (Beats, GELF) share: one event loop on one thread, batches of
 * messages to the pipe over a ring, and the answers back, so that an acknowledgement travels back
 * only from what is durable. */
#pragma once

#include "base/err.h"
#include "model/counter.h"
#include "model/message_batch.h"

struct intake;

struct intake_conf {
    unsigned batches;   /* at least 2: bounds what may wait for the pipe */
    size_t batch_bytes; /* memory cap of one batch */
    int64_t flush_ns;   /* a batch with messages is sealed at the latest after this time */
    const char *dead_letter_path; /* NULL: refused documents are only counted */
    int64_t dead_letter_bytes;    /* cap of that file; the oldest go first */
};

/* Inputs are added to it (in/beats.h, in/gelf.h) before intake_run. Exits without memory (boot). */
struct intake *intake_new(const struct intake_conf *conf);

/* Runs the loop on the calling thread until intake_stop: then no more is read, what waits is
 * answered as the pipe gives it back, and connections are closed. */
MUST_CHECK err intake_run(struct intake *in, struct why *w);
void intake_stop(struct intake *in); /* any thread */

/* The pipe's side, one thread: sealed batches in order; NULL when there is none now. */
struct message_batch *intake_take(struct intake *in);

/* The pipe's side: with b->answer set. */
void intake_give_back(struct intake *in, struct message_batch *b);
bool intake_is_drained(const struct intake *in);
int intake_ready_fd(const struct intake *in); /* readable when batches are ready; take resets it */

struct counters *intake_counters(struct intake *in);
void intake_free(struct intake *in);
