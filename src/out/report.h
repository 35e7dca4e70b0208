/* What `wirelume test output` prints: steps, indented two spaces a level, each ended by OK, WARN or
 * ERROR, in colours on a terminal (packetbeat-core.md 1.4). */
#pragma once

#include "base/attr.h"

struct report {
    int fd;
    bool colour;
    unsigned depth, failures;
    bool open; /* a line waits for its end */
};

void report_begin(struct report *r, const char *fmt, ...) PRINTF(2); /* "text..." */
void report_group(struct report *r);                                 /* what follows lies in it */
void report_end_group(struct report *r);
void report_ok(struct report *r);
void report_warn(struct report *r, const char *fmt, ...) PRINTF(2);
void report_error(struct report *r, const char *fmt, ...) PRINTF(2);
void report_info(struct report *r, const char *fmt, ...) PRINTF(2); /* a line of its own */
