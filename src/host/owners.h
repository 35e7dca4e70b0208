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
    int64_t swept_ns; /* of owners_look_up */
};

/* NULL: not there. */
struct owner *owners_find(const struct owners *o, int64_t pid);

/* A copy of p takes the place of what was known of that pid. */
void owners_put(struct owners *o, const struct process *p, int64_t now_ns);

/* The process of that id, read again when that was 30 s ago; those that nobody asked for in such a
 * time are forgotten. root as for process_read; mem is used while one is read. NULL: there is
 * none. Lives until the next call. */
const struct process *owners_look_up(struct owners *o, int64_t pid, const char *root,
                                     struct arena *mem);

/* Forgets those that are not `used`, and all marks. */
void owners_sweep(struct owners *o);
void owners_free(struct owners *o);
