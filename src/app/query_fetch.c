/* Where answers come from: POST /api/v1/query over the server's socket (its own few lines of HTTP,
 * as libevent's client knows no such sockets before 2.2), or the store itself. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/query_cmd.h"
#include "app/routing.h"
#include "app/state_cmd.h"
#include "app/store_use.h"
#include "os/clock.h"
#include "store/query.h"
#include "web/web.h"

#define NS_PER_MS 1000000

/* ---- the server */

/* A connection, or -1 when no server listens there. */
static int dial(const char *folder)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int n = snprintf(sa.sun_path, sizeof sa.sun_path, "%s/" WEB_SOCKET_NAME, folder);
    if (n < 0 || (size_t)n >= sizeof sa.sun_path)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool write_all(int fd, struct slice s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s = slice_after(s, (size_t)n);
    }
    return true;
}

static bool read_all(int fd, struct buf *out)
{
    for (;;) {
        if (out->n == out->cap)
            return false;
        ssize_t n = read(fd, out->p + out->n, out->cap - out->n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        out->n += (size_t)n;
    }
}

static bool post(int fd, struct slice request, struct buf *out)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                     "application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                     request.n);
    return write_all(fd, slice_of(head, (size_t)n)) && write_all(fd, request) && read_all(fd, out);
}

/* Keeps the body alone. The server closes the connection behind it. */
static err take_body(struct buf *out, struct why *w)
{
    struct slice all = buf_slice(out);
    ptrdiff_t end = slice_search(all, SLICE("\r\n\r\n"));
    if (!slice_starts(all, SLICE("HTTP/1.1 ")) || end < 0)
        return why_set(w, ERR_FORMAT, "the server's answer is no HTTP");
    struct slice body = slice_after(all, (size_t)end + 4);
    memmove(out->p, body.p, body.n);
    out->n = body.n;
    return ERR_OK;
}

static err ask_server(int fd, struct slice request, struct buf *out, struct why *w)
{
    bool good = post(fd, request, out);
    close(fd);
    if (!good)
        return why_set(w, ERR_IO,
                       out->n == out->cap ? "the server's answer is too large"
                                          : "the server closed the connection");
    return take_body(out, w);
}

/* ---- the store */

static err answer(struct query_session *session, const struct query *q,
                  const struct query_data *data, struct buf *out)
{
    struct query_error e;
    err rc = query_answer(session, q, data, out, &e);
    if (rc)
        query_error_write(out, &e);
    return ERR_OK;
}

static err ask_store(struct store *store, const struct asked *asked, const struct state_use *state,
                     struct buf *out, struct why *w)
{
    struct query q;
    struct query_error e;
    struct query_session *session;
    struct store_view *view;
    struct arena mem;
    arena_init(&mem, NULL, 0);
    err rc = query_read(&q, asked->request, clock_real_ns() / NS_PER_MS, &mem, &e);
    if (rc) {
        query_error_write(out, &e);
        arena_free(&mem);
        return ERR_OK;
    }
    struct view_range range = query_range(&q);
    rc = store_view_open(store, &range, &view, w);
    if (!rc) {
        struct query_data data = { view, state->streams.v, state->streams.n };
        rc = query_session_open(&session, view->duck, w);
        if (!rc)
            rc = answer(session, &q, &data, out);
        if (!rc)
            query_session_close(session);
        store_view_close(store, view);
    }
    arena_free(&mem);
    return rc;
}

/* The state is opened first: who never ran `serve` hears that, and nothing is made. */
static err ask_files(struct store_use *u, const struct asked *asked, const struct args *a,
                     struct buf *out, struct why *w)
{
    struct state_use state;
    err rc = state_use_begin(&state, a, w);
    if (rc)
        return rc;
    rc = store_use_open(u, a, w);
    if (!rc && !store_show(u->store))
        rc = why_set(w, ERR_IO, "what is in the journal cannot be read for now (see the log)");
    if (!rc)
        rc = ask_store(u->store, asked, &state, out, w);
    state_use_end(&state);
    return rc;
}

err query_fetch(const struct asked *q, const struct args *a, struct buf *out, struct why *w)
{
    static struct store_use u;
    err rc = store_use_load(&u, a, w);
    if (!rc) {
        int fd = dial(routing_folder(&u.start.config));
        rc = fd >= 0 ? ask_server(fd, q->request, out, w) : ask_files(&u, q, a, out, w);
    }
    store_use_end(&u);
    return rc;
}
