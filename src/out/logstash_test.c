/* `wirelume test output` for Logstash: each step of reaching each host, in Packetbeat's form
 * (packetbeat-core.md 1.4). */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netdb.h>
#include <openssl/x509.h>
#include <poll.h>

#include "base/bug.h"
#include "codec/lumberjack.h"
#include "os/lookup.h"
#include "out/logstash.h"
#include "out/report.h"

#define NS_PER_S   INT64_C(1000000000)
#define ANSWER_S   2 /* how long an answer to an empty window is waited for */
#define TEXT_BYTES 256

struct test {
    const struct logstash_plan *plan;
    const struct endpoint *to;
    struct report *r;
    struct event_base *base;
    struct bufferevent *bev; /* the connection, when there is one */
    struct why why;
    bool answered, ended;
    uint32_t sequence;
};

/* ---- names */

static void print_addresses(struct report *r, const struct addrinfo *list)
{
    char text[1024], one[NI_MAXHOST];
    struct buf b = buf_of(text, sizeof text - 1);
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        if (getnameinfo(a->ai_addr, a->ai_addrlen, one, sizeof one, NULL, 0, NI_NUMERICHOST))
            continue;
        if (b.n)
            buf_lit(&b, ", ");
        buf_cstr(&b, one);
    }
    text[b.n] = '\0';
    report_info(r, "addresses: %s", text);
}

static struct addrinfo *look_up(struct test *t, const char *host, const char *port)
{
    struct addrinfo *found = lookup_digits(host, port);
    if (found)
        return found;
    struct lookup *l = lookup_start(host, port);
    struct pollfd ready = { .fd = l ? lookup_fd(l) : -1, .events = POLLIN };
    int64_t ms = t->plan->post.timeout_ns / 1000000;
    if (l && poll(&ready, 1, (int)ms) == 1)
        return lookup_take(l, &t->why);
    lookup_cancel(l);
    err e = why_set(&t->why, ERR_IO, "no answer from the name service in time");
    (void)e;
    return NULL;
}

/* Host, or the proxy that will look it up. False when it has no address. */
static bool test_name(struct test *t)
{
    const struct dial_conf *d = &t->plan->post.dial;
    const char *host = t->to->host, *port = t->to->port;
    report_begin(t->r, "parse host");
    report_ok(t->r);
    if (d->proxy)
        report_info(t->r, "proxy: %s:%s", d->proxy->host, d->proxy->port);
    if (d->proxy && !d->local_resolver) {
        host = d->proxy->host;
        port = d->proxy->port;
    }
    report_begin(t->r, "dns lookup");
    struct addrinfo *found = look_up(t, host, port);
    if (!found) {
        report_error(t->r, "%s", t->why.text);
        return false;
    }
    report_ok(t->r);
    print_addresses(t->r, found);
    freeaddrinfo(found);
    return true;
}

/* ---- connecting */

static void dialed(void *ctx, struct bufferevent *bev, const struct why *w)
{
    struct test *t = ctx;
    t->bev = bev;
    t->why = *w;
    event_base_loopbreak(t->base);
}

static bool connect_with(struct test *t, struct tls_client *tls)
{
    struct dial_conf conf = t->plan->post.dial;
    conf.tls = tls;
    dial_start(t->base, &conf, t->to, dialed, t);
    event_base_dispatch(t->base);
    return t->bev != NULL;
}

static void hang_up(struct test *t)
{
    if (t->bev)
        bufferevent_free(t->bev);
    t->bev = NULL;
}

static bool test_connection(struct test *t)
{
    bool good = false;
    report_begin(t->r, "connection");
    report_group(t->r);
    if (test_name(t)) {
        report_begin(t->r, "dial up");
        good = connect_with(t, NULL);
        if (good)
            report_ok(t->r);
        else
            report_error(t->r, "%s", t->why.text);
    }
    report_end_group(t->r);
    return good;
}

/* ---- TLS */

