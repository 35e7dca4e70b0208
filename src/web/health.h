/* How the receiver does: sums of its counters, and the last hour in steps of 10 s. */
#pragma once

#include <pthread.h>

#include "model/counter.h"

#define HEALTH_POINTS 360

struct health_sums {
    uint64_t received, stored, dropped;
};

struct health_point {
    int64_t t_ms;         /* its end */
    struct health_sums n; /* within the step */
};

/* shared: points are under `points`, the loop writes them */
struct health {
    pthread_mutex_t points;
    struct health_point point[HEALTH_POINTS];
    unsigned n, next;
    struct health_sums before;
    int64_t due_ns;
};

struct web;

/* The loop, at least once a second. */
void health_tick(struct web *web, int64_t now_ns);
struct health_sums health_sums_of(const struct web *web);
