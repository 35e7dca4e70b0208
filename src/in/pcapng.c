/* pcapng files (draft-ietf-opsawg-pcapng): sections of blocks; those without packets are passed. */
#include "base/bug.h"
#include "base/cursor.h"
#include "in/capfile.h"

#define MAGIC       0x1a2b3c4d
#define NS_PER_S    UINT64_C(1000000000)
#define FRAME_BYTES 12 /* type, length, and the length again at the end */

enum block_type {
    BLOCK_INTERFACE = 1,
    BLOCK_OLD_PACKET = 2,
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_PACKET = 6,
    BLOCK_SECTION = 0x0a0d0d0a,
};

enum option_code {
    OPTION_END = 0,
    OPTION_PACKET_FLAGS = 2,
    OPTION_TSRESOL = 9,
    OPTION_FCSLEN = 13,
    OPTION_TSOFFSET = 14,
};

struct block {
    uint32_t type, total_bytes;
    struct cursor body; /* without the length at the end */
};

static inline uint16_t u16(const struct capfile *f, struct cursor *c)
{
    uint16_t v = cur_u16le(c);
    return UNLIKELY(f->big_endian) ? __builtin_bswap16(v) : v;
}

static inline uint32_t u32(const struct capfile *f, struct cursor *c)
{
    uint32_t v = cur_u32le(c);
    return UNLIKELY(f->big_endian) ? __builtin_bswap32(v) : v;
}

/* The next option of a block's tail: its code, value in *v; OPTION_END when there is no more. */
static unsigned next_option(const struct capfile *f, struct cursor *c, struct cursor *v)
{
    unsigned code = u16(f, c);
    size_t n = u16(f, c);
    *v = cur_sub(c, n);
    if (!cur_ok(c))
        return OPTION_END;
    if (cur_left(c) >= (-n & 3))
        cur_skip(c, -n & 3);
    return code;
}

/* ---- time */

/* if_tsresol: 10^-n, or 2^-n with the top bit. Decimal ones become a factor and a divisor. */
static void set_resolution(struct ng_iface *i, uint8_t resolution)
{
    i->resolution = resolution;
    i->multiply = i->divide = 1;
    for (unsigned n = resolution; n < 9; n++)
        i->multiply *= 10;
    for (unsigned n = 9; n < resolution && n < 9 + 19; n++)
        i->divide *= 10;
    if (resolution > 9 + 19) { /* 64 bits of such units are less than a nanosecond */
        i->multiply = 0;
        i->divide = 1;
    }
}

