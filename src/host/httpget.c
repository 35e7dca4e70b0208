/* HTTP/1.1 with "Connection: close" (RFC 9112): the answer ends with the connection, with its
 * length, or with its last chunk. */
#include "host/httpget.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "os/clock.h"
#include "os/lookup.h"

#define REQUEST_MAX 2048

/* Waits for fd. ERR_END: cancelled. */
static err wait_for(const struct http_request *r, int fd, short events, struct why *w)
{
    struct pollfd fds[] = { { fd, events, 0 }, { r->cancel_fd, POLLIN, 0 } };
    for (;;) {
        int64_t left = r->deadline_ns - clock_mono_ns();
        if (left <= 0)
            return why_set(w, ERR_IO, "no answer in time");
        int n = poll(fds, 2, (int)(left / 1000000) + 1);
        if (fds[1].revents)
            return why_set(w, ERR_END, "given up");
        if (n > 0)
            return ERR_OK;
        if (n < 0 && errno != EINTR)
            return why_set(w, ERR_IO, "poll: %s", strerror(errno));
    }
}

static err finish_connect(const struct http_request *r, int fd, struct why *w)
{
    int code = 0;
    socklen_t n = sizeof code;
    err e = wait_for(r, fd, POLLOUT, w);
    if (e)
        return e;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &n);
    return code ? why_set(w, ERR_IO, "%s", strerror(code)) : ERR_OK;
}

static err connect_to(const struct http_request *r, int *fd, const struct sockaddr *to, socklen_t n,
                      struct why *w)
{
    *fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return why_set(w, ERR_IO, "socket: %s", strerror(errno));
    if (connect(*fd, to, n) == 0)
        return ERR_OK;
    if (errno != EINPROGRESS)
        return why_set(w, ERR_IO, "%s", strerror(errno));
    return finish_connect(r, *fd, w);
}

static err connect_unix(const struct http_request *r, int *fd, struct why *w)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct slice path = slice_cstr(r->unix_path);
    if (path.n >= sizeof to.sun_path)
        return why_set(w, ERR_IO, "the path of the socket is too long");
    memcpy(to.sun_path, path.p, path.n);
    return connect_to(r, fd, (const struct sockaddr *)&to, sizeof to, w);
}

static err connect_host(const struct http_request *r, int *fd, struct why *w)
{
    struct addrinfo *to = lookup_digits(r->host, r->port);
    err e = ERR_OK;
    if (!to) {
        struct lookup *l = lookup_start(r->host, r->port);
        e = l ? wait_for(r, lookup_fd(l), POLLIN, w) : ERR_IO;
        if (e)
            lookup_cancel(l);
        else
            to = lookup_take(l, w);
    }
    if (!to)
        return e ? e : ERR_IO;
    e = connect_to(r, fd, to->ai_addr, to->ai_addrlen, w);
    freeaddrinfo(to);
    return e;
}

static err send_request(const struct http_request *r, int fd, struct why *w)
{
    char text[REQUEST_MAX];
    struct buf b = buf_of(text, sizeof text);
    buf_printf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s%s\r\n", r->method,
               r->path, r->unix_path ? "localhost" : r->host,
               strcmp(r->method, "PUT") == 0 ? "Content-Length: 0\r\n" : "", r->headers);
    if (b.full)
        return why_set(w, ERR_LIMIT, "the request is too long");
    struct slice rest = buf_slice(&b);
    while (rest.n) {
        ssize_t n = send(fd, rest.p, rest.n, MSG_NOSIGNAL);
        if (n > 0) {
            rest = slice_after(rest, (size_t)n);
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return why_set(w, ERR_IO, "%s", strerror(errno));
        err e = wait_for(r, fd, POLLOUT, w);
        if (e)
            return e;
    }
    return ERR_OK;
}

/* ---- the answer */

static bool header(struct slice head, const char *name, struct slice *value)
{
    struct cursor c = cur_of(head);
    struct slice want = slice_cstr(name);
    while (cur_left(&c)) {
        struct slice line = cur_line(&c);
        if (line.n > want.n && line.p[want.n] == ':' &&
            slice_eq_nocase(slice_first(line, want.n), want)) {
            *value = slice_trim(slice_after(line, want.n + 1));
            return true;
        }
    }
    return false;
}

