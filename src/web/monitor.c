/* Connections are few and short: a table of them, a deadline each, and poll. */
#include "web/monitor.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/bell.h"
#include "os/clock.h"
#include "os/thread.h"
#include "pipe/listener.h"

#define CONNS       32
#define HEAD_BYTES  ((size_t)8192)
#define BODY_BYTES  ((size_t)64 * 1024)
#define BODY_MAX    ((size_t)8 * 1024 * 1024)
#define DEADLINE_NS INT64_C(10000000000) /* of a request and its answer */
#define LINGER_NS   INT64_C(1000000000)
#define POLL_MS     1000
#define BACKLOG     16
#define UNIX_PREFIX "unix://"
#define PIPE_PREFIX "npipe://"
#define NAME_BYTES  300

struct monitor_conn {
    int fd; /* -1: free */
    int64_t deadline_ns;
    uint8_t head[HEAD_BYTES];
    size_t n, scanned;
    struct buf out; /* memory is the connection's, kept for the next one */
    size_t sent;
    bool sends, ends; /* ends: all is sent; what still comes is thrown away, so that the answer is
                         read and not cut off by a reset */
};

struct monitor {
    struct monitor_conf conf;
    struct sockets sockets;
    int local; /* -1: none */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char address[NAME_BYTES];
    struct monitor_conn conn[CONNS];
    struct buf body;
    struct arena mem;
    struct thread thread;
    struct bell bell;
    atomic_bool stop; /* shared: set by the owner */
};

/* ---- answers */

static void grow(struct buf *b)
{
    b->cap = b->cap ? 2 * b->cap : BODY_BYTES;
    b->p = xrealloc(b->p, b->cap);
}

static void fail(struct monitor_answer *a, int status, const char *text)
{
    a->status = status;
    a->type = "text/plain; charset=utf-8";
    buf_reset(a->body);
    buf_cstr(a->body, text);
    buf_u8(a->body, '\n');
}

static void make_body(struct monitor *m, const struct http_head *h, struct monitor_answer *a)
{
    do {
        if (m->body.full && m->body.cap < BODY_MAX)
            grow(&m->body);
        buf_reset(&m->body);
        *a = (struct monitor_answer){ .status = 200, .body = &m->body };
        if (h->method != HTTP_GET && h->method != HTTP_HEAD)
            fail(a, 405, "only GET is answered here");
        else
            m->conf.answer(m->conf.ctx, h, a);
    } while (m->body.full && m->body.cap < BODY_MAX);
    if (m->body.full)
        fail(a, 500, "the answer is too large");
}

