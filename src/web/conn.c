/* Connections of the HTTP server (libevent's bufferevents; OpenSSL's for TLS). */
#include "web/conn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "web/guard.h"
#include "web/reply.h"
#include "web/static.h"

#define SECOND_NS    INT64_C(1000000000)
#define NOTE_NS      (10 * SECOND_NS)
#define LAST_NS      (2 * SECOND_NS)
#define LIVE_NS      (3600 * SECOND_NS) /* then the browser asks again, with its rights */
#define SEND_NS      (30 * SECOND_NS)
#define SEND_SLOW    INT64_C(16384) /* bytes/s that an answer must be read with at least */
#define WAITING_MAX  ((size_t)64 * 1024)
#define LIVE_UNREAD  ((size_t)16 * 1024)
#define WORK_MARGIN  (10 * SECOND_NS)
#define MEMORY_EXTRA ((size_t)4 << 20)

/* ---- end */

void conn_close(struct conn *c)
{
    struct web *web = c->web;
    if (c->x) {
        c->x->conn = NULL;
        if (c->state == CONN_WORK)
            pool_cancel(&web->pool, c->x, STOP_GONE);
        else
            exchange_free(c->x);
    }
    web->n_live -= c->state == CONN_LIVE;
    web->n_conns--;
    list_remove(&c->all);
    bufferevent_free(c->bev);
    xfree(c);
}

/* The client has our answer, or gets no other: its last bytes are read, so that a reset does not
 * take the answer from it. */
static void end_in_order(struct conn *c)
{
    if (c->is_tls) {
        conn_close(c);
        return;
    }
    shutdown(bufferevent_getfd(c->bev), SHUT_WR);
    evbuffer_drain(bufferevent_get_input(c->bev), SIZE_MAX);
    c->state = CONN_LAST;
    c->deadline_ns = clock_mono_ns() + LAST_NS;
}

/* ---- answers */

static void forget(const void *p, size_t n, void *ctx)
{
    (void)p, (void)n;
    exchange_free(ctx);
}

/* The body's memory goes when it is sent. */
static void send_body(struct conn *c, struct exchange *x, struct slice body)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);
    if (body.n && evbuffer_add_reference(out, body.p, body.n, forget, x) == 0)
        return;
    c->keep_alive = c->keep_alive && body.n == 0; /* a head without its body is the last one */
    exchange_free(x);
}

static void begin_live(struct conn *c)
{
    c->state = CONN_LIVE;
    c->web->n_live++;
    c->live_ns = clock_mono_ns();
    c->live_sent = 0;
    c->deadline_ns = c->live_ns + LIVE_NS;
}

static void add_date(struct exchange *x)
{
    char text[64];
    struct tm tm;
    clock_utc(&tm, clock_real_ns());
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    exchange_header(x, "Date", text);
}

static void send_answer(struct conn *c)
{
    struct exchange *x = c->x;
    add_date(x);
    struct slice body = reply_finish(x);
    uint8_t text[REPLY_HEAD_BYTES];
    struct buf head = buf_of(text, sizeof text);
    bool live = x->live;
    reply_head(&head, x, body.n, c->keep_alive);
    bufferevent_write(c->bev, head.p, head.n);
    web_count(c->web, x->status >= 400 ? COUNTER_WEB_ERRORS : COUNTER_WEB_ANSWERS);
    c->x = NULL;
    if (x->head.method == HTTP_HEAD)
        body.n = 0;
    c->state = CONN_SEND;
    c->deadline_ns = clock_mono_ns() + SEND_NS + (int64_t)body.n / SEND_SLOW * SECOND_NS;
    send_body(c, x, body);
    if (live)
        begin_live(c);
}

void conn_answer(struct exchange *x)
{
    struct conn *c = x->conn;
    if (!c) {
        exchange_free(x);
        return;
    }
    if (atomic_load_explicit(&x->stop, memory_order_relaxed) == STOP_LATE)
        exchange_fail(x, 504,
                      "the query took longer than its timeout (mend: a shorter range, or a "
                      "larger timeout_ms or web.query_timeout)");
    else if (x->finish)
        x->finish(x);
    send_answer(c);
}

static void run_on_pool(struct exchange *x)
{
    x->route->run(x);
    reply_pack(x);
}

static void answer_or_work(struct conn *c)
{
    struct exchange *x = c->x;
    if (x->route && x->route->place == PLACE_POOL)
        x->work = run_on_pool;
    else if (x->route)
        x->route->run(x);
    else
        static_answer(x);
    if (!x->work) {
        send_answer(c);
        return;
    }
    x->deadline_ns = clock_mono_ns() + c->web->conf.query_ns;
    c->state = CONN_WORK;
    c->deadline_ns = x->deadline_ns + WORK_MARGIN;
    if (pool_push(&c->web->pool, x))
        return;
    web_count(c->web, COUNTER_WEB_BUSY);
    exchange_fail(x, 503, "too many queries wait already (web.queue): try again");
    exchange_header(x, "Retry-After", "1");
    send_answer(c);
}

