/* Blocking sockets, a thread a connection; for tests alone. */
#include "lib/receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "codec/lumberjack.h"
#include "os/thread.h"

#define CONNECTIONS_MAX 64
#define BUFFER_BYTES    ((size_t)8 * 1024 * 1024)
#define KEPT_WINDOWS    256

struct client {
    struct receiver *r;
    struct thread thread;
    const char *script;
    atomic_int fd;
    uint8_t *in;
    size_t n;
    struct lumberjack reader;
    struct chunk_pool pool;
    struct inflater *inflater;
    unsigned number[65536]; /* of the window's events */
    unsigned count, window;
};

struct receiver {
    struct thread thread;
    int fd;
    const char *script[CONNECTIONS_MAX];
    unsigned n_scripts;
    char host[32];
    struct lumberjack_limits limits;
    struct client *client[CONNECTIONS_MAX];
    atomic_uint n_clients, windows, acked[RECEIVER_MAX], read[RECEIVER_MAX], kept[KEPT_WINDOWS];
    atomic_bool disordered, stopping;
};

static void send_ack(struct client *c, uint32_t n)
{
    uint8_t bytes[LUMBERJACK_ACK_BYTES];
    struct buf b = buf_of(bytes, sizeof bytes);
    lumberjack_put_ack(&b, '2', n);
    ssize_t sent = send(c->fd, bytes, b.n, MSG_NOSIGNAL);
    (void)sent;
}

static void accept_events(struct client *c, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        atomic_fetch_add(&c->r->acked[c->number[i]], 1);
}

static void wait_for_close(struct client *c)
{
    uint8_t byte[4096];
    while (recv(c->fd, byte, sizeof byte, 0) > 0)
        continue;
}

