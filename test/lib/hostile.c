/* Hostile inputs, each a function of its size. */
#include "lib/hostile.h"

#include "base/buf.h"
#include "base/bug.h"
#include "lib/craft.h"

#define MSS ((size_t)1460)

const char *const hostile_conf =
    "flows: { enabled: true }\n"
    "limits: { flows: 100000, memory: 512MiB, reorder: 16MiB, message: 10MiB, defrag: 16MiB }\n"
    "icmp: { send_request: true, send_response: true }\n"
    "dns: { ports: [53], send_request: true, send_response: true, include_authorities: true,\n"
    "  include_additionals: true }\n"
    "http: { ports: [80], send_request: true, send_response: true, send_all_headers: true,\n"
    "  split_cookie: true, hide_keywords: [pass, secret], include_body_for: [text, form] }\n";

/* Bytes of a message that is made piece by piece. */
struct text {
    uint8_t *p;
    size_t n, cap;
};

static void add(struct text *t, struct slice s)
{
    while (t->cap - t->n < s.n) {
        t->cap = t->cap ? t->cap * 2 : 4096;
        t->p = xrealloc(t->p, t->cap);
    }
    memcpy(t->p + t->n, s.p, s.n);
    t->n += s.n;
}

static void add_times(struct text *t, size_t times, struct slice s)
{
    while (times--)
        add(t, s);
}

static void add_u16(struct text *t, size_t v)
{
    uint8_t bytes[2] = { (uint8_t)(v >> 8), (uint8_t)v };
    add(t, slice_of(bytes, 2));
}

/* Sends all in segments of `step` bytes and empties the text. */
static void send(struct traffic *f, struct craft *c, enum craft_from from, struct text *t,
                 size_t step)
{
    for (size_t at = 0; at < t->n; at += step)
        craft_tcp(f, c, from, TCP_ACK, slice_of(t->p + at, t->n - at < step ? t->n - at : step));
    xfree(t->p);
    *t = (struct text){ 0 };
}

static struct craft open_tcp(struct traffic *f, uint16_t port)
{
    struct craft c = craft_start(4, 40000, port);
    craft_handshake(f, &c);
    return c;
}

static void one_header(struct traffic *f, size_t n, size_t step, uint16_t port)
{
    struct craft c = open_tcp(f, port);
    struct text t = { 0 };
    add(&t, SLICE("GET / HTTP/1.1\r\nX-Long: "));
    add_times(&t, n, SLICE("a"));
    add(&t, SLICE("\r\n\r\n"));
    send(f, &c, CRAFT_CLIENT, &t, step);
    add(&t, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    send(f, &c, CRAFT_SERVER, &t, MSS);
}

static void http_header_bytes(struct traffic *f, size_t n)
{
    one_header(f, n, 1, 80);
}

static void http_header_large(struct traffic *f, size_t n)
{
    one_header(f, n, MSS, 80);
}

static void http_detected_bytes(struct traffic *f, size_t n)
{
    one_header(f, n, 1, 7777);
}

static void http_endless_line(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    add(&t, SLICE("GET /"));
    add_times(&t, n, SLICE("a"));
    send(f, &c, CRAFT_CLIENT, &t, 1);
}

static void lines_of(struct traffic *f, size_t n, struct slice line)
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    add(&t, SLICE("GET / HTTP/1.1\r\nHost: h\r\n"));
    add_times(&t, n, line);
    add(&t, SLICE("\r\n"));
    send(f, &c, CRAFT_CLIENT, &t, MSS);
    add(&t, SLICE("HTTP/1.1 204 No\r\n\r\n"));
    send(f, &c, CRAFT_SERVER, &t, MSS);
}

static void http_many_headers(struct traffic *f, size_t n)
{
    lines_of(f, n, SLICE("a: b\r\n"));
}

static void http_folded(struct traffic *f, size_t n)
{
    lines_of(f, n, SLICE(" b\r\n"));
}

static void http_cookies(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    add(&t, SLICE("GET / HTTP/1.1\r\nCookie: "));
    add_times(&t, n, SLICE("a=b; "));
    add(&t, SLICE("\r\n\r\n"));
    send(f, &c, CRAFT_CLIENT, &t, MSS);
}

