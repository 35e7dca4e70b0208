/* The receiver's path: batches of messages become lines of an output that can tell when they are on
 * disk. One thread. */
#pragma once

#include "model/counter.h"
#include "model/message_batch.h"
#include "pipe/pipe.h"

struct message_pipe;

struct message_pipe_conf {
    const struct output *output; /* with `sync` */
    const void *output_conf;
    const char *node_id; /* gl2_source_node; NULL: left out */
};

/* Opens the output. conf is copied; what it points to must outlive the pipe. */
MUST_CHECK err message_pipe_new(const struct message_pipe_conf *conf, struct message_pipe **out,
                                struct why *w);

/* Writes all messages of n batches and syncs once. ERR_OK: all of them are durable; else none may
 * be taken for it, and they can be written again. ERR_END: nobody will ever read them. */
MUST_CHECK err message_pipe_write(struct message_pipe *p, struct message_batch *const *b,
                                  unsigned n, struct counters *counters, struct why *w);
void message_pipe_free(struct message_pipe *p);
