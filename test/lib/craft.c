/* Ethernet, IPv4 and IPv6, TCP and UDP headers (RFC 791, 8200, 9293, 768). Checksums stay zero, as
 * a sender with offload leaves them. */
#include "lib/craft.h"

#define ETH 14

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

struct craft craft_start(uint8_t ip_ver, uint16_t client_port, uint16_t server_port)
{
    return (struct craft){ .ts_ns = (int64_t)1700000000 * 1000000000,
                           .ip_ver = ip_ver,
                           .client = 0x0a000001,
                           .port = { client_port, server_port },
                           .seq = { 1000, 0xfffffff0 } };
}

static void put_ipv4(uint8_t *p, const struct craft *c, enum craft_from from, size_t n)
{
    p[0] = 0x45;
    put16(p + 2, 20 + n);
    put16(p + 4, c->ip_id);
    p[8] = 64;
    put32(p + (from == CRAFT_CLIENT ? 12 : 16), c->client);
    put32(p + (from == CRAFT_CLIENT ? 16 : 12), 0xc0a80001);
}

static void put_ipv6(uint8_t *p, const struct craft *c, enum craft_from from, size_t n)
{
    p[0] = 0x60;
    put16(p + 4, n);
    p[7] = 64;
    uint8_t *client = p + (from == CRAFT_CLIENT ? 8 : 24);
    uint8_t *server = p + (from == CRAFT_CLIENT ? 24 : 8);
    put16(client, 0xfd00);
    put32(client + 12, c->client);
    put16(server, 0xfd00);
    server[15] = 0xfe;
}

struct frame *craft_ip(struct traffic *f, struct craft *c, enum craft_from from, uint8_t ip_proto,
                       struct slice data)
{
    struct frame like = { .ts_ns = c->ts_ns, .link_type = LINK_ETHERNET };
    size_t ip = c->ip_ver == 6 ? 40 : 20;
    struct frame *made = traffic_add(f, &like, NULL, ETH + ip + data.n);
    uint8_t *p = made->p;
    p[0] = p[6] = 2; /* locally administered */
    p[from == CRAFT_CLIENT ? 11 : 5] = 1;
    put16(p + 12, c->ip_ver == 6 ? 0x86dd : 0x0800);
    if (c->ip_ver == 6)
        put_ipv6(p + ETH, c, from, data.n);
    else
        put_ipv4(p + ETH, c, from, data.n);
    p[ETH + (c->ip_ver == 6 ? 6 : 9)] = ip_proto;
    if (data.n)
        memcpy(p + ETH + ip, data.p, data.n);
    c->ts_ns += 1000;
    return made;
}

struct frame *craft_fragment(struct traffic *f, struct craft *c, size_t offset, bool more,
                             struct slice data)
{
    struct frame *made = craft_ip(f, c, CRAFT_CLIENT, IPPROTO_N_UDP, data);
    put16(made->p + ETH + 6, (more ? 0x2000u : 0) | offset / 8);
    return made;
}

/* A datagram with room for a header of n bytes in front of the data; *header is where it goes. */
static struct frame *with_header(struct traffic *f, struct craft *c, enum craft_from from,
                                 struct slice data, uint8_t ip_proto)
{
    size_t n = ip_proto == IPPROTO_N_TCP ? 20 : 8;
    uint8_t whole[65536 + 20] = { 0 };
    if (data.n > 65000)
        data.n = 65000;
    if (data.n)
        memcpy(whole + n, data.p, data.n);
    put16(whole, c->port[from]);
    put16(whole + 2, c->port[!from]);
    return craft_ip(f, c, from, ip_proto, slice_of(whole, n + data.n));
}

struct frame *craft_tcp(struct traffic *f, struct craft *c, enum craft_from from, uint8_t flags,
                        struct slice data)
{
    struct frame *made = with_header(f, c, from, data, IPPROTO_N_TCP);
    uint8_t *tcp = made->p + ETH + (c->ip_ver == 6 ? 40 : 20);
    put32(tcp + 4, c->seq[from]);
    put32(tcp + 8, flags & TCP_ACK ? c->seq[!from] : 0);
    tcp[12] = 5 << 4;
    tcp[13] = flags;
    put16(tcp + 14, 65535);
    c->seq[from] += (uint32_t)data.n + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    return made;
}

void craft_handshake(struct traffic *f, struct craft *c)
{
    struct slice none = { NULL, 0 };
    craft_tcp(f, c, CRAFT_CLIENT, TCP_SYN, none);
    craft_tcp(f, c, CRAFT_SERVER, TCP_SYN | TCP_ACK, none);
    craft_tcp(f, c, CRAFT_CLIENT, TCP_ACK, none);
}

struct frame *craft_udp(struct traffic *f, struct craft *c, enum craft_from from, struct slice data)
{
    struct frame *made = with_header(f, c, from, data, IPPROTO_N_UDP);
    uint8_t *udp = made->p + ETH + (c->ip_ver == 6 ? 40 : 20);
    put16(udp + 4, made->n - (size_t)(udp - made->p));
    return made;
}
