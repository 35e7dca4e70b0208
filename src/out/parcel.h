/* Encoded events on their way to a receiver that acknowledges them: parcels of Lumberjack J frames
 * that are filled once, and stretches of them that are sent, acknowledged in part, and queued again
 * when a connection is lost. No sockets, no clock. */
#pragma once

#include "base/slice.h"

#define PARCEL_BYTES                                                                               \
    ((size_t)4 * 1024 * 1024) /* beyond this a parcel is full, whatever it holds                   \
                               */

/* Filled by one thread, then owned by the other until it is empty. */
struct parcel {
    uint8_t *p; /* J frames back to back */
    size_t n, cap;
    size_t *start; /* of each frame; start[count] is n */
    unsigned count, max;
    unsigned left;   /* events that nobody is done with yet */
    unsigned passed; /* from the first on, those that are done with, as far as is known */
};

/* max: events it can hold. Exits without memory (boot). */
struct parcel *parcel_new(unsigned max);
void parcel_free(struct parcel *p);

/* Empties it; gives back what a single large event made it grow to. */
void parcel_reset(struct parcel *p);
bool parcel_is_full(const struct parcel *p);

/* Not when it is full. */
void parcel_add(struct parcel *p, struct slice json);

/* Events [from, to) of a parcel. */
struct stretch {
    struct stretch *next;
    struct parcel *parcel;
    unsigned from, to;
    unsigned failures; /* times that a receiver failed at its first event */
    bool sent;         /* before: sending it again may make duplicates */
};

/* Numbers its frames from 1 and gives them. */
struct slice stretch_frames(const struct stretch *s);
unsigned stretch_count(const struct stretch *s);

/* What waits to be sent, in order. */
struct stretch_queue {
    struct stretch *first, *last, *spare;
};

void stretch_queue_free(struct stretch_queue *q);

/* All of a parcel, at the end. */
void stretch_queue_add(struct stretch_queue *q, struct parcel *p);

/* The first stretch, cut to at most max events; NULL when nothing waits. It is the caller's until
 * stretch_done or stretch_queue_again. */
struct stretch *stretch_queue_take(struct stretch_queue *q, unsigned max);

/* At the front: the next to be sent. Of several the last one first. */
void stretch_queue_again(struct stretch_queue *q, struct stretch *s);

/* Its first n events are done with. True when the parcel is empty now. */
bool stretch_pass(struct stretch *s, unsigned n);

/* Forgets an empty stretch. */
void stretch_done(struct stretch_queue *q, struct stretch *s);
