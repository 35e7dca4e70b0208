/* Messages that travel together from an input to an output, with the tickets of the connections
 * that wait for them to be durable. */
#pragma once

#include "model/message.h"

#define MESSAGE_BATCH_MAX     1024
#define MESSAGE_BATCH_TICKETS 256

/* What became of a batch; written by the pipe, read by the input when the batch comes back. */
enum answer {
    ANSWER_NONE,
    ANSWER_DURABLE, /* everything in it is on disk (or wherever the output keeps it) */
    ANSWER_RETRY,   /* not taken: the client keeps it */
};

/* "When this batch is durable, connection `connection` may be told of everything up to `sequence`
 * of its window `window`." Order in a batch is order of arrival. */
struct ticket {
    uint64_t connection; /* number of the connection, never used twice */
    uint64_t window;     /* number of the window in its connection */
    uint32_t sequence;
    uint32_t messages; /* of this connection in this batch under this ticket */
};

/* What the pipe made of a batch: written instead of its messages, however often that is tried. */
struct message_result {
    struct message **v; /* in the batch's arena */
    unsigned n, cap;
    bool made;
    void *use; /* what the messages point into */
};

/* Filled by an input's thread, sealed, handed over a ring, given back over another. */
struct message_batch {
    struct arena arena;
    struct message *message[MESSAGE_BATCH_MAX];
    struct ticket ticket[MESSAGE_BATCH_TICKETS];
    unsigned n, n_tickets;
    unsigned owner;
    enum answer answer;
    struct message_result result; /* the pipe's, from taking the batch to message_pipe_done */
};
