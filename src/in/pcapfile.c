/* pcap files (draft-ietf-opsawg-pcap): a header, then records of 16 bytes and the frame. */
#include "base/bug.h"
#include "base/cursor.h"
#include "in/capfile.h"

#define HEADER_BYTES 24

/* Magic numbers as a big-endian file shows them. */
struct magic {
    uint32_t number, fraction_ns;
    uint8_t record_bytes;
};

static const struct magic magics[] = {
    { 0xa1b2c3d4, 1000, 16 }, /* microseconds */
    { 0xa1b23c4d, 1, 16 },    /* nanoseconds */
    { 0xa1b2cd34, 1000, 24 }, /* Kuznetzov's: interface, protocol and packet type behind */
};

/* 0        4        8        12           16
 * | seconds| part   |captured| on the wire| [8 bytes more] | frame ... */
static inline void record_words(const struct capfile *f, struct cursor *c, uint32_t word[4])
{
    for (int i = 0; i < 4; i++)
        word[i] = cur_u32le(c);
    if (UNLIKELY(f->big_endian))
        for (int i = 0; i < 4; i++)
            word[i] = __builtin_bswap32(word[i]);
}

/* Before version 2.3 the two lengths stood the other way round, in 2.3 either way. */
static bool lengths_are_swapped(unsigned major, unsigned minor)
{
    return major == 2 && minor < 3;
}

static enum take take_records(struct capfile *f, struct packet *p, unsigned max, unsigned *n)
{
    for (; *n < max; ++*n) {
        struct cursor c = cur_of(slice_of(f->view.p, window_left(&f->view)));
        uint32_t word[4];
        record_words(f, &c, word);
        cur_skip(&c, f->record_bytes - 16u);
        if (!cur_ok(&c))
            return capfile_more(f, f->record_bytes);
        uint32_t captured = word[f->swapped_lengths ? 3 : 2];
        if (UNLIKELY(captured > CAPFILE_MAX_PACKET))
            return capfile_bad(f, DAMAGE_CORRUPT,
                               "the record header is corrupt: it says %u captured bytes", captured);
        struct slice frame = cur_bytes(&c, captured);
        if (!cur_ok(&c))
            return capfile_more(f, f->record_bytes + captured);
        int64_t ts_ns = word[0] * INT64_C(1000000000) + word[1] * (int64_t)f->fraction_ns;
        capfile_packet(&p[*n], ts_ns, frame, word[f->swapped_lengths ? 2 : 3]);
        p[*n].link_type = f->link_type;
        capfile_strip_fcs(&p[*n], f->fcs_bytes);
        f->packets++;
        f->view.p = c.p;
    }
    return TAKE_FULL;
}

/* LINKTYPE_ values, except that some old files hold a BSD's own number for raw IP. */
static uint16_t link_type_of(uint32_t word)
{
    uint16_t type = (uint16_t)word;
    return type == 12 || type == 14 ? LINK_RAW : type;
}

/* 0       4             8          12        16      20
 * | magic | major minor | reserved | reserved| snaplen| FCS:4 P:1 0:11 link type:16 | */
static enum take take_header(struct capfile *f, struct packet *p, unsigned max, unsigned *n)
{
    struct cursor c = cur_of(slice_of(f->view.p, window_left(&f->view)));
    cur_skip(&c, 4);
    unsigned major = f->big_endian ? cur_u16be(&c) : cur_u16le(&c);
    unsigned minor = f->big_endian ? cur_u16be(&c) : cur_u16le(&c);
    cur_skip(&c, 12);
    uint32_t link = f->big_endian ? cur_u32be(&c) : cur_u32le(&c);
    if (!cur_ok(&c))
        return capfile_more(f, HEADER_BYTES);
    if (major != 2 && major != 543)
        return capfile_bad(f, DAMAGE_UNKNOWN, "pcap version %u.%u is not known", major, minor);
    f->swapped_lengths = lengths_are_swapped(major, minor);
    f->link_type = link_type_of(link);
    if (link & 0x04000000)
        f->fcs_bytes = (uint8_t)((link >> 28) * 2);
    f->view.p = c.p;
    f->take = take_records;
    return take_records(f, p, max, n);
}

bool pcapfile_recognise(struct capfile *f, struct slice first)
{
    struct cursor c = cur_of(first);
    uint32_t number = cur_u32be(&c);
    for (size_t i = 0; i < COUNT(magics); i++) {
        bool big = number == magics[i].number;
        if (!big && number != __builtin_bswap32(magics[i].number))
            continue;
        f->big_endian = big;
        f->fraction_ns = magics[i].fraction_ns;
        f->record_bytes = magics[i].record_bytes;
        f->take = take_header;
        return true;
    }
    return false;
}
