/* What a process is, as events tell it. From proc(5). */
#pragma once

#include "base/arena.h"

#define PROCESS_ARGS 64 /* more than that are not told */

struct process {
    int64_t pid, ppid;
    int64_t start_ns; /* since 1970 UTC; 0: not known */
    int64_t uid;      /* who it runs as; -1: not known */
    struct slice name, executable, cwd;
    struct slice container; /* id of the container that it is in, by its cgroups; n == 0: none */
    struct slice *args;
    unsigned n_args;
};

/* Reads process pid; root: "" or a folder that stands for /. Texts live in a; those that may not be
 * read are empty. False: there is no such process. */
bool process_read(struct process *p, int64_t pid, struct arena *a, const char *root);

/* A copy with all its texts in a; false when a is out of budget. */
bool process_copy(struct process *to, const struct process *from, struct arena *a);

/* Its environment, NAME=value with a zero byte behind each; n == 0: it may not be read. */
struct slice process_environ(int64_t pid, struct arena *a, const char *root);

/* The name of a user into out[cap]; false when there is none. */
bool process_user(int64_t uid, char *out, size_t cap);

/* The whole text of a short file below root, in a; n == 0: it cannot be read. */
struct slice proc_text(struct arena *a, const char *root, const char *path);

/* "ROOT/proc/PID/NAME" into out[cap]; false when it does not fit. */
bool proc_path(char *out, size_t cap, const char *root, int64_t pid, const char *name);