static bool hex_line(struct cursor *c, size_t *out)
{
    struct slice line = cur_line(c);
    *out = 0;
    size_t i = 0;
    for (; i < line.n && i < 8; i++) {
        uint8_t b = ascii_lower(line.p[i]);
        if (!(b >= '0' && b <= '9') && !(b >= 'a' && b <= 'f'))
            break;
        *out = *out * 16 + (size_t)(b <= '9' ? b - '0' : b - 'a' + 10);
    }
    return cur_ok(c) && i > 0;
}

static bool read_chunks(struct slice body, struct arena *a, struct slice *out)
{
    struct cursor c = cur_of(body);
    struct buf b = buf_of(arena_alloc(a, body.n), body.n);
    size_t n;
    while (b.p && hex_line(&c, &n)) {
        if (n == 0) {
            *out = buf_slice(&b);
            return true;
        }
        buf_add(&b, cur_bytes(&c, n));
        cur_line(&c);
        if (!cur_ok(&c))
            break;
    }
    return false;
}

bool http_read_answer(struct slice text, struct arena *a, struct http_answer *out)
{
    ptrdiff_t end = slice_search(text, SLICE("\r\n\r\n"));
    uint64_t status, length;
    struct slice value;
    if (end < 0 || !slice_starts(text, SLICE("HTTP/1.")) || text.n < 13 || text.p[8] != ' ' ||
        !slice_to_u64(slice_of(text.p + 9, 3), &status))
        return false;
    struct slice head = slice_first(text, (size_t)end + 2);
    out->status = (unsigned)status;
    out->body = slice_after(text, (size_t)end + 4);
    if (header(head, "transfer-encoding", &value))
        return slice_eq_nocase(value, SLICE("chunked")) && read_chunks(out->body, a, &out->body);
    if (!header(head, "content-length", &value))
        return true;
    if (!slice_to_u64(value, &length) || length > out->body.n)
        return false;
    out->body.n = (size_t)length;
    return true;
}

/* Whether the answer has a length of its own, and all of that is there. */
static bool is_whole(struct slice text, struct arena *a, struct http_answer *out)
{
    ptrdiff_t end = slice_search(text, SLICE("\r\n\r\n"));
    struct slice head = slice_first(text, end < 0 ? 0 : (size_t)end + 2), ignored;
    return (header(head, "content-length", &ignored) ||
            header(head, "transfer-encoding", &ignored)) &&
           http_read_answer(text, a, out);
}

static err read_all(const struct http_request *r, int fd, struct arena *a, struct http_answer *out,
                    struct why *w)
{
    struct buf b = buf_of(arena_alloc(a, r->max_bytes), r->max_bytes);
    if (!b.p)
        return why_set(w, ERR_LIMIT, "out of memory");
    for (;;) {
        ssize_t n = recv(fd, b.p + b.n, b.cap - b.n, 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return why_set(w, ERR_IO, "%s", strerror(errno));
        if (n == 0)
            break;
        b.n += n > 0 ? (size_t)n : 0;
        if (n > 0 && is_whole(buf_slice(&b), a, out))
            return ERR_OK;
        if (b.n == b.cap)
            return why_set(w, ERR_LIMIT, "the answer is too long");
        err e = n > 0 ? ERR_OK : wait_for(r, fd, POLLIN, w);
        if (e)
            return e;
    }
    return http_read_answer(buf_slice(&b), a, out)
               ? ERR_OK
               : why_set(w, ERR_IO, "the answer is no HTTP, or not whole");
}

err http_get(const struct http_request *r, struct arena *a, struct http_answer *out, struct why *w)
{
    int fd = -1;
    err e = r->unix_path ? connect_unix(r, &fd, w) : connect_host(r, &fd, w);
    if (!e)
        e = send_request(r, fd, w);
    if (!e)
        e = read_all(r, fd, a, out, w);
    if (fd >= 0)
        close(fd);
    return e;
}