static int64_t clamp(__int128 ns)
{
    if (ns > INT64_MAX)
        return INT64_MAX;
    return ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

static int64_t time_of(const struct ng_iface *i, uint64_t units)
{
    unsigned __int128 ns;
    if (UNLIKELY(i->resolution & 0x80))
        ns = ((unsigned __int128)units * NS_PER_S) >> (i->resolution & 0x7f);
    else if (i->divide == 1)
        ns = (unsigned __int128)units * i->multiply;
    else
        ns = units / i->divide;
    return clamp((__int128)ns + (__int128)i->offset_s * (int64_t)NS_PER_S);
}

/* ---- blocks */

static enum take begin_interface(struct capfile *f, struct block *b)
{
    if (f->n_iface == CAPFILE_MAX_IFACES)
        return capfile_bad(f, DAMAGE_CORRUPT, "a section has more than %u interfaces",
                           CAPFILE_MAX_IFACES);
    struct cursor *c = &b->body, v;
    struct ng_iface new = { .link_type = u16(f, c) };
    cur_skip(c, 2);
    new.snaplen = u32(f, c);
    if (!cur_ok(c))
        return capfile_bad(f, DAMAGE_CORRUPT, "the interface block is too short");
    set_resolution(&new, 6);
    for (unsigned code; (code = next_option(f, c, &v)) != OPTION_END;) {
        if (code == OPTION_TSRESOL && cur_left(&v) >= 1) {
            set_resolution(&new, cur_u8(&v));
        } else if (code == OPTION_FCSLEN && cur_left(&v) >= 1) {
            new.fcs_bytes = cur_u8(&v);
        } else if (code == OPTION_TSOFFSET && cur_left(&v) >= 8) {
            uint64_t s = cur_u64le(&v);
            new.offset_s = (int64_t)(f->big_endian ? __builtin_bswap64(s) : s);
        }
    }
    if (f->n_iface == f->iface_cap) {
        f->iface_cap = f->iface_cap ? f->iface_cap * 2 : 8;
        f->iface = xrealloc(f->iface, f->iface_cap * sizeof(*f->iface));
    }
    f->iface[f->n_iface++] = new;
    return TAKE_FULL;
}

/* The length of the FCS as the packet itself tells (epb_flags, bits 5 to 8), else the interface. */
static unsigned fcs_of(const struct capfile *f, struct cursor options, const struct ng_iface *i)
{
    struct cursor v;
    for (unsigned code; (code = next_option(f, &options, &v)) != OPTION_END;)
        if (code == OPTION_PACKET_FLAGS && cur_left(&v) >= 4) {
            unsigned fcs_bytes = u32(f, &v) >> 5 & 0xf;
            return fcs_bytes ? fcs_bytes : i->fcs_bytes;
        }
    return i->fcs_bytes;
}

/* Enhanced:  | interface:32          | time high | time low | captured | on the wire | frame,
 * options Old:       | interface:16 drops:16 | the same ... */
static enum take take_packet(struct capfile *f, struct block *b, struct packet *p)
{
    struct cursor *c = &b->body;
    uint32_t index = u32(f, c);
    if (b->type == BLOCK_OLD_PACKET)
        index = f->big_endian ? index >> 16 : index & 0xffff;
    uint64_t high = u32(f, c), units = high << 32 | u32(f, c);
    uint32_t captured = u32(f, c), wire = u32(f, c);
    struct slice frame = cur_bytes(c, captured);
    if (!cur_ok(c) || captured > CAPFILE_MAX_PACKET)
        return capfile_bad(f, DAMAGE_CORRUPT,
                           "the packet block is corrupt: %u captured bytes in a block of %u",
                           captured, b->total_bytes);
    if (index >= f->n_iface)
        return capfile_bad(f, DAMAGE_CORRUPT, "the packet names interface %u of %u", index,
                           f->n_iface);
    const struct ng_iface *i = &f->iface[index];
    f->last_ns = time_of(i, units);
    capfile_packet(p, f->last_ns, frame, wire);
    p->link_type = i->link_type;
    size_t pad = -(size_t)captured & 3;
    if (UNLIKELY(cur_left(c) > pad + 4)) {
        cur_skip(c, pad);
        capfile_strip_fcs(p, fcs_of(f, *c, i));
    } else {
        capfile_strip_fcs(p, i->fcs_bytes);
    }
    return TAKE_FULL;
}

/* Simple packets have neither interface nor time: interface 0, and the time of the packet before
 * (the first nanosecond of 1970 when there is none). */
static enum take take_simple(struct capfile *f, struct block *b, struct packet *p)
{
    if (f->n_iface == 0)
        return capfile_bad(f, DAMAGE_CORRUPT, "a packet comes before any interface");
    const struct ng_iface *i = &f->iface[0];
    uint32_t wire = u32(f, &b->body), captured = wire;
    if (i->snaplen && captured > i->snaplen)
        captured = i->snaplen;
    if (!cur_ok(&b->body) || captured > cur_left(&b->body) || captured > CAPFILE_MAX_PACKET)
        return capfile_bad(f, DAMAGE_CORRUPT, "the packet block is corrupt: %u bytes in %u",
                           captured, b->total_bytes);
    if (f->last_ns == 0)
        f->last_ns = 1;
    capfile_packet(p, f->last_ns, cur_bytes(&b->body, captured), wire);
    p->link_type = i->link_type;
    capfile_strip_fcs(p, i->fcs_bytes);
    return TAKE_FULL;
}

/* A section brings its own byte order and interfaces. Its stated length is not needed. */
static enum take begin_section(struct capfile *f, struct block *b)
{
    struct cursor *c = &b->body;
    cur_skip(c, 4);
    unsigned major = u16(f, c), minor = u16(f, c);
    if (!cur_ok(c) || major != 1)
        return capfile_bad(f, DAMAGE_CORRUPT, "pcapng version %u.%u is not known", major, minor);
    f->n_iface = 0;
    return TAKE_FULL;
}

/* Type and length of the next block; the order of bytes may change with a section. */
static enum take block_head(struct capfile *f, struct cursor *c, struct block *b)
{
    b->type = u32(f, c);
    struct cursor length = *c;
    b->total_bytes = u32(f, c);
    if (!cur_ok(c))
        return capfile_more(f, 8);
    if (UNLIKELY(b->type == BLOCK_SECTION)) {
        uint32_t magic = cur_u32be(c);
        if (!cur_ok(c))
            return capfile_more(f, FRAME_BYTES);
        if (magic != MAGIC && magic != __builtin_bswap32(MAGIC))
            return capfile_bad(f, DAMAGE_CORRUPT, "the section has no byte order");
        f->big_endian = magic == MAGIC;
        b->total_bytes = u32(f, &length);
    }
    if (UNLIKELY(b->total_bytes < FRAME_BYTES || b->total_bytes % 4))
        return capfile_bad(f, DAMAGE_CORRUPT, "a block cannot be %u bytes long", b->total_bytes);
    return TAKE_FULL;
}

static bool is_read(uint32_t type)
{
    return type == BLOCK_PACKET || type == BLOCK_INTERFACE || type == BLOCK_SECTION ||
           type == BLOCK_SIMPLE_PACKET || type == BLOCK_OLD_PACKET;
}

/* A block that is read, whole and in sight. */
static enum take block_body(struct capfile *f, struct block *b)
{
    if (UNLIKELY(b->total_bytes > WINDOW_MAX_BYTES))
        return capfile_bad(f, DAMAGE_CORRUPT, "a block cannot be %u bytes long", b->total_bytes);
    struct cursor c = cur_of(slice_of(f->view.p, window_left(&f->view)));
    cur_skip(&c, 8);
    b->body = cur_sub(&c, b->total_bytes - FRAME_BYTES);
    uint32_t again = u32(f, &c);
    if (!cur_ok(&c))
        return capfile_more(f, b->total_bytes);
    if (UNLIKELY(again != b->total_bytes))
        return capfile_bad(f, DAMAGE_CORRUPT, "a block says %u bytes at its head, %u at its end",
                           b->total_bytes, again);
    return TAKE_FULL;
}

static enum take block_take(struct capfile *f, struct block *b, struct packet *p, bool *packet)
{
    *packet = false;
    switch (b->type) {
    case BLOCK_SECTION:
        return begin_section(f, b);
    case BLOCK_INTERFACE:
        return begin_interface(f, b);
    case BLOCK_SIMPLE_PACKET:
        *packet = true;
        return take_simple(f, b, p);
    default:
        *packet = true;
        return take_packet(f, b, p);
    }
}

static enum take take_blocks(struct capfile *f, struct packet *p, unsigned max, unsigned *n)
{
    while (*n < max) {
        struct cursor c = cur_of(slice_of(f->view.p, window_left(&f->view)));
        struct block b;
        bool packet;
        enum take r = block_head(f, &c, &b);
        if (r != TAKE_FULL)
            return r;
        if (is_read(b.type)) {
            r = block_body(f, &b);
            if (r == TAKE_FULL)
                r = block_take(f, &b, &p[*n], &packet);
            if (r != TAKE_FULL)
                return r;
            f->packets += packet;
            *n += packet;
        }
        window_skip(&f->view, b.total_bytes);
    }
    return TAKE_FULL;
}

bool pcapng_recognise(struct capfile *f, struct slice first)
{
    struct cursor c = cur_of(first);
    if (cur_u32be(&c) != BLOCK_SECTION)
        return false;
    f->take = take_blocks;
    return true;
}