/* ---- requests */

/* Bytes from the client, into memory of the exchange. */
static bool take(struct conn *c, size_t n, struct slice *out)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    uint8_t *to = arena_alloc(&c->x->mem, n);
    if (!to)
        return false;
    evbuffer_remove(in, to, n);
    *out = slice_of(to, n);
    return true;
}

static void refuse(struct conn *c, int status, const char *text)
{
    c->keep_alive = false;
    exchange_fail(c->x, status, "%s", text);
    send_answer(c);
}

static void begin_exchange(struct conn *c)
{
    struct web *web = c->web;
    c->x = exchange_new(web, HEAD_MAX + (size_t)web->conf.max_body + MEMORY_EXTRA);
    c->x->conn = c;
    c->x->ip = c->ip;
    c->x->who.is_local = c->is_local;
}

static void refuse_early(struct conn *c, int status, const char *text)
{
    web_count(c->web, COUNTER_WEB_BAD);
    begin_exchange(c);
    refuse(c, status, text);
}

static void await_body(struct conn *c)
{
    struct web *web = c->web;
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t n = (size_t)c->x->head.body_bytes;
    c->state = CONN_BODY;
    c->deadline_ns = clock_mono_ns() + web->conf.body_ns;
    bufferevent_setwatermark(c->bev, EV_READ, 0, n + WAITING_MAX);
    if (c->x->head.expects_continue && evbuffer_get_length(bufferevent_get_input(c->bev)) < n)
        bufferevent_write(c->bev, go_on, sizeof go_on - 1);
}

/* The head is whole. */
static void take_head(struct conn *c, size_t n)
{
    struct web *web = c->web;
    struct slice text;
    struct why w = { "" };
    begin_exchange(c);
    web_count(web, COUNTER_WEB_REQUESTS);
    xneed(take(c, n, &text), "memory for a request");
    int status = http_head_read(&c->x->head, text, &c->x->mem, &w);
    c->keep_alive = c->x->head.keep_alive;
    if (status) {
        web_count(web, COUNTER_WEB_BAD);
        refuse(c, status, w.text);
    } else if (c->x->head.body_bytes > (uint64_t)web->conf.max_body) {
        web_count(web, COUNTER_WEB_BAD);
        refuse(c, 413, "the body is larger than web.max_body");
    } else if (!guard_head(c->x)) {
        c->keep_alive = c->x->head.keep_alive && c->x->head.body_bytes == 0;
        send_answer(c);
    } else if (c->x->head.body_bytes) {
        await_body(c);
    } else {
        answer_or_work(c);
    }
}

static bool read_head(struct conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t n = evbuffer_get_length(in);
    if (n == 0)
        return false;
    if (c->fresh)
        c->deadline_ns = clock_mono_ns() + c->web->conf.head_ns;
    c->fresh = false;
    size_t looked_at = n < HEAD_MAX ? n : HEAD_MAX;
    struct slice s = slice_of(evbuffer_pullup(in, (ssize_t)looked_at), looked_at);
    enum http_scan scan = http_head_scan(s, &c->scanned);
    if (scan == HTTP_WHOLE)
        take_head(c, c->scanned);
    else if (scan == HTTP_BROKEN)
        refuse_early(c, 400, "a line of the request does not end with CR LF");
    else if (n >= HEAD_MAX)
        refuse_early(c, 431, "the head of the request is longer than 16 KiB");
    return c->state != CONN_HEAD;
}

static bool read_body(struct conn *c)
{
    size_t n = (size_t)c->x->head.body_bytes;
    if (evbuffer_get_length(bufferevent_get_input(c->bev)) < n)
        return false;
    bufferevent_setwatermark(c->bev, EV_READ, 0, WAITING_MAX);
    if (take(c, n, &c->x->body))
        answer_or_work(c);
    else
        refuse(c, 413, "the body is too large");
    return true;
}

static bool is_sent(const struct conn *c)
{
    return evbuffer_get_length(bufferevent_get_output(c->bev)) == 0;
}

/* False: the connection waits for something, or is not there any more. */
static bool go_on_sent(struct conn *c)
{
    if (!is_sent(c))
        return false;
    if (!c->keep_alive) {
        end_in_order(c);
        return false;
    }
    c->state = CONN_HEAD;
    c->scanned = 0;
    c->fresh = true;
    c->deadline_ns = clock_mono_ns() + c->web->conf.quiet_ns;
    return true;
}

