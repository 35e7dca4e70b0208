/* One capture file: finds out what it is, drives its format's reader, says how it ended. */
#include "in/capfile.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/bug.h"

enum take capfile_bad(struct capfile *f, enum damage damage, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    f->damage = damage;
    why_set(&f->why, ERR_FORMAT, "%s: %s, in packet %" PRIu64 " at byte %" PRIu64, f->name, text,
            f->packets + 1, window_offset(&f->view));
    return TAKE_BAD;
}

/* The first reader of every file: looks at its magic number. */
static enum take take_magic(struct capfile *f, struct packet *p, unsigned max, unsigned *n)
{
    struct slice first = slice_of(f->view.p, window_left(&f->view));
    if (first.n < 4)
        return capfile_more(f, 4);
    if (!pcapfile_recognise(f, first) && !pcapng_recognise(f, first)) {
        f->damage = DAMAGE_UNKNOWN;
        why_set(&f->why, ERR_FORMAT,
                "%s: unknown file format (known: pcap, pcapng, and both packed with gzip or zstd)",
                f->name);
        return TAKE_BAD;
    }
    return f->take(f, p, max, n);
}

err capfile_open(struct capfile *f, const char *path, struct why *w)
{
    *f = (struct capfile){ .name = path, .take = take_magic };
    return window_open(&f->view, path, w);
}

void capfile_close(struct capfile *f)
{
    window_close(&f->view);
    xfree(f->iface);
    f->iface = NULL;
}

/* No more bytes, but the format wants some: the file ends here, in one piece or not. */
static void note_end(struct capfile *f)
{
    size_t left = window_left(&f->view);
    if (left == 0 && f->view.skip == 0 && f->take != take_magic)
        return;
    if (left == 0 && window_offset(&f->view) == 0) {
        f->damage = DAMAGE_EMPTY;
        why_set(&f->why, ERR_FORMAT, "%s: the file is empty", f->name);
        return;
    }
    capfile_bad(f, DAMAGE_CUT, "the file is cut: %zu bytes are left where %zu are needed", left,
                f->need + (size_t)f->view.skip);
}

/* Brings what the format asked for into sight. False: the file is over, or has nothing now. */
static bool bring(struct capfile *f, bool *over)
{
    switch (window_fill(&f->view, f->need)) {
    case FILL_OK:
        return true;
    case FILL_WAIT:
        return false;
    case FILL_END:
        note_end(f);
        break;
    case FILL_BAD:
        capfile_bad(f, DAMAGE_IO, "%s", f->view.why.text);
        break;
    }
    *over = true;
    return false;
}

int capfile_read(struct capfile *f, struct packet *p, unsigned max, bool may_fill)
{
    unsigned n = 0;
    BUG_ON(max == 0);
    bool over = f->damage != DAMAGE_NONE;
    if (may_fill)
        window_forget(&f->view);
    while (!over && n == 0) {
        enum take r = f->take(f, p, max, &n);
        if (UNLIKELY(window_is_lost(&f->view))) {
            n = 0;
            over = true;
            capfile_bad(f, DAMAGE_CUT, "the file became shorter while it was read");
        } else if (r == TAKE_BAD) {
            over = true;
        } else if (r == TAKE_MORE && n == 0 && (!may_fill || !bring(f, &over))) {
            break;
        }
    }
    if (n > 0)
        return (int)n;
    return over ? CAPFILE_END : CAPFILE_NOTHING;
}
