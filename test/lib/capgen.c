/* Made-up traffic as capture files (see capgen.h). */
#include "lib/capgen.h"

#include <stdlib.h>

#include "base/attr.h"

#define START_S        1700000000
#define MICROS_MAGIC   0xa1b2c3d4u
#define SNAPLEN        65535u
#define ETHERNET_BYTES 14
#define IP_BYTES       20

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static void write_all(struct capgen *g, const void *p, size_t n)
{
    if (fwrite(p, 1, n, g->file) != n) {
        perror("capgen");
        exit(1);
    }
}

void capgen_open(struct capgen *g, const char *path, uint64_t seed)
{
    *g = (struct capgen){ .random = seed * 0x9e3779b97f4a7c15u + 1,
                          .now_ns = START_S * (int64_t)1000000000,
                          .step_ns = 1000 };
    g->file = fopen(path, "wb");
    if (!g->file) {
        perror(path);
        exit(1);
    }
    setvbuf(g->file, NULL, _IOFBF, 1 << 20);
    const uint32_t head[] = { MICROS_MAGIC, 4u << 16 | 2, 0, 0, SNAPLEN, 1 };
    write_all(g, head, sizeof head);
}

void capgen_close(struct capgen *g)
{
    if (fclose(g->file) != 0) {
        perror("capgen");
        exit(1);
    }
}

uint32_t capgen_random(struct capgen *g, uint32_t n)
{
    g->random ^= g->random << 13; /* xorshift64 (Marsaglia 2003) */
    g->random ^= g->random >> 7;
    g->random ^= g->random << 17;
    return (uint32_t)((g->random >> 32) % n);
}

static uint32_t add_words(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    return n % 2 ? sum + (uint32_t)(p[n - 1] << 8) : sum;
}

/* RFC 1071 */
static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Puts the Ethernet and IPv4 headers before n bytes of `proto` and writes the frame. sum_at: where
 * the L4 checksum stands; pseudo: it covers the addresses too. */
static void write_ip(struct capgen *g, uint32_t from, uint32_t to, unsigned proto, size_t n)
{
    static const uint8_t ethernet[ETHERNET_BYTES] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };
    uint8_t *ip = g->frame + ETHERNET_BYTES, *l4 = ip + IP_BYTES;
    const unsigned sum_at = proto == 6 ? 16 : proto == 17 ? 6 : 2;
    memcpy(g->frame, ethernet, sizeof ethernet);
    memset(ip, 0, IP_BYTES);
    ip[0] = 0x45;
    put16(ip + 2, (uint32_t)(IP_BYTES + n));
    put16(ip + 4, g->ip_id++);
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = (uint8_t)proto;
    put32(ip + 12, from);
    put32(ip + 16, to);
    put16(ip + 10, fold(add_words(0, ip, IP_BYTES)));
    put16(l4 + sum_at, 0);
    uint32_t pseudo = proto == 1 ? 0 : add_words((uint32_t)(proto + n), ip + 12, 8);
    put16(l4 + sum_at, fold(add_words(pseudo, l4, n)));

    uint32_t bytes = (uint32_t)(ETHERNET_BYTES + IP_BYTES + n);
    if (bytes < 60) {
        memset(g->frame + bytes, 0, 60 - bytes);
        bytes = 60;
    }
    const uint32_t record[] = { (uint32_t)(g->now_ns / 1000000000),
                                (uint32_t)(g->now_ns % 1000000000 / 1000), bytes, bytes };
    write_all(g, record, sizeof record);
    write_all(g, g->frame, bytes);
    g->now_ns += g->step_ns;
    g->packets++;
}

static uint8_t *l4_of(struct capgen *g)
{
    return g->frame + ETHERNET_BYTES + IP_BYTES;
}

void capgen_udp(struct capgen *g, struct capgen_end from, struct capgen_end to,
                struct slice payload)
{
    uint8_t *udp = l4_of(g);
    put16(udp, from.port);
    put16(udp + 2, to.port);
    put16(udp + 4, (uint32_t)(8 + payload.n));
    if (payload.n)
        memcpy(udp + 8, payload.p, payload.n);
    write_ip(g, from.ip, to.ip, 17, 8 + payload.n);
}

void capgen_icmp(struct capgen *g, uint32_t from, uint32_t to, uint32_t type_code_rest[3],
                 struct slice payload)
{
    uint8_t *icmp = l4_of(g);
    icmp[0] = (uint8_t)type_code_rest[0];
    icmp[1] = (uint8_t)type_code_rest[1];
    put32(icmp + 4, type_code_rest[2]);
    if (payload.n)
        memcpy(icmp + 8, payload.p, payload.n);
    write_ip(g, from, to, 1, 8 + payload.n);
}

static void segment(struct capgen *g, struct capgen_tcp *t, unsigned from, unsigned flags,
                    struct slice bytes)
{
    uint8_t *tcp = l4_of(g);
    put16(tcp, t->end[from].port);
    put16(tcp + 2, t->end[!from].port);
    put32(tcp + 4, t->seq[from]);
    put32(tcp + 8, flags & CAPGEN_ACK ? t->seq[!from] : 0);
    tcp[12] = 5 << 4;
    tcp[13] = (uint8_t)flags;
    put16(tcp + 14, 64240);
    put16(tcp + 18, 0);
    if (bytes.n)
        memcpy(tcp + 20, bytes.p, bytes.n);
    t->seq[from] += (uint32_t)bytes.n + !!(flags & (CAPGEN_SYN | CAPGEN_FIN));
    write_ip(g, t->end[from].ip, t->end[!from].ip, 6, 20 + bytes.n);
}

static const struct slice nothing;

void capgen_tcp_open(struct capgen *g, struct capgen_tcp *t)
{
    t->seq[0] = capgen_random(g, UINT32_MAX);
    t->seq[1] = capgen_random(g, UINT32_MAX);
    segment(g, t, 0, CAPGEN_SYN, nothing);
    segment(g, t, 1, CAPGEN_SYN | CAPGEN_ACK, nothing);
    segment(g, t, 0, CAPGEN_ACK, nothing);
}

void capgen_tcp_close(struct capgen *g, struct capgen_tcp *t)
{
    segment(g, t, 0, CAPGEN_FIN | CAPGEN_ACK, nothing);
    segment(g, t, 1, CAPGEN_FIN | CAPGEN_ACK, nothing);
    segment(g, t, 0, CAPGEN_ACK, nothing);
}

void capgen_tcp_send(struct capgen *g, struct capgen_tcp *t, unsigned from, struct slice bytes)
{
    for (unsigned i = 1; bytes.n; i++) {
        struct slice piece = slice_first(bytes, CAPGEN_MSS);
        bytes = slice_after(bytes, piece.n);
        segment(g, t, from, bytes.n ? CAPGEN_ACK : CAPGEN_ACK | CAPGEN_PSH, piece);
        if (i % 2 == 0 || !bytes.n)
            segment(g, t, !from, CAPGEN_ACK, nothing);
    }
}
