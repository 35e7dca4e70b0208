/* Builds capture files in memory, for tests (memfd_create(2)). */
#include "lib/capmake.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bug.h"

void capmake_free(struct capmake *m)
{
    if (m->path[0])
        close(m->fd);
    xfree(m->p);
    *m = (struct capmake){ 0 };
}

void capmake_bytes(struct capmake *m, const void *p, size_t n)
{
    if (m->n + n > m->cap)
        m->p = xrealloc(m->p, m->cap = (m->n + n) * 2);
    if (n)
        memcpy(m->p + m->n, p, n);
    m->n += n;
}

void capmake_u16(struct capmake *m, uint16_t v)
{
    uint8_t b[2] = { (uint8_t)v, (uint8_t)(v >> 8) };
    if (m->big_endian)
        b[0] = (uint8_t)(v >> 8), b[1] = (uint8_t)v;
    capmake_bytes(m, b, 2);
}

void capmake_u32(struct capmake *m, uint32_t v)
{
    capmake_u16(m, (uint16_t)(m->big_endian ? v >> 16 : v));
    capmake_u16(m, (uint16_t)(m->big_endian ? v : v >> 16));
}

void capmake_pcap(struct capmake *m, uint32_t magic, uint32_t link_word)
{
    capmake_u32(m, magic);
    capmake_u16(m, 2);
    capmake_u16(m, 4);
    capmake_u32(m, 0);
    capmake_u32(m, 0);
    capmake_u32(m, 65535);
    capmake_u32(m, link_word);
}

void capmake_record(struct capmake *m, uint32_t s, uint32_t part, struct slice frame, uint32_t wire)
{
    capmake_u32(m, s);
    capmake_u32(m, part);
    capmake_u32(m, (uint32_t)frame.n);
    capmake_u32(m, wire);
    capmake_bytes(m, frame.p, frame.n);
}

void capmake_block(struct capmake *m, uint32_t type, struct slice body)
{
    uint32_t total = (uint32_t)(body.n + 12 + (-body.n & 3));
    capmake_u32(m, type);
    capmake_u32(m, total);
    capmake_bytes(m, body.p, body.n);
    capmake_bytes(m, "\0\0", -body.n & 3);
    capmake_u32(m, total);
}

/* The body of a block, built with the same byte order. */
static void wrap(struct capmake *m, uint32_t type, struct capmake *body)
{
    capmake_block(m, type, slice_of(body->p, body->n));
    capmake_free(body);
}

void capmake_section(struct capmake *m)
{
    struct capmake b = { .big_endian = m->big_endian };
    capmake_u32(&b, 0x1a2b3c4d);
    capmake_u16(&b, 1);
    capmake_u16(&b, 0);
    capmake_u32(&b, UINT32_MAX);
    capmake_u32(&b, UINT32_MAX);
    wrap(m, 0x0a0d0d0a, &b);
}

void capmake_interface(struct capmake *m, uint16_t link_type, struct slice options)
{
    struct capmake b = { .big_endian = m->big_endian };
    capmake_u16(&b, link_type);
    capmake_u16(&b, 0);
    capmake_u32(&b, 0);
    capmake_bytes(&b, options.p, options.n);
    wrap(m, 1, &b);
}

void capmake_packet(struct capmake *m, uint32_t iface, uint64_t units, struct slice frame)
{
    struct capmake b = { .big_endian = m->big_endian };
    capmake_u32(&b, iface);
    capmake_u32(&b, (uint32_t)(units >> 32));
    capmake_u32(&b, (uint32_t)units);
    capmake_u32(&b, (uint32_t)frame.n);
    capmake_u32(&b, (uint32_t)frame.n);
    capmake_bytes(&b, frame.p, frame.n);
    wrap(m, 6, &b);
}

const char *capmake_file(struct capmake *m)
{
    m->fd = memfd_create("capture", MFD_CLOEXEC);
    BUG_ON(m->fd < 0 || write(m->fd, m->p, m->n) != (ssize_t)m->n);
    snprintf(m->path, sizeof(m->path), "/proc/self/fd/%d", m->fd);
    return m->path;
}
