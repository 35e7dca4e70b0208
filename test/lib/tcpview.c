/* A minimal reading of link, IP and TCP headers (RFC 791, 8200, 9293), and writing them back. */
#include "lib/tcpview.h"

#include "base/bug.h"

static unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void put_be16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put_be32(uint8_t *p, uint32_t v)
{
    put_be16(p, v >> 16);
    put_be16(p + 2, v & 0xffff);
}

/* Offset of the IP header below Ethernet and its VLAN tags; 0: no IP. */
static size_t below_ethernet(const struct frame *f)
{
    size_t at = 12;
    while (at + 6 < f->n && (be16(f->p + at) == 0x8100 || be16(f->p + at) == 0x88a8))
        at += 4;
    if (at + 2 >= f->n || (be16(f->p + at) != 0x0800 && be16(f->p + at) != 0x86dd))
        return 0;
    return at + 2;
}

/* True with the offset of the IP header in *at. */
static bool find_ip(const struct frame *f, size_t *at)
{
    switch (f->link_type) {
    case LINK_ETHERNET:
        *at = below_ethernet(f);
        return *at != 0;
    case LINK_LINUX_SLL:
        *at = 16;
        return f->n > 16 && (be16(f->p + 14) == 0x0800 || be16(f->p + 14) == 0x86dd);
    case LINK_LINUX_SLL2:
        *at = 20;
        return f->n > 20 && (be16(f->p) == 0x0800 || be16(f->p) == 0x86dd);
    case LINK_NULL:
    case LINK_LOOP:
        *at = 4;
        return f->n > 4;
    case LINK_RAW:
    case LINK_IPV4:
    case LINK_IPV6:
        *at = 0;
        return f->n > 0;
    default:
        return false;
    }
}

/* Fills ip_ver, tcp and the addresses; false when it is no whole, unfragmented TCP datagram. On
 * success *end is where the datagram ends in the frame. */
static bool read_ip(const struct frame *f, struct tcpview *v, size_t *end)
{
    const uint8_t *ip = f->p + v->ip;
    size_t left = f->n - v->ip;
    v->ip_ver = ip[0] >> 4;
    if (v->ip_ver == 4 && left >= 20) {
        if (ip[9] != IPPROTO_N_TCP || (be16(ip + 6) & 0x3fff))
            return false;
        v->tcp = v->ip + (ip[0] & 15) * 4u;
        *end = v->ip + be16(ip + 2);
        memcpy(v->ends, ip + 12, 4);
        memcpy(v->ends + 18, ip + 16, 4);
        return true;
    }
    if (v->ip_ver == 6 && left >= 40) {
        if (ip[6] != IPPROTO_N_TCP)
            return false;
        v->tcp = v->ip + 40;
        *end = v->tcp + be16(ip + 4);
        memcpy(v->ends, ip + 8, 16);
        memcpy(v->ends + 18, ip + 24, 16);
        return true;
    }
    return false;
}

bool tcpview_of(const struct frame *f, struct tcpview *v)
{
    size_t end = 0;
    *v = (struct tcpview){ 0 };
    if (f->wire_len != f->n || !find_ip(f, &v->ip) || !read_ip(f, v, &end) || end > f->n ||
        v->tcp + 20 > end)
        return false;
    const uint8_t *tcp = f->p + v->tcp;
    v->data = v->tcp + (tcp[12] >> 4) * 4u;
    if (v->data > end || v->data < v->tcp + 20)
        return false;
    v->data_n = end - v->data;
    v->flags = tcp[13];
    v->seq = (uint32_t)be16(tcp + 4) << 16 | be16(tcp + 6);
    memcpy(v->ends + 16, tcp, 2);
    memcpy(v->ends + 34, tcp + 2, 2);
    return true;
}

struct frame *tcpview_piece(struct traffic *to, const struct frame *f, const struct tcpview *v,
                            struct slice part)
{
    size_t from = (size_t)(part.p - (f->p + v->data));
    BUG_ON(from + part.n > v->data_n);
    struct frame *made = traffic_add(to, f, NULL, v->data + part.n);
    memcpy(made->p, f->p, v->data);
    if (part.n)
        memcpy(made->p + v->data, part.p, part.n);
    put_be32(made->p + v->tcp + 4, v->seq + (uint32_t)from);
    if (from + part.n < v->data_n)
        made->p[v->tcp + 13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (v->ip_ver == 4)
        put_be16(made->p + v->ip + 2, made->n - v->ip);
    else
        put_be16(made->p + v->ip + 4, made->n - v->tcp);
    return made;
}

uint32_t frame_pair_hash(const struct frame *f)
{
    size_t ip;
    if (!find_ip(f, &ip))
        return 0;
    bool v6 = f->p[ip] >> 4 == 6;
    size_t at = ip + (v6 ? 8 : 12), n = v6 ? 16 : 4;
    uint32_t sum = 0;
    for (size_t i = 0; at + i + n < f->n && i < n; i++)
        sum += (uint32_t)(f->p[at + i] + f->p[at + n + i]) * (uint32_t)(i + 1);
    return sum;
}