static void print_certificate(struct test *t)
{
    SSL *ssl = bufferevent_openssl_get_ssl(t->bev);
    X509 *x = SSL_get0_peer_certificate(ssl);
    char text[2][TEXT_BYTES] = { "", "" };
    report_info(t->r, "TLS version: %s", SSL_get_version(ssl));
    report_info(t->r, "cipher suite: %s", SSL_get_cipher_name(ssl));
    if (!x)
        return;
    X509_NAME_oneline(X509_get_subject_name(x), text[0], TEXT_BYTES);
    X509_NAME_oneline(X509_get_issuer_name(x), text[1], TEXT_BYTES);
    report_info(t->r, "certificate: %s, issued by %s", text[0], text[1]);
}

static bool test_tls(struct test *t)
{
    struct tls_client *tls = t->plan->tls;
    report_begin(t->r, "TLS");
    if (!tls) {
        report_warn(t->r, "secure connection disabled");
        return true;
    }
    hang_up(t);
    report_group(t->r);
    if (strcmp(tls_mode(tls), "none") == 0)
        report_warn(t->r, "security: server's certificate chain verification is disabled");
    else
        report_info(t->r, "security: server's certificate chain verification is enabled");
    report_begin(t->r, "handshake");
    bool good = connect_with(t, tls);
    if (good) {
        report_ok(t->r);
        print_certificate(t);
        report_begin(t->r, "dial up");
        report_ok(t->r);
    } else {
        report_error(t->r, "%s", t->why.text);
    }
    report_end_group(t->r);
    return good;
}

/* ---- an empty window */

static void on_answer(struct bufferevent *bev, void *ctx)
{
    struct test *t = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t n = evbuffer_get_length(in);
    struct cursor c = cur_of(slice_of(n ? evbuffer_pullup(in, -1) : NULL, n));
    bool bad = false;
    t->answered = lumberjack_take_ack(&c, &t->sequence, &bad);
    if (bad) {
        err e = why_set(&t->why, ERR_FORMAT, "the answer is no Lumberjack acknowledgement");
        (void)e;
    }
    t->ended = bad;
    if (bad || t->answered)
        event_base_loopbreak(t->base);
}

static void on_end(struct bufferevent *bev, short what, void *ctx)
{
    struct test *t = ctx;
    dial_explain(bev, what, &t->why);
    t->ended = true;
    event_base_loopbreak(t->base);
}

/* Logstash and Graylog say nothing to an empty window, and keep the connection. */
static void test_talk(struct test *t)
{
    uint8_t bytes[LUMBERJACK_ACK_BYTES];
    struct buf window = buf_of(bytes, sizeof bytes);
    struct timeval wait = { ANSWER_S, 0 };
    report_begin(t->r, "talk to server");
    lumberjack_put_window(&window, 0);
    bufferevent_setcb(t->bev, on_answer, NULL, on_end, t);
    bufferevent_enable(t->bev, EV_READ | EV_WRITE);
    bufferevent_write(t->bev, bytes, window.n);
    event_base_loopexit(t->base, &wait);
    event_base_dispatch(t->base);
    if (t->ended) {
        report_error(t->r, "%s", t->why.text);
        return;
    }
    report_ok(t->r);
    if (t->answered)
        report_info(t->r, "empty window: acknowledged (%u)", t->sequence);
    else
        report_info(t->r, "empty window: accepted without an answer, as Logstash and Graylog do");
}

static void test_host(const struct logstash_plan *plan, unsigned i, struct report *r)
{
    struct test t = { .plan = plan, .to = &plan->host[i], .r = r };
    t.base = event_base_new();
    BUG_ON(!t.base);
    report_begin(r, "logstash: %s", t.to->shown);
    report_group(r);
    if (test_connection(&t) && test_tls(&t))
        test_talk(&t);
    report_end_group(r);
    hang_up(&t);
    event_base_free(t.base);
}

err logstash_test(const void *conf, struct report *r, struct why *w)
{
    struct logstash_plan plan;
    err e = logstash_plan(conf, &plan, w);
    if (e)
        return e;
    for (unsigned i = 0; i < plan.post.n_hosts; i++)
        test_host(&plan, i, r);
    logstash_plan_free(&plan);
    return ERR_OK;
}
