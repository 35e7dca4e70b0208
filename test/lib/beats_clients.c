/* Clients that do nothing but send and wait, so that the receiver is what is measured. */
#include "lib/beats_clients.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bug.h"
#include "codec/lumberjack.h"

/* ---- what is sent */

struct slice beats_window(const struct slice *events, unsigned n)
{
    size_t cap = LUMBERJACK_HEAD_BYTES;
    for (unsigned i = 0; i < n; i++)
        cap += events[i].n + LUMBERJACK_HEAD_BYTES;
    struct buf b = buf_of(xmalloc(cap), cap);
    lumberjack_put_window(&b, n);
    for (unsigned i = 0; i < n; i++)
        lumberjack_put_json(&b, i + 1, events[i]);
    BUG_ON(b.full);
    return buf_slice(&b);
}

struct slice beats_window_packed(const struct slice *events, unsigned count)
{
    struct slice plain = beats_window(events, count), frames = slice_after(plain, 6);
    uLongf n = compressBound(frames.n);
    uint8_t *p = xmalloc(n + 2 * LUMBERJACK_HEAD_BYTES);
    struct buf b = buf_of(p, n + 2 * LUMBERJACK_HEAD_BYTES);
    lumberjack_put_window(&b, count);
    size_t head = b.n + 6;
    BUG_ON(compress2(p + head, &n, frames.p, frames.n, BEATS_ZLIB_LEVEL) != Z_OK);
    uint8_t frame[] = { '2',       'C', (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                        (uint8_t)n };
    buf_put(&b, frame, sizeof frame);
    xfree((void *)(uintptr_t)plain.p);
    return slice_of(p, b.n + n);
}

/* ---- clients */

struct peer {
    int fd;
    SSL *ssl; /* NULL: plain */
};

static void send_all(const struct peer *p, struct slice s)
{
    while (s.n) {
        ssize_t n = p->ssl ? SSL_write(p->ssl, s.p, (int)s.n) : write(p->fd, s.p, s.n);
        if (n <= 0)
            _exit(1);
        s = slice_after(s, (size_t)n);
    }
}

/* Waits until the whole window is acknowledged. */
static void await_ack(const struct peer *p, uint32_t last)
{
    uint8_t bytes[256];
    size_t have = 0;
    for (uint32_t sequence = 0; sequence != last;) {
        int n = p->ssl ? SSL_read(p->ssl, bytes + have, (int)(sizeof bytes - have))
                       : (int)read(p->fd, bytes + have, sizeof bytes - have);
        bool bad;
        if (n <= 0)
            _exit(1);
        struct cursor c = cur_of(slice_of(bytes, have + (size_t)n));
        while (lumberjack_take_ack(&c, &sequence, &bad))
            ;
        have = cur_left(&c);
        memmove(bytes, c.p, have);
    }
}

static struct peer connect_to(unsigned port, bool tls)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct peer p = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
    if (connect(p.fd, (struct sockaddr *)&a, sizeof a))
        _exit(1);
    if (tls) {
        p.ssl = SSL_new(SSL_CTX_new(TLS_client_method()));
        SSL_set_fd(p.ssl, p.fd);
        if (SSL_connect(p.ssl) != 1)
            _exit(1);
    }
    return p;
}

_Noreturn static void client(const struct beats_client_conf *conf, unsigned at, const int fd[2])
{
    uint32_t n;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct peer p = connect_to(conf->port, conf->tls);
    while (read(fd[0], &n, sizeof n) == sizeof n) {
        for (; n; n--) {
            send_all(&p, conf->window[at++ % conf->windows]);
            await_ack(&p, conf->events);
        }
        if (write(fd[1], "", 1) != 1)
            break;
    }
    _exit(1);
}

void beats_clients_start(struct beats_clients *c, const struct beats_client_conf *conf)
{
    int order[2], done[2];
    BUG_ON(conf->clients > BEATS_CLIENTS_MAX);
    BUG_ON(pipe2(order, O_CLOEXEC) || pipe2(done, O_CLOEXEC));
    c->n = conf->clients;
    for (unsigned i = 0; i < c->n; i++) {
        c->pid[i] = fork();
        BUG_ON(c->pid[i] < 0);
        if (c->pid[i] == 0) {
            close(done[0]);
            client(conf, i * conf->windows / c->n, (int[]){ order[0], done[1] });
        }
    }
    close(order[0]);
    close(done[1]);
    c->order_fd = order[1];
    c->done_fd = done[0];
}

bool beats_clients_send(const struct beats_clients *c, uint32_t n)
{
    uint8_t byte;
    for (unsigned i = 0; i < c->n; i++)
        BUG_ON(write(c->order_fd, &n, sizeof n) != sizeof n);
    for (unsigned i = 0; i < c->n; i++)
        if (read(c->done_fd, &byte, 1) != 1)
            return false;
    return true;
}

void beats_clients_stop(const struct beats_clients *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        kill(c->pid[i], SIGKILL);
        waitpid(c->pid[i], NULL, 0);
    }
    close(c->order_fd);
    close(c->done_fd);
}
