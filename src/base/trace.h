/* Decisions on the packet path, for `wirelume trace` and for the crash report. Off, a TRACE is one
 * predictable branch. */
#pragma once

#include "base/attr.h"

/* Rooms that trace; also the indentation of `wirelume trace` (deeper rooms further in). */
enum trace_area { TRACE_IN, TRACE_LINK, TRACE_IP, TRACE_FLOW, TRACE_TCP, TRACE_PROTO, TRACE_EVENT };

extern bool trace_on; /* set at boot, before threads start */

/* Prints one line, indented by area, to the stream given to trace_start. */
void trace_line(enum trace_area area, const char *fmt, ...) PRINTF(2);

/* Boot only: lines go to file descriptor fd. Use with one worker. */
void trace_start(int fd);

/* Ends what trace_start began: all lines are out, and the descriptor is closed unless it is a
 * standard one. No thread may trace any more. */
void trace_end(void);

/* Prints the last 32 lines on stderr (used by bug_abort). */
void trace_dump(void);

#define TRACE(area, ...)                                                                           \
    do {                                                                                           \
        if (UNLIKELY(trace_on))                                                                    \
            trace_line(area, __VA_ARGS__);                                                         \
    } while (0)
