/* Makes the captures that benchmarks read. The same arguments give the same bytes.
 * Usage: pktgen PROFILE FILE COUNT [COUNT]; without arguments it names the profiles.
 * The last line on standard output is `packets P transactions T flows F`. */
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/table.h"
#include "lib/capgen.h"

#define SEED       20240101
#define SERVER_IP  0xc0a80001u /* 192.168.0.1 */
#define CLIENT_IP  0x0a000000u /* 10.0.0.0/8 */
#define NAMES      4096
#define KEEP_ALIVE 10 /* transactions of one HTTP connection */
#define BODY_MAX   (24 * 1024)
#define BODY_5K    5120
#define BODY_12K   12288

/* What was made, for whoever checks the events. */
struct made {
    uint64_t transactions, flows;
};

static struct capgen_end client(uint32_t number, uint16_t port)
{
    return (struct capgen_end){ CLIENT_IP + (number & 0xffffff), port };
}

static uint16_t high_port(struct capgen *g)
{
    return (uint16_t)(20000 + capgen_random(g, 40000));
}

/* ---- dns ---- */

enum rr { RR_A = 1, RR_CNAME = 5, RR_SOA = 6, RR_PTR = 12, RR_TXT = 16, RR_AAAA = 28, RR_OPT = 41 };

/* A message being written, with the names that later ones may point to (RFC 1035 4.1.4). */
struct message {
    uint8_t bytes[1472];
    struct buf out;
    struct {
        char text[80];
        size_t at;
    } seen[24];
    unsigned n_seen;
};

static void put16(struct buf *b, uint32_t v)
{
    buf_u8(b, (uint8_t)(v >> 8));
    buf_u8(b, (uint8_t)v);
}

static void put32(struct buf *b, uint32_t v)
{
    put16(b, v >> 16);
    put16(b, v & 0xffff);
}

static bool put_pointer(struct message *m, const char *name)
{
    for (unsigned i = 0; i < m->n_seen; i++) {
        if (strcmp(m->seen[i].text, name) == 0) {
            put16(&m->out, 0xc000 | (uint32_t)m->seen[i].at);
            return true;
        }
    }
    if (m->n_seen < COUNT(m->seen)) {
        snprintf(m->seen[m->n_seen].text, sizeof m->seen[0].text, "%s", name);
        m->seen[m->n_seen++].at = m->out.n;
    }
    return false;
}

static void put_name(struct message *m, const char *name)
{
    while (*name && !put_pointer(m, name)) {
        size_t n = strcspn(name, ".");
        buf_u8(&m->out, (uint8_t)n);
        buf_put(&m->out, name, n);
        name += n + (name[n] == '.');
        if (!*name)
            buf_u8(&m->out, 0);
    }
}

/* Owner, type, class IN, time to live; returns where the length of the data stands. */
static size_t begin_rr(struct message *m, const char *owner, enum rr type, uint32_t ttl)
{
    put_name(m, owner);
    put16(&m->out, type);
    put16(&m->out, 1);
    put32(&m->out, ttl);
    put16(&m->out, 0);
    return m->out.n;
}

static void end_rr(struct message *m, size_t start)
{
    size_t n = m->out.n - start;
    m->bytes[start - 2] = (uint8_t)(n >> 8);
    m->bytes[start - 1] = (uint8_t)n;
}

static void put_edns(struct message *m, uint32_t payload_size)
{
    buf_u8(&m->out, 0);
    put16(&m->out, RR_OPT);
    put16(&m->out, payload_size);
    put32(&m->out, 0x8000);
    put16(&m->out, 0);
}

/* One of the things that are asked, as the number of the transaction and chance decide. */
struct question {
    char name[80];
    enum rr type;
    uint16_t id;
    bool edns, missing; /* missing: NXDOMAIN */
    unsigned cnames, records;
};

/* A few hosts are asked for often, most of them seldom: NAMES times the third power of a number
 * from 0 to 1. */
static uint32_t some_host(struct capgen *g)
{
    uint64_t r = capgen_random(g, 1 << 16);
    return (uint32_t)((r * r * r >> 32) * NAMES >> 16);
}

