/* The signals that the program answers, as a file descriptor: no handler runs anywhere. */
#pragma once

#include "base/err.h"

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 (call before threads start, they inherit it) and
 * ignores SIGPIPE. The descriptor becomes readable when one has come; -1 on failure. */
int signal_open(void);

/* The number of the next signal that has come, 0 when there is none. */
int signal_next(int fd);

/* Undoes signal_open: the signals act as the system's defaults say. */
void signal_close(int fd);
