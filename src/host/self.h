/* What this process takes of its machine. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct self {
    int64_t user_ms, system_ms;          /* of the processors, since the start */
    int64_t resident_bytes, peak_bytes;  /* in memory now, at most so far */
    int64_t heap_bytes, heap_held_bytes; /* in use; taken from the system for it */
    int64_t threads, files, files_soft, files_hard;
    int64_t cores;
    double load[3]; /* of the machine: 1, 5, 15 minutes */
};

/* Opens what is read later: before the doors close. */
void self_open(void);
void self_read(struct self *s);
