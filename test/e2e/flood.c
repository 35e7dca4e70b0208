/* Writes a capture of hostile traffic to standard output, for a sensor that reads it from a pipe:
 *   flood SYNS STREAMS REQUESTS
 * SYNs of spoofed senders; connections that begin an HTTP request and never end it; DNS queries
 * that nobody answers. Among them, every 500 packets, a DNS query with its answer and an HTTP
 * request with its response, on one connection; standard error tells how many of each. A packet
 * every 2 us. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bug.h"
#include "lib/craft.h"

#define STEP_NS  2000
#define EVERY    500
#define START_NS (INT64_C(1700000000) * 1000000000)

struct flood {
    struct traffic f; /* one packet, or a few */
    int64_t now_ns;
    uint64_t packets, friends;
    uint32_t spoofed;
    struct craft friend; /* the connection of the HTTP requests */
};

static void put32(uint32_t v)
{
    fwrite(&v, 4, 1, stdout);
}

static void begin_file(void)
{
    put32(0xa1b23c4d);
    put32(2 | 4 << 16);
    put32(0);
    put32(0);
    put32(65535);
    put32(LINK_ETHERNET);
}

static void write_out(struct flood *s)
{
    for (size_t i = 0; i < s->f.n; i++, s->now_ns += STEP_NS, s->packets++) {
        put32((uint32_t)(s->now_ns / 1000000000));
        put32((uint32_t)(s->now_ns % 1000000000));
        put32(s->f.v[i].n);
        put32(s->f.v[i].n);
        fwrite(s->f.v[i].p, 1, s->f.v[i].n, stdout);
    }
    traffic_free(&s->f);
    s->f = (struct traffic){ 0 };
}

/* A sender that was not there before: its address and its port are of the number. */
static struct craft stranger(struct flood *s, uint16_t port)
{
    uint32_t n = s->spoofed++;
    struct craft c = craft_start(4, (uint16_t)(1024 + n % 60000), port);
    c.client = 0x0b000000 + n * 2654435761u % 0xd0000000;
    return c;
}

/* A query for A of FRIENDn or STRANGERn .example; answered: its answer. */
static struct slice message(uint8_t *out, const char *who, uint64_t n, bool answered)
{
    char name[40];
    int len = snprintf(name, sizeof name, "%s%llu", who, (unsigned long long)n);
    struct buf b = buf_of(out, 256);
    const uint8_t head[] = { (uint8_t)(n >> 8),
                             (uint8_t)n,
                             answered ? 0x81 : 0x01,
                             answered ? 0x80 : 0,
                             0,
                             1,
                             0,
                             answered,
                             0,
                             0,
                             0,
                             0 };
    buf_put(&b, head, sizeof head);
    buf_u8(&b, (uint8_t)len);
    buf_cstr(&b, name);
    buf_put(&b, "\7example\0\0\1\0\1", 13);
    if (answered)
        buf_put(&b, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3", 16);
    return buf_slice(&b);
}

static void friends(struct flood *s)
{
    uint8_t bytes[256];
    struct craft c = craft_start(4, (uint16_t)(20000 + s->friends % 30000), 53);
    c.client = 0x0a090000 + (uint32_t)(s->friends % 200);
    craft_udp(&s->f, &c, CRAFT_CLIENT, message(bytes, "friend", s->friends, false));
    craft_udp(&s->f, &c, CRAFT_SERVER, message(bytes, "friend", s->friends, true));
    if (s->friends == 0)
        craft_handshake(&s->f, &s->friend);
    craft_tcp(&s->f, &s->friend, CRAFT_CLIENT, TCP_ACK | TCP_PSH,
              SLICE("GET /friend HTTP/1.1\r\nHost: friend.example\r\n\r\n"));
    craft_tcp(&s->f, &s->friend, CRAFT_SERVER, TCP_ACK | TCP_PSH,
              SLICE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    s->friends++;
}

static void syn(struct flood *s)
{
    struct craft c = stranger(s, 443);
    craft_tcp(&s->f, &c, CRAFT_CLIENT, TCP_SYN, SLICE(""));
}

static void half_open(struct flood *s)
{
    struct craft c = stranger(s, 80);
    craft_tcp(&s->f, &c, CRAFT_CLIENT, TCP_SYN, SLICE(""));
    craft_tcp(&s->f, &c, CRAFT_CLIENT, TCP_ACK, SLICE("GET /never HTTP/1.1\r\nX-A: "));
}

static void request(struct flood *s)
{
    uint8_t bytes[256];
    struct craft c = stranger(s, 53);
    craft_udp(&s->f, &c, CRAFT_CLIENT, message(bytes, "stranger", s->spoofed, false));
}

static void repeat(struct flood *s, uint64_t times, void (*make)(struct flood *s))
{
    for (uint64_t i = 0; i < times; i++) {
        make(s);
        if (i % EVERY == 0)
            friends(s);
        write_out(s);
    }
}

int main(int argc, char **argv)
{
    struct flood s = { .now_ns = START_NS, .friend = craft_start(4, 33000, 80) };
    uint64_t n[3] = { 0 };
    for (int i = 0; i < 3; i++)
        if (i + 1 >= argc || !slice_to_u64(slice_cstr(argv[i + 1]), &n[i]))
            BUG_ON("usage: flood SYNS STREAMS REQUESTS");
    s.friend.client = 0x0a090001;
    begin_file();
    repeat(&s, n[0], syn);
    repeat(&s, n[1], half_open);
    repeat(&s, n[2], request);
    fprintf(stderr, "%llu packets, %llu friends\n", (unsigned long long)s.packets,
            (unsigned long long)s.friends);
    return 0;
}