static void http_form(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    char head[128];
    struct buf b = buf_of(head, sizeof head);
    buf_printf(&b,
               "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
               "Content-Length: %zu\r\n\r\n",
               7 * n);
    add(&t, buf_slice(&b));
    add_times(&t, n, SLICE("pass=b&"));
    send(f, &c, CRAFT_CLIENT, &t, MSS);
}

static void chunks(struct traffic *f, size_t n, size_t step)
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    add(&t, SLICE("GET / HTTP/1.1\r\n\r\n"));
    send(f, &c, CRAFT_CLIENT, &t, MSS);
    add(&t,
        SLICE("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"));
    add_times(&t, n, SLICE("1\r\nx\r\n"));
    add(&t, SLICE("0\r\n\r\n"));
    send(f, &c, CRAFT_SERVER, &t, step);
}

static void http_chunks(struct traffic *f, size_t n)
{
    chunks(f, n, MSS);
}

static void http_chunk_bytes(struct traffic *f, size_t n)
{
    chunks(f, n, 1);
}

static void http_body_bytes(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    add(&t, SLICE("GET / HTTP/1.1\r\n\r\n"));
    send(f, &c, CRAFT_CLIENT, &t, MSS);
    add(&t, SLICE("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"));
    add_times(&t, n, SLICE("x"));
    send(f, &c, CRAFT_SERVER, &t, 1);
}

static void http_pipelined(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    add_times(&t, n, SLICE("GET /p HTTP/1.1\r\n\r\n"));
    send(f, &c, CRAFT_CLIENT, &t, MSS);
    add_times(&t, n, SLICE("HTTP/1.1 204 No\r\n\r\n"));
    send(f, &c, CRAFT_SERVER, &t, MSS);
}

static void http_only_answers(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    add_times(&t, n, SLICE("HTTP/1.1 204 No\r\n\r\n"));
    send(f, &c, CRAFT_SERVER, &t, MSS);
}

/* A DNS header with one question; answers are the caller's. */
static void dns_head(struct text *t, size_t id, size_t flags, size_t answers)
{
    size_t words[6] = { id, flags, 1, answers, 0, 0 };
    for (unsigned i = 0; i < COUNT(words); i++)
        add_u16(t, words[i]);
    add(t, SLICE("\3www\7example\3com\0\0\1\0\1"));
}

static void dns_udp(struct traffic *f, struct craft *c, enum craft_from from, size_t id)
{
    struct text t = { 0 };
    dns_head(&t, id, from == CRAFT_SERVER ? 0x8180 : 0x0100, 0);
    craft_udp(f, c, from, slice_of(t.p, t.n));
    xfree(t.p);
}

static void dns_same_key(struct traffic *f, size_t n)
{
    struct craft c = craft_start(4, 40000, 53);
    for (size_t i = 0; i < n; i++)
        dns_udp(f, &c, CRAFT_CLIENT, 7);
    for (size_t i = 0; i < n; i++)
        dns_udp(f, &c, CRAFT_SERVER, 7);
}

/* Different questions under one id. */
static void dns_same_id(struct traffic *f, size_t n)
{
    struct craft c = craft_start(4, 40000, 53);
    for (size_t i = 0; i < n; i++) {
        struct text t = { 0 };
        dns_head(&t, 7, 0x0100, 0);
        for (unsigned k = 0; k < 6; k++)
            t.p[17 + k] = (uint8_t)('a' + (i >> 4 * k & 15));
        craft_udp(f, &c, CRAFT_CLIENT, slice_of(t.p, t.n));
        xfree(t.p);
    }
}

static void dns_waiting(struct traffic *f, size_t n)
{
    struct craft c = craft_start(4, 40000, 53);
    for (size_t i = 0; i < n; i++) {
        c.port[0] = (uint16_t)(1024 + i / 16);
        c.ts_ns += 1000000;
        dns_udp(f, &c, CRAFT_CLIENT, i);
    }
}

