/* Steps and how they ended, as Packetbeat prints them. */
#include "out/report.h"

#include <stdarg.h>

#include "base/buf.h"
#include "os/file.h"

#define LINE_BYTES 2048

static void put(struct report *r, const struct buf *b)
{
    bool written = file_write_all(r->fd, buf_slice(b));
    (void)written; /* nobody reads it: there is nobody to tell */
}

static void end_line(struct report *r, struct buf *b)
{
    if (r->open)
        buf_u8(b, '\n');
    r->open = false;
}

static void indent(struct report *r, struct buf *b)
{
    end_line(r, b);
    for (unsigned i = 0; i < r->depth; i++)
        buf_lit(b, "  ");
}

VPRINTF(2) static void put_text(struct buf *b, const char *fmt, va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof text, fmt, args);
    buf_cstr(b, text);
}

void report_begin(struct report *r, const char *fmt, ...)
{
    char line[LINE_BYTES];
    struct buf b = buf_of(line, sizeof line);
    va_list args;
    indent(r, &b);
    va_start(args, fmt);
    put_text(&b, fmt, args);
    va_end(args);
    buf_lit(&b, "...");
    put(r, &b);
    r->open = true;
}

static void level(struct report *r, int by)
{
    char line[4];
    struct buf b = buf_of(line, sizeof line);
    end_line(r, &b);
    put(r, &b);
    r->depth += (unsigned)by;
}

void report_group(struct report *r)
{
    level(r, 1);
}

void report_end_group(struct report *r)
{
    level(r, -1);
}

/* Ends the open line with the word, or is a line of its own. */
static void finish(struct report *r, const char *word, const char *colour, const char *text)
{
    char line[LINE_BYTES];
    struct buf b = buf_of(line, sizeof line);
    if (r->open)
        buf_u8(&b, ' ');
    else
        indent(r, &b);
    if (r->colour)
        buf_printf(&b, "\033[%sm%s\033[0m", colour, word);
    else
        buf_cstr(&b, word);
    buf_cstr(&b, *text ? " " : "");
    buf_cstr(&b, text);
    buf_u8(&b, '\n');
    put(r, &b);
    r->open = false;
}

void report_ok(struct report *r)
{
    finish(r, "OK", "32", "");
}

void report_warn(struct report *r, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    finish(r, "WARN", "33", text);
}

void report_error(struct report *r, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    finish(r, "ERROR", "31", text);
    r->failures++;
}

void report_info(struct report *r, const char *fmt, ...)
{
    char line[LINE_BYTES];
    struct buf b = buf_of(line, sizeof line);
    va_list args;
    indent(r, &b);
    va_start(args, fmt);
    put_text(&b, fmt, args);
    va_end(args);
    buf_u8(&b, '\n');
    put(r, &b);
}