static struct question ask(struct capgen *g)
{
    struct question q = { .type = RR_A, .id = (uint16_t)capgen_random(g, 65536) };
    uint32_t kind = capgen_random(g, 100), host = some_host(g);
    q.edns = capgen_random(g, 2);
    q.records = 1 + capgen_random(g, 3);
    if (kind < 15)
        q.type = RR_AAAA;
    else if (kind < 25)
        q.type = RR_PTR;
    else if (kind < 30)
        q.type = RR_TXT;
    else if (kind < 40)
        q.missing = true;
    else if (kind < 60)
        q.cnames = 1 + capgen_random(g, 3);
    if (q.type == RR_PTR)
        snprintf(q.name, sizeof q.name, "%u.%u.168.192.in-addr.arpa", host & 255, host >> 8);
    else
        snprintf(q.name, sizeof q.name, "host%04u.site%02u.example%s", host, host % 61,
                 host % 3 ? ".com" : ".co.uk");
    if (q.type == RR_PTR || q.type == RR_TXT)
        q.records = 1;
    return q;
}

static void begin_message(struct message *m, const struct question *q, uint32_t flags)
{
    m->out = buf_of(m->bytes, sizeof m->bytes);
    m->n_seen = 0;
    put16(&m->out, q->id);
    put16(&m->out, flags);
    put16(&m->out, 1);
    put16(&m->out, 0);
    put16(&m->out, 0);
    put16(&m->out, q->edns);
    put_name(m, q->name);
    put16(&m->out, q->type);
    put16(&m->out, 1);
}

static void put_data(struct capgen *g, struct message *m, const struct question *q, unsigned i)
{
    static const char *const texts[] = { "v=spf1 include:_spf.example.com -all",
                                         "site-verification=0123456789abcdef" };
    if (q->type == RR_A) {
        put32(&m->out, 0xc6336400 + capgen_random(g, 256)); /* 198.51.100.0/24 */
    } else if (q->type == RR_AAAA) {
        put32(&m->out, 0x20010db8);
        put32(&m->out, 0);
        put32(&m->out, 0);
        put32(&m->out, capgen_random(g, 65536));
    } else if (q->type == RR_PTR) {
        put_name(m, "printer.office.example.com");
    } else {
        struct slice text = slice_cstr(texts[i % COUNT(texts)]);
        buf_u8(&m->out, (uint8_t)text.n);
        buf_add(&m->out, text);
    }
}

static void put_answers(struct capgen *g, struct message *m, const struct question *q)
{
    char owner[80], next[80];
    snprintf(owner, sizeof owner, "%s", q->name);
    for (unsigned i = 0; i < q->cnames; i++) {
        snprintf(next, sizeof next, "edge%u.pop%u.cdn.example.net", q->id % 32, i);
        size_t start = begin_rr(m, owner, RR_CNAME, 300);
        put_name(m, next);
        end_rr(m, start);
        memcpy(owner, next, sizeof owner);
    }
    for (unsigned i = 0; i < q->records; i++) {
        size_t start = begin_rr(m, owner, q->type, 60);
        put_data(g, m, q, i);
        end_rr(m, start);
    }
    m->bytes[7] = (uint8_t)(q->cnames + q->records);
}

static void put_soa(struct message *m, const struct question *q)
{
    const char *zone = strchr(q->name, '.') + 1;
    size_t start = begin_rr(m, zone, RR_SOA, 900);
    put_name(m, "ns1.example.net");
    put_name(m, "hostmaster.example.net");
    for (unsigned i = 0; i < 5; i++)
        put32(&m->out, 3600 * (i + 1));
    end_rr(m, start);
    m->bytes[9] = 1;
}

static void make_dns(struct capgen *g, uint64_t n, uint64_t unused, struct made *made)
{
    (void)unused;
    const struct capgen_end server = { SERVER_IP, 53 };
    static struct message m;
    g->step_ns = 20000;
    for (uint64_t i = 0; i < n; i++) {
        struct question q = ask(g);
        struct capgen_end from = client(capgen_random(g, 2000), high_port(g));
        begin_message(&m, &q, 0x0100);
        if (q.edns)
            put_edns(&m, 1232);
        capgen_udp(g, from, server, buf_slice(&m.out));
        begin_message(&m, &q, q.missing ? 0x8183 : 0x8180);
        if (q.missing)
            put_soa(&m, &q);
        else
            put_answers(g, &m, &q);
        if (q.edns)
            put_edns(&m, 4096);
        capgen_udp(g, server, from, buf_slice(&m.out));
    }
    made->transactions = n;
}

