/* What is wrong with a pack. */
#include "pack/mistakes.h"

#include <stdarg.h>

#include "base/buf.h"

#define LINE_MAX_BYTES 640

void mistake_add(struct mistakes *m, struct place at, const char *fmt, ...)
{
    char what[400], line[LINE_MAX_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (at.line)
        snprintf(line, sizeof line, "%.200s:%u:%u: %s", at.file, at.line, at.col, what);
    else
        snprintf(line, sizeof line, "%.200s: %s", at.file, what);
    mistake_line(m, line);
}

/* Text of files may hold what would change a terminal. */
static void add_visible(struct buf *b, const char *text)
{
    for (; *text; text++) {
        if ((uint8_t)*text >= ' ' && *text != 127)
            buf_u8(b, (uint8_t)*text);
        else
            buf_printf(b, "\\x%02x", (uint8_t)*text);
    }
}

void mistake_line(struct mistakes *m, const char *line)
{
    if (m->n < MISTAKES_MAX) {
        char visible[2 * LINE_MAX_BYTES];
        struct buf b = buf_of(visible, sizeof visible - 1);
        add_visible(&b, line);
        visible[b.n] = '\0';
        struct slice kept = arena_dup(m->mem, slice_of(visible, b.n + 1));
        m->v[m->n] = kept.n ? (const char *)kept.p : "memory is out";
    }
    m->n++;
}
