/* A program that a process of its own starts and ends: whoever asks for it may have given up the
 * right to start programs. What is started was fixed before; only "start" and "end" are asked. */
#pragma once

#include "base/err.h"

struct keeper {
    int fd;     /* -1: none */
    bool runs;  /* as far as it was told */
    int status; /* of the last end, as waitpid gave it */
};

/* Begins the process, before any thread; nothing is started yet. argv as for child_start. */
MUST_CHECK err keeper_open(struct keeper *k, const char *const *argv, struct why *w);

MUST_CHECK err keeper_start(struct keeper *k, struct why *w);

/* True once when it has ended; never waits. */
bool keeper_has_ended(struct keeper *k);

/* "status 1", "signal 9": how it ended. */
const char *keeper_end_text(const struct keeper *k, char text[32]);

/* Ends the program as child_stop does, and the process. The same happens when this process ends,
 * however it does. */
void keeper_close(struct keeper *k);
