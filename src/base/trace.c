/* Decisions on the packet path: printed as they are made, the last ones kept for a crash report. */
#include "base/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bug.h"

#define KEPT_LINES 32
#define LINE_BYTES 256

bool trace_on;

static FILE *stream; /* NULL before trace_start */
static char kept[KEPT_LINES][LINE_BYTES];
static unsigned long kept_total;

void trace_start(int fd)
{
    BUG_ON(stream);
    stream = fd == STDOUT_FILENO ? stdout : fd == STDERR_FILENO ? stderr : fdopen(fd, "w");
    trace_on = stream != NULL;
}

void trace_end(void)
{
    trace_on = false;
    if (!stream)
        return;
    fflush(stream);
    if (stream != stdout && stream != stderr)
        fclose(stream);
    stream = NULL;
}

void trace_line(enum trace_area area, const char *fmt, ...)
{
    char *line = kept[kept_total++ % KEPT_LINES];
    int indent = 2 * (int)area;
    snprintf(line, LINE_BYTES, "%*s", indent, "");
    va_list args;
    va_start(args, fmt);
    vsnprintf(line + indent, (size_t)(LINE_BYTES - indent), fmt, args);
    va_end(args);
    if (stream)
        fprintf(stream, "%s\n", line);
}

void trace_dump(void)
{
    unsigned long first = kept_total > KEPT_LINES ? kept_total - KEPT_LINES : 0;
    if (stream)
        fflush(stream);
    if (first < kept_total)
        fprintf(stderr, "last %lu trace lines:\n", kept_total - first);
    for (unsigned long i = first; i < kept_total; i++)
        fprintf(stderr, "  %s\n", kept[i % KEPT_LINES]);
}
