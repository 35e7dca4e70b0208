/* What the inputs of the receiver (Beats, GELF) share: one event loop on one thread, batches of
 * messages to the pipe over a ring, and the answers back, so that an acknowledgement travels back
 * only from what is durable. */
#pragma once

#include "base/err.h"
#include "in/client.h"
#include "in/deadletter.h"
#include "model/counter.h"
#include "model/message_batch.h"

struct intake;

struct intake_conf {
    unsigned batches;        /* at least 2: bounds what may wait for the pipe */
    size_t batch_bytes;      /* memory cap of one batch */
    int64_t flush_ns;        /* a batch with messages is sealed at the latest after this time */
    struct deadletter *dead; /* the caller's; NULL: refused documents are only counted */
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
unsigned intake_waiting(const struct intake *in); /* batches for the pipe, about; any thread */
int intake_ready_fd(const struct intake *in); /* readable when batches are ready; take resets it */

/* ---- the inputs' side: the loop's thread */

/* An input, with its listeners. */
struct input_ops {
    void (*stop)(void *ctx); /* accepts and reads no more; its clients are stopped beside */
    void (*free)(void *ctx); /* its clients have been closed */
};
void intake_add(struct intake *in, const struct input_ops *ops, void *ctx);

struct event_base;
struct event_base *intake_base(struct intake *in);
struct clients *intake_clients(struct intake *in);

/* Where the next message may be made: the arena of the open batch, which has room for a message
 * and a ticket. NULL: all batches are under way; intake_wait and stop reading. */
struct arena *intake_room(struct intake *in);

/* After a message did not fit: an empty batch from now on (intake_room). False when the open one
 * is empty, so that it never will. */
bool intake_renew(struct intake *in);

/* c->ops->resume is called when there is room. */
void intake_wait(struct intake *in, struct client *c);

/* Puts a message that was made in intake_room's arena into the batch. */
void intake_put(struct intake *in, struct message *m, const struct message_origin *origin);

/* c is to hear when all that was put so far is durable; count messages are its own. */
void intake_ticket(struct intake *in, struct client *c, const struct ticket *t);

/* A document that is no message, or lost something on its way to one, goes to the dead letters. */
void intake_refuse(struct intake *in, const struct refusal *r);

struct counters *intake_counters(struct intake *in);
void intake_free(struct intake *in);
