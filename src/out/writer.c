/* Buffered writing of lines, with whole writes. */
#include "out/writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"

void writer_init(struct writer *w, int fd)
{
    *w = (struct writer){ .fd = fd, .p = xmalloc(WRITER_BYTES) };
}

void writer_free(struct writer *w)
{
    xfree(w->p);
    w->p = NULL;
}

/* A standard output that another program made non-blocking is waited for. */
static bool wait_for_room(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

static err write_all(struct writer *w, struct slice s, const char *name, struct why *why)
{
    while (s.n) {
        ssize_t done = write(w->fd, s.p, s.n);
        if (done >= 0)
            s = slice_after(s, (size_t)done);
        else if (errno == EPIPE)
            return why_set(why, ERR_END, "%s: nobody reads it any more", name);
        else if (errno != EINTR && !(errno == EAGAIN && wait_for_room(w->fd)))
            return why_set(why, ERR_IO, "%s: %s", name, strerror(errno));
    }
    return ERR_OK;
}

err writer_flush(struct writer *w, const char *name, struct why *why)
{
    struct slice s = slice_of(w->p, w->n);
    w->n = 0;
    return write_all(w, s, name, why);
}

err writer_line(struct writer *w, struct slice line, const char *name, struct why *why)
{
    if (WRITER_BYTES - w->n < line.n + 1) {
        err e = writer_flush(w, name, why);
        if (e)
            return e;
    }
    if (line.n + 1 > WRITER_BYTES) {
        err e = write_all(w, line, name, why);
        return e ? e : write_all(w, SLICE("\n"), name, why);
    }
    if (line.n)
        memcpy(w->p + w->n, line.p, line.n);
    w->n += line.n;
    w->p[w->n++] = '\n';
    return ERR_OK;
}
