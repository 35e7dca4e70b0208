/* Warnings at a bounded rate. */
#include "in/complaint.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

#define SILENCE_NS INT64_C(10000000000)

void complain(struct complaint *c, int64_t now_ns, const char *fmt, ...)
{
    char text[512];
    va_list args;
    if (now_ns < c->next_ns) {
        c->held_back++;
        return;
    }
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (c->held_back)
        log_warn("intake", "%s (%llu more since the last such line)", text,
                 (unsigned long long)c->held_back);
    else
        log_warn("intake", "%s", text);
    *c = (struct complaint){ .next_ns = now_ns + SILENCE_NS };
}
