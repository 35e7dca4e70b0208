/* What is known of processes, each in one piece of memory. One thread. */
#pragma once

#include "host/process.h"

struct owner {
    struct owner *next;
    struct process process;
    int64_t read_ns; /* when, monotonic */
    bool used;       /* by a socket, at the last look */
};

#define OWNERS_BUCKETS 1024
struct owners {
    struct owner *bucket[OWNERS_BUCKETS];
};

/* NULL: not there. */
struct owner *owners_find(const struct owners *o, int64_t pid);

/* A copy of p takes the place of what was known of that pid. */
void owners_put(struct owners *o, const struct process *p, int64_t now_ns);

/* Forgets those that are not `used`, and all marks. */
void owners_sweep(struct owners *o);
void owners_free(struct owners *o);