/* Over TCP: n answers, each four pointers away from the name. */
static void dns_pointers(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 53);
    struct text t = { 0 }, message = { 0 };
    dns_head(&t, 9, 0x8180, n);
    size_t last = 12;
    for (size_t i = 0; i < n; i++) {
        size_t here = t.n;
        add_u16(&t, 0xc000 | last);
        add(&t, SLICE("\0\1\0\1\0\0\0\1\0\4\1\2\3\4"));
        last = i < 3 ? here : last;
    }
    add_u16(&message, t.n);
    add(&message, slice_of(t.p, t.n));
    xfree(t.p);
    send(f, &c, CRAFT_SERVER, &message, MSS);
}

/* Names of many labels, each ending in a pointer to the longest one. */
static void dns_long_names(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 53);
    struct text t = { 0 }, message = { 0 };
    dns_head(&t, 9, 0x8180, n);
    for (size_t i = 0; i < n; i++) {
        if (i == 0)
            add_times(&t, 110, SLICE("\1a"));
        add_u16(&t, i ? 0xc000 | 33 : 0xc00c);
        add(&t, SLICE("\0\1\0\1\0\0\0\1\0\4\1\2\3\4"));
    }
    add_u16(&message, t.n);
    add(&message, slice_of(t.p, t.n));
    xfree(t.p);
    send(f, &c, CRAFT_SERVER, &message, MSS);
}

static void dns_tcp_bytes(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 53);
    struct text t = { 0 }, one = { 0 };
    dns_head(&one, 9, 0x0100, 0);
    for (size_t i = 0; i < n; i++) {
        one.p[0] = (uint8_t)(i >> 8);
        one.p[1] = (uint8_t)i;
        add_u16(&t, one.n);
        add(&t, slice_of(one.p, one.n));
    }
    xfree(one.p);
    send(f, &c, CRAFT_CLIENT, &t, 1);
}

/* One datagram in n fragments of eight bytes, the last one first. */
static void fragments_backwards(struct traffic *f, size_t n)
{
    struct craft c = craft_start(4, 40000, 53);
    uint8_t eight[8] = { 0 };
    for (size_t i = n; i-- > 0;)
        craft_fragment(f, &c, i * 8, i + 1 < n, slice_of(eight, 8));
}

/* Every other fragment of one datagram, then the others: the most holes at once. */
static void fragments_holes(struct traffic *f, size_t n)
{
    struct craft c = craft_start(4, 40000, 53);
    uint8_t eight[8] = { 0 };
    for (size_t first = 0; first < 2; first++)
        for (size_t i = first; i < n; i += 2)
            craft_fragment(f, &c, i * 8, true, slice_of(eight, 8));
}

/* Datagrams that never become whole. */
static void fragments_many(struct traffic *f, size_t n)
{
    struct craft c = craft_start(4, 40000, 53);
    uint8_t eight[8] = { 0 };
    for (size_t i = 0; i < n; i++) {
        c.ip_id = (uint16_t)i;
        c.client = 0x0a000000 + (uint32_t)(i >> 16);
        craft_fragment(f, &c, 8, true, slice_of(eight, 8));
    }
}

/* n segments of a request with a long header, in an order that `place` gives. */
static void segments(struct traffic *f, size_t n, size_t (*place)(size_t i, size_t n))
{
    struct craft c = open_tcp(f, 80);
    struct text t = { 0 };
    add(&t, SLICE("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"));
    send(f, &c, CRAFT_CLIENT, &t, MSS);
    uint32_t base = c.seq[0];
    for (size_t i = 0; i < n; i++) {
        c.seq[0] = base + 16 * (uint32_t)(1 + place(i, n));
        craft_tcp(f, &c, CRAFT_CLIENT, TCP_ACK, SLICE("0123456789abcdef"));
    }
    c.seq[0] = base;
    craft_tcp(f, &c, CRAFT_CLIENT, TCP_ACK, SLICE("0123456789abcdef"));
}

static size_t backwards(size_t i, size_t n)
{
    return n - 1 - i;
}

static size_t forwards(size_t i, size_t n)
{
    (void)n;
    return i;
}

/* Odd places first: n/2 holes, then each is filled. */
static size_t holes(size_t i, size_t n)
{
    return i < n / 2 ? 2 * i + 1 : 2 * (i - n / 2);
}