/* ---- http ---- */

struct http {
    struct capgen_tcp tcp;
    uint8_t text[BODY_MAX + 4096];
};

static void put_body(struct buf *out, size_t n)
{
    static const char words[] = "<p>The quick brown fox jumps over the lazy dog.</p>\n";
    for (size_t i = 0; i < n; i += sizeof words - 1)
        buf_put(out, words, n - i < sizeof words - 1 ? n - i : sizeof words - 1);
}

static void put_chunks(struct buf *out, size_t n)
{
    for (size_t part; n; n -= part) {
        part = n < 3000 ? n : 3000;
        buf_printf(out, "%zx\r\n", part);
        put_body(out, part);
        buf_lit(out, "\r\n");
    }
    buf_lit(out, "0\r\n\r\n");
}

static void send_request(struct capgen *g, struct http *h, uint32_t page)
{
    struct buf out = buf_of(h->text, sizeof h->text);
    buf_printf(&out, "GET /shop/item%u?colour=blue&size=%u HTTP/1.1\r\n", page, page % 50);
    buf_lit(&out, "Host: www.shop.example\r\n"
                  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 "
                  "Firefox/102.0\r\n"
                  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
                  "Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: identity\r\n"
                  "Referer: http://www.shop.example/shop/\r\nConnection: keep-alive\r\n");
    buf_printf(&out, "Cookie: session=%08x%08x\r\n\r\n", page * 2654435761u, page);
    capgen_tcp_send(g, &h->tcp, 0, buf_slice(&out));
}

static void send_response(struct capgen *g, struct http *h, size_t body, bool chunked)
{
    struct buf out = buf_of(h->text, sizeof h->text);
    buf_lit(&out, "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n"
                  "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
                  "Content-Type: text/html; charset=utf-8\r\n");
    if (chunked)
        buf_lit(&out, "Transfer-Encoding: chunked\r\n");
    else
        buf_printf(&out, "Content-Length: %zu\r\n", body);
    buf_lit(&out, "Cache-Control: max-age=60\r\nVary: Accept-Encoding\r\n"
                  "Connection: keep-alive\r\n\r\n");
    if (chunked)
        put_chunks(&out, body);
    else
        put_body(&out, body);
    capgen_tcp_send(g, &h->tcp, 1, buf_slice(&out));
}

/* fixed: the size of every body, all with Content-Length; 0: 2 to 20 KB, each fifth chunked. */
static void http_connections(struct capgen *g, uint64_t n, size_t fixed, struct made *made)
{
    static struct http h;
    g->step_ns = 5000;
    for (uint64_t i = 0; i < n; i++) {
        if (i % KEEP_ALIVE == 0) {
            h.tcp.end[0] = client(capgen_random(g, 2000), high_port(g));
            h.tcp.end[1] = (struct capgen_end){ SERVER_IP + capgen_random(g, 8), 80 };
            capgen_tcp_open(g, &h.tcp);
            made->flows++;
        }
        send_request(g, &h, capgen_random(g, 10000));
        size_t body = fixed ? fixed : 2048 + capgen_random(g, 18 * 1024);
        send_response(g, &h, body, !fixed && i % 5 == 4);
        if (i % KEEP_ALIVE == KEEP_ALIVE - 1 || i == n - 1)
            capgen_tcp_close(g, &h.tcp);
    }
    made->transactions = n;
}

static void make_http(struct capgen *g, uint64_t n, uint64_t unused, struct made *made)
{
    (void)unused;
    http_connections(g, n, 0, made);
}

static void make_http5k(struct capgen *g, uint64_t n, uint64_t unused, struct made *made)
{
    (void)unused;
    http_connections(g, n, BODY_5K, made);
}

static void make_http12k(struct capgen *g, uint64_t n, uint64_t unused, struct made *made)
{
    (void)unused;
    http_connections(g, n, BODY_12K, made);
}

/* ---- flows without a parser ---- */