static bool step(struct conn *c)
{
    switch (c->state) {
    case CONN_HEAD:
        return read_head(c);
    case CONN_BODY:
        return read_body(c);
    case CONN_SEND:
        return go_on_sent(c);
    case CONN_WORK:
        return false;
    case CONN_LIVE:
    case CONN_LAST:
        evbuffer_drain(bufferevent_get_input(c->bev), SIZE_MAX);
        return false;
    }
    return false;
}

static void go_on(struct conn *c)
{
    while (step(c))
        ;
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    (void)bev;
    go_on(ctx);
}

/* Who has sent all that it will send may still read its answer. */
static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    struct conn *c = ctx;
    if ((what & BEV_EVENT_EOF) && c->state == CONN_SEND && !is_sent(c)) {
        c->keep_alive = false;
        bufferevent_disable(bev, EV_READ);
    } else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
        conn_close(c);
    }
}

/* ---- time */

/* Past its deadline: a request that is half there is told so, the rest is closed. */
static void at_deadline(struct conn *c)
{
    struct web *web = c->web;
    if (c->state == CONN_HEAD && !c->fresh) {
        web_count(web, COUNTER_WEB_SLOW);
        refuse_early(c, 408, "the head of the request did not come in time");
    } else if (c->state == CONN_BODY) {
        web_count(web, COUNTER_WEB_SLOW);
        refuse(c, 408, "the body of the request did not come in time");
    } else {
        if (c->state == CONN_SEND || c->state == CONN_WORK)
            web_count(web, COUNTER_WEB_SLOW);
        conn_close(c);
    }
}

static void tick_one(struct conn *c, int64_t now_ns)
{
    struct exchange *x = c->state == CONN_WORK ? c->x : NULL;
    if (x && now_ns > x->deadline_ns &&
        atomic_load_explicit(&x->stop, memory_order_relaxed) == STOP_NOT)
        pool_cancel(&c->web->pool, x, STOP_LATE);
    if (now_ns > c->deadline_ns)
        at_deadline(c);
}

void conns_tick(struct web *web, int64_t now_ns)
{
    for (struct list *l = web->conns.next, *next; l != &web->conns; l = next) {
        next = l->next;
        tick_one(container_of(l, struct conn, all), now_ns);
    }
}

bool conn_send_live(struct conn *c, struct slice bytes)
{
    if (evbuffer_get_length(bufferevent_get_output(c->bev)) > LIVE_UNREAD) {
        web_count(c->web, COUNTER_WEB_SLOW);
        conn_close(c);
        return false;
    }
    bufferevent_write(c->bev, bytes.p, bytes.n);
    return true;
}

/* ---- birth */

static bool is_crowded(struct web *web, const struct addr *ip, bool is_local)
{
    int64_t same = 0;
    if (web->n_conns >= web->conf.connections)
        return true;
    if (is_local)
        return false;
    list_each (l, &web->conns) {
        const struct conn *c = container_of(l, struct conn, all);
        same += !c->is_local && addr_eq(&c->ip, ip);
    }
    return same >= web->conf.connections_of_address;
}

static void refuse_connection(struct web *web, int fd)
{
    int64_t now = clock_mono_ns();
    web_count(web, COUNTER_WEB_REFUSED);
    if (now >= web->next_note_ns) {
        log_warn("web",
                 "%u connections: more are closed (web.connections, "
                 "web.connections_of_address)",
                 web->n_conns);
        web->next_note_ns = now + NOTE_NS;
    }
    close(fd);
}

static struct bufferevent *make_bufferevent(struct web *web, int fd, bool tls)
{
    if (!tls)
        return bufferevent_socket_new(web->base, fd, BEV_OPT_CLOSE_ON_FREE);
    SSL *ssl = SSL_new(web->tls);
    struct bufferevent *bev =
        ssl ? bufferevent_openssl_socket_new(web->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                             BEV_OPT_CLOSE_ON_FREE)
            : NULL;
    if (bev)
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

void conn_accept(struct web *web, int fd, const struct addr *ip, bool is_local)
{
    int one = 1;
    if (is_crowded(web, ip, is_local)) {
        refuse_connection(web, fd);
        return;
    }
    struct bufferevent *bev = make_bufferevent(web, fd, web->tls && !is_local);
    if (!bev) {
        refuse_connection(web, fd);
        return;
    }
    if (!is_local)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct conn *c = xcalloc(1, sizeof *c);
    *c = (struct conn){ .web = web, .bev = bev, .ip = *ip, .is_local = is_local, .fresh = true };
    c->is_tls = web->tls && !is_local;
    c->deadline_ns = clock_mono_ns() + web->conf.head_ns;
    list_append(&web->conns, &c->all);
    web->n_conns++;
    web_count(web, COUNTER_WEB_CONNECTIONS);
    bufferevent_setcb(bev, on_read, on_read, on_event, c);
    bufferevent_setwatermark(bev, EV_READ, 0, WAITING_MAX);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}