/* A full cycle in scattered order: n is a power of two. */
static size_t scattered(size_t i, size_t n)
{
    return (i * 2654435761u + 12345) & (n - 1);
}

static void tcp_backwards(struct traffic *f, size_t n)
{
    segments(f, n, backwards);
}

static void tcp_late_first(struct traffic *f, size_t n)
{
    segments(f, n, forwards);
}

static void tcp_holes(struct traffic *f, size_t n)
{
    segments(f, n, holes);
}

static void tcp_scattered(struct traffic *f, size_t n)
{
    segments(f, n, scattered);
}

static void tcp_repeated(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 80);
    for (size_t i = 0; i < n; i++) {
        uint32_t seq = c.seq[0];
        craft_tcp(f, &c, CRAFT_CLIENT, TCP_ACK, SLICE("GET / HTTP/1.1\r\n"));
        c.seq[0] = seq;
    }
}

static void flows_syn(struct traffic *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct craft c = craft_start(4, (uint16_t)(1024 + i % 60000), 80);
        c.client += (uint32_t)(i / 60000);
        craft_tcp(f, &c, CRAFT_CLIENT, TCP_SYN, SLICE(""));
    }
}

static void flows_udp(struct traffic *f, size_t n)
{
    struct craft c = craft_start(6, 40000, 9999);
    for (size_t i = 0; i < n; i++) {
        c.client = (uint32_t)i;
        craft_udp(f, &c, CRAFT_CLIENT, SLICE("x"));
    }
}

static void icmp_same_key(struct traffic *f, size_t n)
{
    struct craft c = craft_start(4, 0, 0);
    for (size_t i = 0; i < n; i++)
        craft_ip(f, &c, CRAFT_CLIENT, IPPROTO_N_ICMP, SLICE("\10\0\0\0\0\1\0\1ping"));
    for (size_t i = 0; i < n; i++)
        craft_ip(f, &c, CRAFT_SERVER, IPPROTO_N_ICMP, SLICE("\0\0\0\0\0\1\0\1ping"));
}

static void unknown_bytes(struct traffic *f, size_t n)
{
    struct craft c = open_tcp(f, 7777);
    struct text t = { 0 };
    add_times(&t, n, SLICE("A"));
    send(f, &c, CRAFT_CLIENT, &t, 1);
}

/* clang-format off */
const struct hostile hostiles[] = {
    { "http-header-bytes",    4000, http_header_bytes },
    { "http-header-large",   256000, http_header_large },
    { "http-detected-bytes",  4000, http_detected_bytes },
    { "http-endless-line",    4000, http_endless_line },
    { "http-many-headers",    4000, http_many_headers },
    { "http-folded",          4000, http_folded },
    { "http-cookies",         4000, http_cookies },
    { "http-form",            4000, http_form },
    { "http-chunks",          4000, http_chunks },
    { "http-chunk-bytes",     1000, http_chunk_bytes },
    { "http-body-bytes",      4000, http_body_bytes },
    { "http-pipelined",        400, http_pipelined },
    { "http-only-answers",    1000, http_only_answers },
    { "dns-same-key",          500, dns_same_key },
    { "dns-same-id",           500, dns_same_id },
    { "dns-waiting",          1000, dns_waiting },
    { "dns-pointers",          500, dns_pointers },
    { "dns-long-names",        500, dns_long_names },
    { "dns-tcp-bytes",         200, dns_tcp_bytes },
    { "fragments-backwards",  1000, fragments_backwards },
    { "fragments-holes",      1000, fragments_holes },
    { "fragments-many",      16000, fragments_many },
    { "tcp-backwards",        2048, tcp_backwards },
    { "tcp-late-first",       2048, tcp_late_first },
    { "tcp-holes",            2048, tcp_holes },
    { "tcp-scattered",        2048, tcp_scattered },
    { "tcp-repeated",         4000, tcp_repeated },
    { "flows-syn",            4000, flows_syn },
    { "flows-udp",            4000, flows_udp },
    { "icmp-same-key",        1000, icmp_same_key },
    { "unknown-bytes",        4000, unknown_bytes },
    { 0 }
};
/* clang-format on */