static void put_answer(struct monitor *m, struct monitor_conn *c, const struct monitor_answer *a,
                       bool with_body)
{
    while (c->out.cap < m->body.n + 512)
        grow(&c->out);
    buf_reset(&c->out);
    buf_printf(&c->out,
               "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
               "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n%s"
               "Connection: close\r\n\r\n",
               a->status, http_reason(a->status), a->type, m->body.n,
               a->status == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (with_body)
        buf_add(&c->out, buf_slice(&m->body));
    c->sent = 0;
    c->sends = true;
}

static void answer(struct monitor *m, struct monitor_conn *c)
{
    struct http_head h = { .method = HTTP_GET };
    struct monitor_answer a = { .body = &m->body };
    struct why w;
    int refused = http_head_read(&h, slice_of(c->head, c->scanned), &m->mem, &w);
    if (refused)
        fail(&a, refused, w.text);
    else
        make_body(m, &h, &a);
    put_answer(m, c, &a, h.method != HTTP_HEAD);
    arena_reset(&m->mem);
}

static void refuse(struct monitor *m, struct monitor_conn *c, int status, const char *text)
{
    struct monitor_answer a = { .body = &m->body };
    fail(&a, status, text);
    put_answer(m, c, &a, true);
}

/* ---- connections */

static void drop(struct monitor_conn *c)
{
    close(c->fd);
    c->fd = -1;
    if (c->out.cap > BODY_BYTES * 4) {
        xfree(c->out.p);
        c->out = (struct buf){ 0 };
    }
}

static void read_some(struct monitor *m, struct monitor_conn *c)
{
    ssize_t n = recv(c->fd, c->head + c->n, sizeof c->head - c->n, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(c);
        return;
    }
    c->n += n > 0 ? (size_t)n : 0;
    switch (http_head_scan(slice_of(c->head, c->n), &c->scanned)) {
    case HTTP_WHOLE:
        answer(m, c);
        break;
    case HTTP_BROKEN:
        refuse(m, c, 400, "a line of the head does not end with CR LF");
        break;
    case HTTP_MORE:
        if (c->n == sizeof c->head)
            refuse(m, c, 431, "the head is too large");
        break;
    }
}

static void send_some(struct monitor_conn *c)
{
    ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    c->sent += n > 0 ? (size_t)n : 0;
    if (n < 0) {
        drop(c);
    } else if (c->sent == c->out.n) {
        shutdown(c->fd, SHUT_WR);
        c->sends = false;
        c->ends = true;
        c->deadline_ns = clock_mono_ns() + LINGER_NS;
    }
}

static void throw_away(struct monitor_conn *c)
{
    ssize_t n = recv(c->fd, c->head, sizeof c->head, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        drop(c);
}

static struct monitor_conn *free_conn(struct monitor *m)
{
    for (unsigned i = 0; i < CONNS; i++)
        if (m->conn[i].fd < 0)
            return &m->conn[i];
    return NULL;
}

static void accept_one(struct monitor *m, int listener)
{
    struct monitor_conn *c = free_conn(m);
    int fd = c ? accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) : -1;
    if (fd < 0)
        return;
    c->fd = fd;
    c->n = c->scanned = 0;
    c->sends = c->ends = false;
    c->deadline_ns = clock_mono_ns() + DEADLINE_NS;
}

static void serve_conn(struct monitor *m, struct monitor_conn *c, short events)
{
    if (events && c->ends)
        throw_away(c);
    else if (events && !c->sends)
        read_some(m, c);
    if (c->fd >= 0 && c->sends)
        send_some(c);
    if (c->fd >= 0 && clock_mono_ns() > c->deadline_ns)
        drop(c);
}

/* The bell, the listeners (left out while no connection is free), the connections. */
static void turn(struct monitor *m)
{
    struct pollfd fds[1 + LISTENER_SOCKETS + 1 + CONNS];
    nfds_t n = 0;
    bool room = free_conn(m) != NULL;
    fds[n++] = (struct pollfd){ m->bell.fd, POLLIN, 0 };
    for (unsigned i = 0; i < m->sockets.n; i++)
        fds[n++] = (struct pollfd){ room ? m->sockets.fd[i] : -1, POLLIN, 0 };
    fds[n++] = (struct pollfd){ room ? m->local : -1, POLLIN, 0 };
    for (unsigned i = 0; i < CONNS; i++)
        fds[n++] = (struct pollfd){ m->conn[i].fd, m->conn[i].sends ? POLLOUT : POLLIN, 0 };
    poll(fds, n, POLL_MS);
    for (unsigned i = 0; i < CONNS; i++)
        if (m->conn[i].fd >= 0)
            serve_conn(m, &m->conn[i], fds[n - CONNS + i].revents);
    for (unsigned i = 1; i + CONNS < n; i++)
        if (fds[i].revents & POLLIN)
            accept_one(m, fds[i].fd);
}

static void run(void *ctx)
{
    struct monitor *m = ctx;
    while (!atomic_load_explicit(&m->stop, memory_order_acquire))
        turn(m);
}

/* ---- birth and end */

static err open_local(struct monitor *m, const char *path, struct why *w)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof sa.sun_path)
        return why_set(w, ERR_CONFIG, "http.host: the path of the socket is empty or too long");
    memcpy(sa.sun_path, path, n + 1);
    struct stat st;
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return why_set(w, ERR_CONFIG, "http.host: %s is there and no socket", path);
    unlink(path);
    m->local = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (m->local < 0 || fchmod(m->local, 0740) ||
        bind(m->local, (struct sockaddr *)&sa, sizeof sa) || listen(m->local, BACKLOG))
        return why_set(w, ERR_IO, "http.host: %s: %s", path, strerror(errno));
    memcpy(m->path, path, n + 1);
    snprintf(m->address, sizeof m->address, UNIX_PREFIX "%s", path);
    return ERR_OK;
}

static err open_tcp(struct monitor *m, struct why *w)
{
    /* A name that both families have is the one that is asked first. */
    const char *host = strcmp(m->conf.host, "localhost") == 0 ? "127.0.0.1" : m->conf.host;
    struct listen_conf listen = { .addresses = { &host, 1 }, .port = m->conf.port, .key = "host" };
    err rc = listener_open(&listen, "http", &m->sockets, w);
    bool colon = strchr(m->conf.host, ':') != NULL;
    snprintf(m->address, sizeof m->address, "http://%s%s%s:%u/", colon ? "[" : "", m->conf.host,
             colon ? "]" : "", m->sockets.port);
    return rc;
}

err monitor_open(struct monitor **out, const struct monitor_conf *conf, struct why *w)
{
    struct monitor *m = xcalloc(1, sizeof *m);
    m->conf = *conf;
    m->local = -1;
    for (unsigned i = 0; i < CONNS; i++)
        m->conn[i].fd = -1;
    bell_init(&m->bell);
    arena_init(&m->mem, NULL, 0);
    grow(&m->body);
    err rc;
    if (strncmp(conf->host, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
        rc = open_local(m, conf->host + strlen(UNIX_PREFIX), w);
    else if (strncmp(conf->host, PIPE_PREFIX, strlen(PIPE_PREFIX)) == 0)
        rc = why_set(w, ERR_CONFIG,
                     "http.host: named pipes are of Windows (mend: a name, an "
                     "address, or unix:///path)");
    else
        rc = open_tcp(m, w);
    if (rc) {
        monitor_free(m);
        return rc;
    }
    *out = m;
    return ERR_OK;
}

err monitor_start(struct monitor *m, struct why *w)
{
    return thread_start(&m->thread, "http", run, m)
               ? why_set(w, ERR_LIMIT, "http: cannot start a thread")
               : ERR_OK;
}

const char *monitor_address(const struct monitor *m)
{
    return m->address;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    atomic_store_explicit(&m->stop, true, memory_order_release);
    bell_ring_always(&m->bell);
    thread_join(&m->thread);
    for (unsigned i = 0; i < CONNS; i++) {
        if (m->conn[i].fd >= 0)
            close(m->conn[i].fd);
        xfree(m->conn[i].out.p);
    }
    listener_close(&m->sockets);
    if (m->local >= 0)
        close(m->local);
    if (m->path[0])
        unlink(m->path);
    xfree(m->body.p);
    arena_free(&m->mem);
    bell_close(&m->bell);
    xfree(m);
}
