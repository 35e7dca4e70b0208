/* Connections of the receiver. */
#include "in/stream.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "in/intake.h"
#include "os/clock.h"
#include "pipe/servertls.h"

#define TURN_BYTES (4 * STREAM_READ_BYTES) /* of one connection before others have their turn */
#define ACCEPTS    64
#define RETRY_US   200000
#define AGAIN      (-1)
#define FAILED     (-2)
#define FRAME_SLOW INT64_C(16384) /* bytes/s that a large frame must come with at least */
#define SECOND_NS  INT64_C(1000000000)

static struct counters *counters_of(const struct stream *s)
{
    return intake_counters(s->group->intake);
}

static void count(const struct stream *s, enum counter_id id)
{
    counter_add(counters_of(s), id, 1);
}

const char *stream_peer(const struct stream *s, char *text)
{
    struct buf b = buf_of(text, 63);
    buf_addr(&b, &s->origin.ip);
    buf_printf(&b, " port %u", s->origin.port);
    text[b.n] = '\0';
    return text;
}

/* ---- end */

static void forget_kept(struct stream *s)
{
    slab_free(&s->group->slab, s->kept, s->kept_cap);
    s->kept = NULL;
    s->kept_n = s->kept_cap = 0;
}

static void let_go(struct stream *s)
{
    s->group->ops->end(s);
    xfree(s);
}

void stream_close(struct stream *s)
{
    if (s->closed)
        return;
    s->closed = true;
    clients_remove(intake_clients(s->group->intake), &s->client);
    event_free(s->read);
    event_free(s->write);
    if (s->tls && SSL_is_init_finished(s->tls))
        SSL_shutdown(s->tls);
    SSL_free(s->tls);
    ERR_clear_error();
    close(s->fd);
    forget_kept(s);
    s->group->n--;
    if (!s->in_use)
        let_go(s);
}

static void leave(struct stream *s)
{
    if (--s->in_use == 0 && s->closed)
        let_go(s);
}

/* ---- bytes in and out */

