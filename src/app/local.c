/* HTTP/1.1 over the server's socket: one question a connection, which the server then closes.
 * (libevent's client knows no such sockets before 2.2.) */
#include "app/local.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bug.h"
#include "os/clock.h"
#include "web/web.h"

#define NS_PER_MS  INT64_C(1000000)
#define FIRST_CAP  ((size_t)64 * 1024)
#define HEAD_BYTES 512

struct line {
    int fd;
    int64_t end_ns;
    const char *data; /* for errors */
};

static err connect_to(struct line *l, struct why *w)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int n = snprintf(sa.sun_path, sizeof sa.sun_path, "%s/" WEB_SOCKET_NAME, l->data);
    if (n < 0 || (size_t)n >= sizeof sa.sun_path)
        return why_set(w, ERR_MISSING, "%s: the path is too long for a socket", l->data);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return why_set(w, ERR_IO, "%s: %s", sa.sun_path, strerror(errno));
    if (connect(l->fd, (struct sockaddr *)&sa, sizeof sa) == 0)
        return ERR_OK;
    err rc = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR ? ERR_MISSING : ERR_IO;
    return why_set(w, rc, "%s: %s", sa.sun_path, strerror(errno));
}

/* Waits until the socket is ready; false: the time is over. */
static bool wait_for(const struct line *l, short events)
{
    struct pollfd p = { .fd = l->fd, .events = events };
    int64_t left = l->end_ns - clock_mono_ns();
    return left > 0 && poll(&p, 1, (int)(left / NS_PER_MS) + 1) > 0;
}

static err send_all(const struct line *l, struct slice s, struct why *w)
{
    while (s.n) {
        if (!wait_for(l, POLLOUT))
            return why_set(w, ERR_IO, "%s: the server does not take the question", l->data);
        ssize_t n = send(l->fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return why_set(w, ERR_IO, "%s: %s", l->data, strerror(errno));
        s = slice_after(s, n > 0 ? (size_t)n : 0);
    }
    return ERR_OK;
}

/* Everything up to the end of the connection. */
static err receive_all(const struct line *l, struct arena *a, struct slice *out, struct why *w)
{
    size_t cap = FIRST_CAP, n = 0;
    uint8_t *p = arena_alloc(a, cap);
    while (p) {
        if (!wait_for(l, POLLIN))
            return why_set(w, ERR_IO, "%s: the server does not answer in time", l->data);
        ssize_t got = recv(l->fd, p + n, cap - n, MSG_DONTWAIT);
        if (got == 0) {
            *out = slice_of(p, n);
            return ERR_OK;
        }
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return why_set(w, ERR_IO, "%s: %s", l->data, strerror(errno));
        n += got > 0 ? (size_t)got : 0;
        if (n < cap)
            continue;
        uint8_t *more = cap < LOCAL_ANSWER_MAX ? arena_alloc(a, 2 * cap) : NULL;
        if (more)
            memcpy(more, p, n);
        p = more;
        cap *= 2;
    }
    return why_set(w, ERR_LIMIT, "%s: the answer is too large", l->data);
}

/* "HTTP/1.1 200 OK", headers, an empty line, the body to the end. */
static err read_answer(struct slice all, const char *data, struct local_answer *out, struct why *w)
{
    static const struct slice version = SLICE("HTTP/1.1 ");
    uint64_t status = 0;
    struct slice rest = all;
    if (!slice_starts(all, version) ||
        !slice_to_u64(slice_first(slice_after(all, version.n), 3), &status))
        return why_set(w, ERR_FORMAT, "%s: the server's answer is not HTTP", data);
    while (rest.n && !slice_starts(rest, SLICE("\r\n"))) {
        ptrdiff_t end = slice_find(rest, '\n');
        rest = slice_after(rest, end < 0 ? rest.n : (size_t)end + 1);
    }
    if (!rest.n)
        return why_set(w, ERR_FORMAT, "%s: the server's answer ends early", data);
    *out = (struct local_answer){ (unsigned)status, slice_after(rest, 2) };
    return ERR_OK;
}

static err ask(struct line *l, const struct local_question *q, struct arena *a,
               struct local_answer *out, struct why *w)
{
    char head[HEAD_BYTES];
    struct slice all = { NULL, 0 };
    int n = snprintf(head, sizeof head,
                     "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                     q->method, q->path, q->body.n);
    BUG_ON(n < 0 || (size_t)n >= sizeof head);
    err rc = connect_to(l, w);
    if (!rc)
        rc = send_all(l, slice_of(head, (size_t)n), w);
    if (!rc)
        rc = send_all(l, q->body, w);
    if (!rc)
        rc = receive_all(l, a, &all, w);
    return rc ? rc : read_answer(all, q->data, out, w);
}

err local_ask(const struct local_question *q, struct arena *a, struct local_answer *out,
              struct why *w)
{
    struct line l = { .fd = -1, .end_ns = clock_mono_ns() + q->wait_ns, .data = q->data };
    err rc = ask(&l, q, a, out, w);
    if (l.fd >= 0)
        close(l.fd);
    return rc;
}
