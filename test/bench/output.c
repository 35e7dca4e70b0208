/* The Logstash output against a receiver in another process that acknowledges at once: CPU of the
 * sensor's side alone, both its threads. Usage: output [EVENTS] */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bug.h"
#include "codec/lumberjack.h"
#include "codec/yaml.h"
#include "lib/dns_events.h"
#include "os/clock.h"
#include "pipe/pipe.h"

#define KINDS      8192 /* different events */
#define READ_BYTES ((size_t)1024 * 1024)
#define BATCH      256

extern const struct output output_logstash;

static struct slice events[KINDS];

/* ---- the receiver */

struct sink {
    int fd;
    SSL *ssl;       /* NULL: plain */
    size_t n, skip; /* bytes in p; bytes of a frame that still go by */
    uint32_t count, missing;
    uint8_t p[READ_BYTES];
};

static bool sink_read(struct sink *s)
{
    int n = s->ssl ? SSL_read(s->ssl, s->p + s->n, (int)(READ_BYTES - s->n))
                   : (int)read(s->fd, s->p + s->n, READ_BYTES - s->n);
    s->n += n > 0 ? (size_t)n : 0;
    return n > 0;
}

static void sink_ack(struct sink *s)
{
    uint8_t bytes[LUMBERJACK_ACK_BYTES];
    struct buf b = buf_of(bytes, sizeof bytes);
    lumberjack_put_ack(&b, '2', s->count);
    if (s->ssl)
        SSL_write(s->ssl, bytes, (int)b.n);
    else
        BUG_ON(write(s->fd, bytes, b.n) < 0);
}

/* Heads of frames are read, their content goes by. */
static void sink_pass(struct sink *s)
{
    struct cursor c = cur_of(slice_of(s->p, s->n));
    for (;;) {
        size_t now = s->skip < cur_left(&c) ? s->skip : cur_left(&c);
        cur_skip(&c, now);
        s->skip -= now;
        if (s->skip == 0 && s->count && s->missing == 0) {
            sink_ack(s);
            s->count = 0;
        }
        struct cursor at = c;
        unsigned type = cur_u16be(&at);
        uint32_t n = cur_u32be(&at);
        uint32_t length = type == ('2' << 8 | 'J') ? cur_u32be(&at) : n;
        if (s->skip || !cur_ok(&at))
            break;
        c = at;
        if (type == ('2' << 8 | 'W')) {
            s->missing = s->count = n;
        } else {
            s->skip = length;
            s->missing -= type == ('2' << 8 | 'J') ? 1 : s->count;
        }
    }
    s->n = cur_left(&c);
    memmove(s->p, c.p, s->n);
}

static SSL_CTX *server_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    SSL_CTX_use_certificate(ctx, x);
    SSL_CTX_use_PrivateKey(ctx, key);
    return ctx;
}

/* Serves one connection in a child. */
static pid_t start_sink(bool tls, unsigned *port)
{
    static struct sink s;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    BUG_ON(bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 4));
    BUG_ON(getsockname(listener, (struct sockaddr *)&a, &size));
    *port = ntohs(a.sin_port);
    pid_t child = fork();
    if (child) {
        close(listener);
        return child;
    }
    s.fd = accept(listener, NULL, NULL);
    if (tls) {
        s.ssl = SSL_new(server_context());
        SSL_set_fd(s.ssl, s.fd);
        BUG_ON(SSL_accept(s.ssl) != 1);
    }
    while (sink_read(&s))
        sink_pass(&s);
    _exit(0);
}

/* ---- the measurement */

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void wait_for(void *ctx, bool (*good)(void *ctx))
{
    struct why why;
    while (!good(ctx)) {
        struct pollfd wake = { output_logstash.holding->wake_fd(ctx), POLLIN, 0 };
        BUG_ON(output_logstash.flush(ctx, &why));
        poll(&wake, 1, 100);
    }
}

static bool is_drained(void *ctx)
{
    return output_logstash.holding->held(ctx) == 0;
}

static void feed(void *ctx, unsigned n)
{
    struct why why;
    for (unsigned i = 0; i < n; i += BATCH) {
        wait_for(ctx, output_logstash.holding->has_room);
        for (unsigned k = i; k < i + BATCH; k++)
            BUG_ON(output_logstash.write(ctx, NULL, events[k % KINDS], &why));
        BUG_ON(output_logstash.flush(ctx, &why));
    }
    wait_for(ctx, is_drained);
}

static void *open_output(const char *settings, unsigned port, struct arena *mem)
{
    char yaml[256];
    struct node *root;
    struct why why = { "" };
    struct loading l = { "output.logstash", mem, &why };
    void *conf = arena_zalloc(mem, output_logstash.conf_size);
    void *ctx = xcalloc(1, output_logstash.ctx_size);
    snprintf(yaml, sizeof yaml, "{hosts: ['127.0.0.1:%u'], %s}", port, settings);
    if (yaml_read(mem, slice_cstr(yaml), "settings", &root, &why) ||
        option_load(output_logstash.options, root, conf, &l) ||
        output_logstash.open(ctx, conf, &why)) {
        printf("%s\n", why.text);
        exit(1);
    }
    return ctx;
}

static void measure(const char *name, const char *settings, unsigned n, double goal)
{
    struct arena mem;
    unsigned port;
    bool tls = strstr(settings, "ssl") != NULL;
    arena_init(&mem, NULL, 0);
    pid_t sink = start_sink(tls, &port);
    void *ctx = open_output(settings, port, &mem);
    feed(ctx, n / 10); /* warm */
    const struct counters *c = output_logstash.holding->counters(ctx);
    uint64_t bytes = counter_get(c, COUNTER_OUTPUT_BYTES);
    double cpu = cpu_s(), text = 0;
    int64_t wall = clock_mono_ns();
    feed(ctx, n);
    cpu = cpu_s() - cpu;
    double rate = n / cpu, wall_s = (double)(clock_mono_ns() - wall) / 1e9;
    bytes = counter_get(c, COUNTER_OUTPUT_BYTES) - bytes;
    for (unsigned i = 0; i < n; i++)
        text += (double)events[i % KINDS].n;
    printf("%s: ratio %.1f, %.2f us CPU/event, %.0f events/s of wall time\n", name,
           text / (double)bytes, cpu / n * 1e6, n / wall_s);
    printf("bench %s %.0f events/s", name, rate);
    if (goal > 0)
        printf(" goal %.0f %s", goal, rate >= goal ? "ok" : "short");
    printf("\n");
    output_logstash.close(ctx);
    xfree(ctx);
    arena_free(&mem);
    kill(sink, SIGKILL);
    waitpid(sink, NULL, 0);
}

int main(int argc, char **argv)
{
    uint64_t n = 500000;
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1)
        BUG_ON(!slice_to_u64(slice_cstr(argv[1]), &n));
    printf("events of %zu bytes\n", dns_events_make(events, KINDS));
    measure("output", "compression_level: 3", (unsigned)n, 400000);
    measure("output_level1", "compression_level: 1", (unsigned)n, 0);
    measure("output_level9", "compression_level: 9", (unsigned)n, 0);
    measure("output_plain", "compression_level: 0", (unsigned)n, 0);
    measure("output_tls", "compression_level: 3, ssl: {verification_mode: none}", (unsigned)n, 0);
    measure("output_tls_plain", "compression_level: 0, ssl: {verification_mode: none}", (unsigned)n,
            0);
    return 0;
}
