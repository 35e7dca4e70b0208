/* Small files in MaxMind's format: a tree of 32-bit records over IPv6, IPv4 at ::/96. */
#include "lib/mmdb.h"

#include <stdio.h>

#define MMDB_DATA 0x80000000u

static void head(struct buf *b, unsigned type, unsigned size)
{
    unsigned first = type > 7 ? 0 : type;
    buf_u8(b, (uint8_t)(first << 5 | (size < 29 ? size : 29)));
    if (type > 7)
        buf_u8(b, (uint8_t)(type - 7));
    if (size >= 29)
        buf_u8(b, (uint8_t)(size - 29));
}

static void put_number(struct buf *b, uint64_t v, unsigned bytes)
{
    while (bytes-- > 0)
        buf_u8(b, (uint8_t)(v >> (bytes * 8)));
}

void mmdb_map(struct buf *b, unsigned n)
{
    head(b, 7, n);
}

void mmdb_list(struct buf *b, unsigned n)
{
    head(b, 11, n);
}

void mmdb_text(struct buf *b, const char *s)
{
    head(b, 2, (unsigned)strlen(s));
    buf_cstr(b, s);
}

void mmdb_double(struct buf *b, double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    head(b, 3, 8);
    put_number(b, bits, 8);
}

void mmdb_u32(struct buf *b, uint32_t v)
{
    head(b, 6, 4);
    put_number(b, v, 4);
}

void mmdb_begin(struct mmdb_writer *w)
{
    *w = (struct mmdb_writer){ .n = 1 };
    w->data = buf_of(w->room, sizeof w->room);
}

void mmdb_net(struct mmdb_writer *w, const struct addr *net, unsigned bits)
{
    struct addr a = *net;
    if (addr_is_v4(net))
        memset(a.b, 0, 12);
    unsigned node = 0;
    for (unsigned i = 0; i + 1 < bits; i++) {
        uint32_t *next = &w->node[node][a.b[i / 8] >> (7 - i % 8) & 1];
        if (!*next)
            *next = w->n++;
        node = *next;
    }
    unsigned last = bits - 1;
    w->node[node][a.b[last / 8] >> (7 - last % 8) & 1] = MMDB_DATA | (uint32_t)w->data.n;
}

static void put_metadata(struct buf *b, unsigned nodes)
{
    buf_lit(b, "\xab\xcd\xefMaxMind.com");
    mmdb_map(b, 9);
    mmdb_text(b, "node_count");
    mmdb_u32(b, nodes);
    mmdb_text(b, "record_size");
    head(b, 5, 2);
    put_number(b, 32, 2);
    mmdb_text(b, "ip_version");
    head(b, 5, 2);
    put_number(b, 6, 2);
    mmdb_text(b, "database_type");
    mmdb_text(b, "Test");
    mmdb_text(b, "languages");
    mmdb_list(b, 0);
    mmdb_text(b, "binary_format_major_version");
    head(b, 5, 2);
    put_number(b, 2, 2);
    mmdb_text(b, "binary_format_minor_version");
    head(b, 5, 0);
    mmdb_text(b, "build_epoch");
    head(b, 9, 4);
    put_number(b, 1700000000, 4);
    mmdb_text(b, "description");
    mmdb_map(b, 0);
}

bool mmdb_write(const struct mmdb_writer *w, const char *path)
{
    uint8_t room[2048];
    struct buf b = buf_of(room, sizeof room);
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    for (unsigned i = 0; i < w->n; i++)
        for (unsigned side = 0; side < 2; side++) {
            uint32_t v = w->node[i][side];
            v = !v ? w->n : v & MMDB_DATA ? (v & ~MMDB_DATA) + w->n + 16 : v;
            put_number(&b, v, 4);
            fwrite(b.p, 1, b.n, f);
            buf_reset(&b);
        }
    put_number(&b, 0, 8);
    put_number(&b, 0, 8);
    fwrite(b.p, 1, b.n, f);
    fwrite(w->data.p, 1, w->data.n, f);
    buf_reset(&b);
    put_metadata(&b, w->n);
    bool good = fwrite(b.p, 1, b.n, f) == b.n;
    return fclose(f) == 0 && good;
}