static ssize_t tls_result(struct stream *s, int rc)
{
    char text[256], peer[64];
    int e = SSL_get_error(s->tls, rc);
    if (e == SSL_ERROR_WANT_READ)
        return AGAIN;
    if (e == SSL_ERROR_WANT_WRITE) {
        s->want_write = true;
        return AGAIN;
    }
    if (e == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (e == SSL_ERROR_SSL || !SSL_is_init_finished(s->tls)) {
        count(s, COUNTER_INTAKE_TLS);
        complain(&s->group->tls_failed, clock_mono_ns(), "%s: TLS with %s failed: %s",
                 s->group->name, stream_peer(s, peer),
                 e == SSL_ERROR_SSL ? tls_error(text, sizeof text) : "the client left");
    }
    ERR_clear_error();
    return FAILED;
}

/* Bytes read, 0 at the end, AGAIN or FAILED. */
static ssize_t receive(struct stream *s, uint8_t *to, size_t n)
{
    if (s->tls) {
        size_t got;
        ERR_clear_error();
        int rc = SSL_read_ex(s->tls, to, n, &got);
        return rc == 1 ? (ssize_t)got : tls_result(s, rc);
    }
    ssize_t got = recv(s->fd, to, n, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? AGAIN : FAILED;
    return got;
}

static ssize_t transmit(struct stream *s, struct slice b)
{
    if (s->tls) {
        size_t sent;
        ERR_clear_error();
        int rc = SSL_write_ex(s->tls, b.p, b.n, &sent);
        return rc == 1 ? (ssize_t)sent : tls_result(s, rc);
    }
    ssize_t sent = send(s->fd, b.p, b.n, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? AGAIN : FAILED;
    return sent;
}

static void flush(struct stream *s)
{
    while (s->out_n && !s->closed) {
        ssize_t n = transmit(s, slice_of(s->out, s->out_n));
        if (n == FAILED || n == 0) {
            stream_close(s);
            return;
        }
        if (n == AGAIN) {
            event_add(s->write, NULL);
            return;
        }
        s->out_n -= (unsigned)n;
        memmove(s->out, s->out + n, s->out_n);
    }
}

void stream_send(struct stream *s, struct slice bytes)
{
    char peer[64];
    if (s->closed)
        return;
    if (bytes.n > sizeof s->out - s->out_n) {
        count(s, COUNTER_INTAKE_STUCK);
        complain(&s->group->stuck, clock_mono_ns(), "%s: %s does not read its answers: closed",
                 s->group->name, stream_peer(s, peer));
        stream_close(s);
        return;
    }
    memcpy(s->out + s->out_n, bytes.p, bytes.n);
    s->out_n += (unsigned)bytes.n;
    s->in_use++;
    flush(s);
    leave(s);
}

/* ---- what is kept */

/* Room for cap bytes with those that are kept; false when the budget does not allow it. */
static bool keep_room(struct stream *s, size_t cap)
{
    if (cap <= s->kept_cap)
        return true;
    uint8_t *p = s->kept ? slab_resize(&s->group->slab, s->kept, s->kept_cap, cap)
                         : slab_alloc(&s->group->slab, cap);
    if (!p)
        return false;
    s->kept = p;
    s->kept_cap = cap;
    return true;
}

/* `rest` is what was not taken of scratch or of kept bytes. */
static bool keep(struct stream *s, struct slice rest)
{
    if (rest.n == 0) {
        forget_kept(s);
        return true;
    }
    if (s->kept) {
        memmove(s->kept, rest.p, rest.n);
    } else if (keep_room(s, s->need > rest.n ? s->need : rest.n) || keep_room(s, rest.n)) {
        memcpy(s->kept, rest.p, rest.n);
    } else {
        return false;
    }
    s->kept_n = rest.n;
    return true;
}

static void close_hungry(struct stream *s)
{
    char peer[64];
    count(s, COUNTER_INTAKE_NO_MEMORY);
    complain(&s->group->memory, clock_mono_ns(),
             "%s: the memory of its connections is used up: %s is closed", s->group->name,
             stream_peer(s, peer));
    stream_close(s);
}

/* Gives what is there to the owner until it lacks bytes or pauses. */
static void feed(struct stream *s, struct slice bytes)
{
    size_t before = bytes.n;
    if (bytes.n >= s->need || s->hungry) {
        s->hungry = false;
        s->need = 1;
        bytes = slice_after(bytes, s->group->ops->take(s, bytes, &s->need));
    }
    if (s->closed)
        return;
    if (!keep(s, bytes)) {
        close_hungry(s);
        return;
    }
    if (bytes.n == 0)
        s->frame_ns = 0;
    else if (!s->frame_ns || bytes.n < before)
        s->frame_ns = s->last_ns;
}

/* A frame that is larger than what is kept gets all its room at once, or waits until it is there:
 * who has its room can be finished. */
static bool make_room(struct stream *s)
{
    size_t want = s->kept_n < s->kept_cap ? s->kept_cap : 2 * s->kept_cap;
    if (want > SLAB_MAX_BYTES)
        want = SLAB_MAX_BYTES;
    if (want < s->need)
        want = s->need;
    s->starved = s->kept && !keep_room(s, want);
    if (s->starved) {
        count(s, COUNTER_INTAKE_WAITS);
        event_del(s->read);
    }
    return !s->starved;
}

/* ---- reading */

static void at_end(struct stream *s, ssize_t n)
{
    if (s->kept_n || n == FAILED)
        count(s, COUNTER_INTAKE_CUT);
    stream_close(s);
}

/* One read. False: no more for now. */
static bool read_once(struct stream *s, size_t *turn)
{
    if (!make_room(s))
        return false;
    uint8_t *to = s->kept ? s->kept + s->kept_n : s->group->scratch;
    size_t room = s->kept ? s->kept_cap - s->kept_n : STREAM_READ_BYTES;
    BUG_ON(room == 0);
    ssize_t n = receive(s, to, room);
    if (n == AGAIN)
        return false;
    if (n <= 0) {
        at_end(s, n);
        return false;
    }
    counter_add(counters_of(s), COUNTER_INTAKE_BYTES, (uint64_t)n);
    *turn += (size_t)n;
    s->last_ns = clock_mono_ns();
    if (s->kept)
        s->kept_n += (size_t)n;
    feed(s, s->kept ? slice_of(s->kept, s->kept_n) : slice_of(to, (size_t)n));
    return !s->closed;
}

/* What TLS has read already does not make the socket readable: that must be taken. */
static bool is_turn_over(const struct stream *s, size_t turn)
{
    return s->paused || s->closed || s->stopping ||
           (turn >= TURN_BYTES && !(s->tls && SSL_pending(s->tls)));
}

static void read_turn(struct stream *s)
{
    size_t turn = 0;
    while (!is_turn_over(s, turn) && read_once(s, &turn))
        ;
    if (!s->closed && s->want_write) {
        s->want_write = false;
        event_add(s->write, NULL);
    }
}

static void on_read(evutil_socket_t fd, short what, void *ctx)
{
    struct stream *s = ctx;
    (void)fd, (void)what;
    if (s->paused || s->stopping)
        return;
    s->in_use++;
    read_turn(s);
    if (!s->closed && s->tls)
        flush(s);
    leave(s);
}

static void on_write(evutil_socket_t fd, short what, void *ctx)
{
    struct stream *s = ctx;
    (void)fd, (void)what;
    s->in_use++;
    flush(s);
    if (!s->closed && s->tls && !s->paused && !s->stopping)
        read_turn(s);
    leave(s);
}

void stream_pause(struct stream *s)
{
    s->paused = true;
    if (!s->closed)
        event_del(s->read);
}

void stream_resume(struct stream *s)
{
    if (s->closed || s->stopping)
        return;
    s->in_use++;
    s->paused = false;
    s->hungry = true;
    s->last_ns = clock_mono_ns();
    if (s->frame_ns)
        s->frame_ns = s->last_ns;
    feed(s, slice_of(s->kept, s->kept_n));
    if (!s->closed && !s->paused) {
        event_add(s->read, NULL);
        if (s->tls && SSL_pending(s->tls))
            read_turn(s);
    }
    leave(s);
}

/* ---- time */

static bool is_slow(const struct stream *s, int64_t now_ns)
{
    bool shaking = s->tls && !SSL_is_init_finished(s->tls);
    if (!s->group->frame_ns || s->paused || s->starved || !(s->frame_ns || shaking))
        return false;
    int64_t since = s->frame_ns ? s->frame_ns : s->last_ns;
    return now_ns - since > s->group->frame_ns + (int64_t)s->need / FRAME_SLOW * SECOND_NS;
}

/* Its frame found no room while others had time to finish theirs: perhaps it never will. */
static bool is_starved_out(const struct stream *s, int64_t now_ns)
{
    return s->starved && s->group->frame_ns && now_ns - s->last_ns > s->group->frame_ns;
}

static bool is_idle(const struct stream *s, int64_t now_ns)
{
    return s->group->idle_ns && !s->paused && !s->starved && !s->group->ops->is_busy(s) &&
           now_ns - s->last_ns > s->group->idle_ns;
}

static void tick(struct stream *s, int64_t now_ns)
{
    char peer[64];
    if (s->starved && make_room(s)) {
        s->last_ns = s->frame_ns = now_ns;
        event_add(s->read, NULL);
    }
    if (is_starved_out(s, now_ns)) {
        close_hungry(s);
    } else if (is_slow(s, now_ns)) {
        count(s, COUNTER_INTAKE_SLOW);
        complain(&s->group->slow, now_ns, "%s: %s is too slow with a frame or handshake: closed",
                 s->group->name, stream_peer(s, peer));
        stream_close(s);
    } else if (is_idle(s, now_ns)) {
        count(s, COUNTER_INTAKE_IDLE);
        stream_close(s);
    } else if (s->group->ops->tick) {
        s->group->ops->tick(s, now_ns);
    }
}

void stream_tick(struct client *c, int64_t now_ns)
{
    struct stream *s = container_of(c, struct stream, client);
    s->in_use++;
    tick(s, now_ns);
    leave(s);
}

void stream_stop(struct client *c)
{
    struct stream *s = container_of(c, struct stream, client);
    s->stopping = true;
    event_del(s->read);
}

void stream_close_client(struct client *c)
{
    stream_close(container_of(c, struct stream, client));
}

void stream_resume_client(struct client *c)
{
    stream_resume(container_of(c, struct stream, client));
}

/* ---- birth */

static bool begin_tls(struct stream *s)
{
    if (!s->group->tls)
        return true;
    s->tls = SSL_new(s->group->tls);
    if (!s->tls || SSL_set_fd(s->tls, s->fd) != 1)
        return false;
    SSL_set_accept_state(s->tls);
    return true;
}

static void begin(struct streams *g, int fd, const struct sockaddr *sa)
{
    int one = 1;
    struct event_base *base = intake_base(g->intake);
    struct stream *s = xcalloc(1, g->ops->bytes);
    s->group = g;
    s->fd = fd;
    s->need = 1;
    s->client.ops = g->client;
    s->origin.input = g->name;
    listener_peer(sa, &s->origin.ip, &s->origin.port);
    s->last_ns = clock_mono_ns();
    s->read = event_new(base, fd, EV_READ | EV_PERSIST, on_read, s);
    s->write = event_new(base, fd, EV_WRITE, on_write, s);
    xneed(s->read && s->write, "memory for a connection");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (g->keepalive)
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    g->n++;
    clients_add(intake_clients(g->intake), &s->client);
    count(s, COUNTER_INTAKE_CONNECTIONS);
    g->ops->begin(s);
    if (!begin_tls(s) || event_add(s->read, NULL))
        stream_close(s);
}

static void refuse(struct streams *g, int fd)
{
    counter_add(intake_counters(g->intake), COUNTER_INTAKE_CONNECTIONS_REFUSED, 1);
    complain(&g->crowded, clock_mono_ns(),
             "%s: %lld connections (max_connections): more are closed", g->name, (long long)g->n);
    close(fd);
}

/* Out of descriptors: the listeners rest, so that the loop does not spin. */
static void rest(struct streams *g, int code)
{
    struct timeval t = { 0, RETRY_US };
    complain(&g->accept_failed, clock_mono_ns(), "%s: cannot accept connections: %s", g->name,
             strerror(code));
    for (unsigned i = 0; i < g->sockets.n; i++)
        event_del(g->accept[i]);
    event_add(g->retry, &t);
}

static void on_accept(evutil_socket_t fd, short what, void *ctx)
{
    struct streams *g = ctx;
    (void)what;
    for (unsigned i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage sa;
        socklen_t n = sizeof sa;
        int peer = accept4(fd, (struct sockaddr *)&sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                rest(g, errno);
            if (errno != EINTR && errno != ECONNABORTED)
                return;
        } else if (g->n >= g->max) {
            refuse(g, peer);
        } else {
            begin(g, peer, (struct sockaddr *)&sa);
        }
    }
}

static void on_retry(evutil_socket_t fd, short what, void *ctx)
{
    struct streams *g = ctx;
    (void)fd, (void)what;
    for (unsigned i = 0; i < g->sockets.n; i++)
        event_add(g->accept[i], NULL);
}

err streams_open(struct streams *g, const struct tls_conf *tls, const struct listen_conf *listen,
                 struct why *w)
{
    err rc = tls_new(tls, g->name, &g->tls, w);
    if (rc)
        return rc;
    rc = listener_open(listen, g->name, &g->sockets, w);
    if (rc)
        tls_free(g->tls);
    return rc;
}

void streams_begin(struct streams *g, int64_t memory_bytes)
{
    struct event_base *base = intake_base(g->intake);
    slab_init(&g->slab, (size_t)memory_bytes);
    g->scratch = xmalloc(STREAM_READ_BYTES);
    g->retry = evtimer_new(base, on_retry, g);
    for (unsigned i = 0; i < g->sockets.n; i++) {
        g->accept[i] = event_new(base, g->sockets.fd[i], EV_READ | EV_PERSIST, on_accept, g);
        xneed(g->accept[i] && !event_add(g->accept[i], NULL), "memory for a listener");
    }
}

void streams_stop(struct streams *g)
{
    event_del(g->retry);
    for (unsigned i = 0; i < g->sockets.n; i++)
        event_del(g->accept[i]);
    for (unsigned i = 0; i < g->sockets.n; i++)
        event_free(g->accept[i]);
    listener_close(&g->sockets);
}

void streams_free(struct streams *g)
{
    if (g->sockets.n)
        streams_stop(g);
    event_free(g->retry);
    tls_free(g->tls);
    slab_destroy(&g->slab);
    xfree(g->scratch);
}
