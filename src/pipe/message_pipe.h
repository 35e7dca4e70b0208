/* The receiver's path: batches of messages get their meaning and become lines of an output that can
 * tell when they are on disk. One thread. */
#pragma once

#include "model/counter.h"
#include "model/message_batch.h"
#include "pipe/message_stage.h"
#include "pipe/pipe.h"

struct message_pipe;

/* What can never be written: it is kept elsewhere before its batch counts as durable. */
struct message_loss {
    const struct message *m;
    const char *reason;
    struct slice line; /* as far as it could be made; until the call returns */
};

struct message_losses {
    void *ctx;
    /* On the pipe's thread. False: it could not be kept. */
    bool (*keep)(void *ctx, const struct message_loss *l);
    void (*sync)(void *ctx); /* what was kept is on disk afterwards */
};

struct message_pipe_conf {
    const struct output *output; /* with `sync` */
    const void *output_conf;
    const char *node_id;               /* gl2_source_node; NULL: left out */
    const struct message_stage *stage; /* NULL: messages are written as they came */
    struct message_losses losses;      /* keep is NULL: they are only counted */
};

/* Opens the output. conf is copied; what it points to must outlive the pipe. */
MUST_CHECK err message_pipe_new(const struct message_pipe_conf *conf, struct message_pipe **out,
                                struct why *w);

/* Processes the messages of n batches (once, however often it is called for them), writes what they
 * became and syncs once. ERR_OK: all of it is durable; else none may be taken for it, and they can
 * be written again. ERR_END: nobody will ever read them. */
MUST_CHECK err message_pipe_write(struct message_pipe *p, struct message_batch *const *b,
                                  unsigned n, struct counters *counters, struct why *w);

/* What the output does by the clock (struct output): to be called often, at now_ns since 1970 UTC.
 */
void message_pipe_tick(struct message_pipe *p, int64_t now_ns);

/* What the output counts itself; NULL: nothing. As long as the pipe. */
const struct counters *message_pipe_counters(struct message_pipe *p);

/* The context of the open output (struct output). */
void *message_pipe_output(struct message_pipe *p);

/* A batch that was given to message_pipe_write leaves the pipe: before it goes back. */
void message_pipe_done(struct message_pipe *p, struct message_batch *b);
void message_pipe_free(struct message_pipe *p);
