/* The files that a command needs after its start, by its configuration: what it may reach when its
 * doors are closed. Boot. */
#pragma once

#include "app/start.h"

#define REACHABLE_MAX 256

struct reachable {
    const char *own[REACHABLE_MAX + 1];    /* files of its user to read: of the configuration */
    const char *write[REACHABLE_MAX + 1];  /* folders */
    const char *kernel[REACHABLE_MAX + 1]; /* files of the system to read */
    unsigned n_own, n_write, n_kernel;
    bool full; /* more than fit: they stay closed */
};

/* Lists end with NULL; texts are static or in s->config.mem. */
void reachable_list(struct reachable *r, struct start *s, const struct args *a);

/* Capture files, or patterns of names, to read; texts as above. */
void reachable_captures(struct reachable *r, const char *const *paths, unsigned n, struct arena *a);

/* Of all folders that are written only this one; NULL: none. */
void reachable_only(struct reachable *r, const char *folder);
