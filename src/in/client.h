/* Parties that wait for the answer to what they sent: connections, HTTP requests. The table gives
 * each a number that is never used twice, so that a late answer finds nobody instead of another
 * one. The loop's thread. */
#pragma once

#include "base/list.h"

struct client;

struct client_ops {
    /* A ticket of it came back. Not durable: it may be told nothing of this window any more. */
    void (*answered)(struct client *c, uint64_t window, uint32_t sequence, bool durable);
    void (*resume)(struct client *c);               /* there is room again */
    void (*tick)(struct client *c, int64_t now_ns); /* several times a second; NULL: not wanted */
    void (*stop)(struct client *c);                 /* nothing more is read from it */
    void (*close)(struct client *c);                /* ends it; it must leave the table */
};

/* Embedded in what waits. */
struct client {
    const struct client_ops *ops;
    uint64_t number;
    struct list waiting; /* in the list of those that wait for room */
    uint64_t batch;      /* number of the batch that its last ticket is in */
    unsigned ticket;     /* and its place there */
    uint32_t unanswered; /* tickets under way */
};

struct clients {
    struct client **slot; /* by the low bits of the number */
    unsigned n, cap, free_from;
    uint64_t generation;
    struct list waiting;
};

void clients_init(struct clients *t);
void clients_free(struct clients *t);
void clients_add(struct clients *t, struct client *c);
void clients_remove(struct clients *t, struct client *c);

/* NULL when it is gone. */
struct client *clients_find(const struct clients *t, uint64_t number);

void clients_wait(struct clients *t, struct client *c);

/* The one that has waited longest, taken off the list; NULL. */
struct client *clients_next_waiting(struct clients *t);

/* Calls each for every client; each may remove the one it is called for. */
void clients_each(struct clients *t, void (*each)(struct client *c, void *ctx), void *ctx);