/* 3 packets to open, 4 with 64 bytes and their acknowledgement, 3 to close. */
static void make_tcp(struct capgen *g, uint64_t n, uint64_t unused, struct made *made)
{
    static const uint8_t bytes[64] = { 0xfe, 0xed };
    (void)unused;
    for (uint64_t i = 0; i < n; i++) {
        struct capgen_tcp t = { { client((uint32_t)(i / 50000), (uint16_t)(10000 + i % 50000)),
                                  { SERVER_IP, 9999 } },
                                { 0, 0 } };
        capgen_tcp_open(g, &t);
        capgen_tcp_send(g, &t, 0, slice_of(bytes, sizeof bytes));
        capgen_tcp_send(g, &t, 1, slice_of(bytes, sizeof bytes));
        capgen_tcp_close(g, &t);
    }
    made->flows = n;
}

/* A permutation of 0 .. n-1, another for each round: equal flows must not come in the order in
 * which memory was given to them. Each step can be undone within the bits of n, so no two are
 * equal; what falls outside goes round again. */
static uint64_t shuffled(uint64_t i, uint64_t n, uint64_t round)
{
    unsigned bits = 2;
    while (n >> bits)
        bits++;
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    do {
        i = (i + round * 0xbf58476d1ce4e5b9u) & mask;
        for (unsigned k = 0; k < 3; k++) {
            i = (i * (0x94d049bb133111ebu + 2 * round)) & mask;
            i ^= i >> (bits / 2);
        }
    } while (i >= n);
    return i;
}

/* n packets of 64 bytes on the wire (60 and the frame check sequence), of `flows` flows: each
 * round through all of them goes the other way. */
static void make_udp64(struct capgen *g, uint64_t n, uint64_t flows, struct made *made)
{
    static const uint8_t bytes[18] = { 0xfe, 0xed };
    const struct capgen_end server = { SERVER_IP, 9999 };
    flows = flows ? flows : 1;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t round = i / flows, flow = shuffled(i % flows, flows, round);
        struct capgen_end from = client((uint32_t)flow, (uint16_t)(49152 + flow % 16000));
        bool back = round % 2;
        capgen_udp(g, back ? server : from, back ? from : server, slice_of(bytes, sizeof bytes));
    }
    made->flows = n < flows ? n : flows;
}

static void make_icmp(struct capgen *g, uint64_t n, uint64_t unused, struct made *made)
{
    static const uint8_t bytes[56] = { 0xfe, 0xed };
    (void)unused;
    g->step_ns = 20000;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t from = client((uint32_t)(i % 5000), 0).ip;
        uint32_t id_seq = (uint32_t)(i % 5000) << 16 | (uint32_t)(i / 5000 & 0xffff);
        uint32_t request[3] = { 8, 0, id_seq }, reply[3] = { 0, 0, id_seq };
        capgen_icmp(g, from, SERVER_IP, request, slice_of(bytes, sizeof bytes));
        capgen_icmp(g, SERVER_IP, from, reply, slice_of(bytes, sizeof bytes));
    }
    made->transactions = n;
}

/* clang-format off */
static const struct profile {
    const char *name, *counts;
    void (*make)(struct capgen *g, uint64_t n, uint64_t more, struct made *made);
} profiles[] = {
    { "dns",     "TRANSACTIONS",  make_dns     },
    { "http",    "TRANSACTIONS",  make_http    },
    { "http5k",  "TRANSACTIONS",  make_http5k  },
    { "http12k", "TRANSACTIONS",  make_http12k },
    { "tcp",     "FLOWS",         make_tcp     },
    { "udp64",   "PACKETS FLOWS", make_udp64   },
    { "icmp",    "TRANSACTIONS",  make_icmp    },
};
/* clang-format on */

static int usage(void)
{
    for (unsigned i = 0; i < COUNT(profiles); i++)
        fprintf(stderr, "pktgen %s FILE %s\n", profiles[i].name, profiles[i].counts);
    return 2;
}

int main(int argc, char **argv)
{
    static struct capgen g;
    struct made made = { 0, 0 };
    for (unsigned i = 0; argc >= 4 && i < COUNT(profiles); i++) {
        if (strcmp(argv[1], profiles[i].name) != 0)
            continue;
        capgen_open(&g, argv[2], SEED);
        uint64_t more = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
        profiles[i].make(&g, strtoull(argv[3], NULL, 10), more, &made);
        capgen_close(&g);
        printf("packets %lu transactions %lu flows %lu\n", g.packets, made.transactions,
               made.flows);
        return 0;
    }
    return usage();
}