static void reset(struct client *c)
{
    struct linger now = { 1, 0 };
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* False: the connection ends. */
static bool answer(struct client *c, char how)
{
    unsigned n = c->count;
    switch (how) {
    case '1':
        for (unsigned i = 0; i < n; i++) {
            accept_events(c, i, i + 1);
            send_ack(c, i + 1);
        }
        return true;
    case '0':
        for (unsigned i = 0; i < 3; i++)
            send_ack(c, 0);
        break;
    case 'H':
        accept_events(c, 0, n / 2);
        send_ack(c, n / 2);
        return false;
    case '+':
        send_ack(c, n + 1);
        wait_for_close(c);
        return false;
    case 'B':
        if (send(c->fd, "HTTP/1.1 400", 12, MSG_NOSIGNAL) > 0)
            wait_for_close(c);
        return false;
    case 'S':
        wait_for_close(c);
        return false;
    case 'R':
        reset(c);
        return false;
    case 'C':
        return false;
    default:
        break;
    }
    accept_events(c, 0, n);
    send_ack(c, n);
    return true;
}

static bool take_payload(struct client *c, const struct lumberjack_item *item)
{
    uint64_t number;
    BUG_ON(!slice_to_u64(item->payload, &number) || number >= RECEIVER_MAX);
    if (item->sequence != c->count + 1)
        atomic_store(&c->r->disordered, true);
    atomic_fetch_add(&c->r->read[number], 1);
    c->number[c->count++] = (unsigned)number;
    if (c->count < item->window)
        return true;
    unsigned i = atomic_fetch_add(&c->r->windows, 1);
    if (i < KEPT_WINDOWS)
        atomic_store(&c->r->kept[i], c->count);
    char how = *c->script;
    if (c->script[1])
        c->script++;
    bool goes_on = answer(c, how);
    c->count = 0;
    return goes_on;
}

/* All that is whole in the buffer; false: the connection ends. */
static bool take_items(struct client *c)
{
    struct cursor at = cur_of(slice_of(c->in, c->n));
    struct lumberjack_item item;
    bool goes_on = true;
    while (goes_on) {
        enum lumberjack_what what = lumberjack_next(&c->reader, &at, &item);
        if (what == LUMBERJACK_MORE)
            break;
        BUG_ON(what == LUMBERJACK_BAD || what == LUMBERJACK_BUSY);
        if (what == LUMBERJACK_PAYLOAD)
            goes_on = take_payload(c, &item);
    }
    c->n = cur_left(&at);
    if (c->n)
        memmove(c->in, at.p, c->n);
    return goes_on;
}

static void serve(void *ctx)
{
    struct client *c = ctx;
    bool goes_on = *c->script != 'X';
    while (goes_on) {
        ssize_t n = recv(c->fd, c->in + c->n, BUFFER_BYTES - c->n, 0);
        if (n <= 0)
            break;
        c->n += (size_t)n;
        goes_on = take_items(c);
    }
    shutdown(c->fd, SHUT_WR);
    close(c->fd);
    c->fd = -1;
}

static void add_client(struct receiver *r, int fd)
{
    unsigned i = r->n_clients;
    struct client *c = xcalloc(1, sizeof *c);
    BUG_ON(i == CONNECTIONS_MAX);
    c->r = r;
    c->fd = fd;
    c->script = r->script[i < r->n_scripts ? i : r->n_scripts - 1];
    c->in = xmalloc(BUFFER_BYTES);
    c->pool.max_bytes = BUFFER_BYTES * 8;
    c->inflater = inflater_new();
    lumberjack_init(&c->reader, &r->limits, c->inflater, &c->pool);
    r->client[i] = c;
    atomic_store(&r->n_clients, i + 1);
    BUG_ON(thread_start(&c->thread, "receiver", serve, c));
}

static void listen_for_clients(void *ctx)
{
    struct receiver *r = ctx;
    int fd;
    while ((fd = accept(r->fd, NULL, NULL)) >= 0) {
        if (atomic_load(&r->stopping)) {
            close(fd);
            return;
        }
        add_client(r, fd);
    }
}

struct receiver *receiver_start(const char *const *script, unsigned n)
{
    struct receiver *r = xcalloc(1, sizeof *r);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    BUG_ON(n > COUNT(r->script));
    for (unsigned i = 0; i < n; i++)
        r->script[i] = script[i];
    r->n_scripts = n;
    lumberjack_limits_default(&r->limits);
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BUG_ON(bind(r->fd, (struct sockaddr *)&a, sizeof a) || listen(r->fd, 64));
    BUG_ON(getsockname(r->fd, (struct sockaddr *)&a, &size));
    snprintf(r->host, sizeof r->host, "127.0.0.1:%u", ntohs(a.sin_port));
    BUG_ON(thread_start(&r->thread, "listener", listen_for_clients, r));
    return r;
}

const char *receiver_host(const struct receiver *r)
{
    return r->host;
}

void receiver_stop(struct receiver *r)
{
    if (r->fd < 0)
        return;
    atomic_store(&r->stopping, true);
    shutdown(r->fd, SHUT_RDWR);
    thread_join(&r->thread);
    for (unsigned i = 0; i < r->n_clients; i++) {
        struct client *c = r->client[i];
        if (c->fd >= 0)
            shutdown(c->fd, SHUT_RDWR);
        thread_join(&c->thread);
        lumberjack_free(&c->reader);
        inflater_free(c->inflater);
        chunk_pool_free(&c->pool);
        xfree(c->in);
        xfree(c);
    }
    close(r->fd);
    r->fd = -1;
}

void receiver_free(struct receiver *r)
{
    receiver_stop(r);
    xfree(r);
}

unsigned receiver_acked(const struct receiver *r, unsigned number)
{
    return r->acked[number];
}

unsigned receiver_read(const struct receiver *r, unsigned number)
{
    return r->read[number];
}

unsigned receiver_connections(const struct receiver *r)
{
    return r->n_clients;
}

unsigned receiver_windows(const struct receiver *r)
{
    return r->windows;
}

unsigned receiver_window(const struct receiver *r, unsigned i)
{
    return r->kept[i];
}

bool receiver_was_disordered(const struct receiver *r)
{
    return r->disordered;
}
