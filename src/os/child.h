/* A program that runs beside this one and ends with it. One thread. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct child {
    pid_t pid;  /* 0: none runs */
    int status; /* as waitpid gave it, once it has ended */
};

/* Runs argv[0], a path, with argv (NULL ends). It has the signals of a fresh program and no open
 * files but standard input, output and error (quiet: not those two, and nobody sees what it says),
 * and gets SIGTERM when the thread that started it ends. */
MUST_CHECK err child_start(struct child *c, const char *const *argv, bool quiet, struct why *w);

/* True once when it has ended; never waits. */
bool child_has_ended(struct child *c);

/* "status 1", "signal 9": how it ended. */
const char *child_end_text(const struct child *c, char text[32]);

/* SIGTERM, and SIGKILL when it has not ended after wait_ns. Nothing when none runs. */
void child_stop(struct child *c, int64_t wait_ns);
