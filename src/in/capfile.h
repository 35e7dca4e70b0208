/* One capture file: packets in the order of the file, as far as it can be read. */
#pragma once

#include "in/window.h"
#include "model/packet.h"

/* Longer records than libpcap's MAXIMUM_SNAPLEN are taken for damage. */
#define CAPFILE_MAX_PACKET 262144
#define CAPFILE_MAX_IFACES 4096

enum damage { DAMAGE_NONE, DAMAGE_EMPTY, DAMAGE_UNKNOWN, DAMAGE_CUT, DAMAGE_CORRUPT, DAMAGE_IO };

/* Why a format's reader stopped. */
enum take {
    TAKE_FULL, /* the caller's array is full */
    TAKE_MORE, /* *need bytes must come into sight */
    TAKE_BAD,  /* f->damage and f->why are set */
};

/* An interface of a pcapng section. */
struct ng_iface {
    uint16_t link_type;
    uint8_t fcs_bytes;
    uint32_t snaplen;          /* 0: no limit */
    uint8_t resolution;        /* if_tsresol as it stands in the file */
    uint64_t multiply, divide; /* units to ns, of decimal resolutions */
    int64_t offset_s;          /* if_tsoffset */
};

struct capfile {
    struct window view;
    const char *name; /* borrowed */
    enum take (*take)(struct capfile *f, struct packet *p, unsigned max, unsigned *n);
    uint64_t packets; /* records read so far */
    size_t need;      /* with TAKE_MORE */
    bool big_endian;
    enum damage damage;
    struct why why; /* with damage: one line with file, place and reason */

    /* pcap */
    uint32_t fraction_ns; /* of one unit of the second timestamp word */
    uint8_t record_bytes; /* 16; 24 in Kuznetzov's variant */
    bool swapped_lengths;
    uint16_t link_type;
    uint8_t fcs_bytes;

    /* pcapng */
    struct ng_iface *iface;
    unsigned n_iface, iface_cap;
    int64_t last_ns; /* time for packets that have none */
};

/* What capfile_read gives without packets. */
enum { CAPFILE_NOTHING = 0, CAPFILE_END = -1 };

/* On failure ERR_MISSING or ERR_IO, and nothing to close. f->name stays the caller's. */
MUST_CHECK err capfile_open(struct capfile *f, const char *path, struct why *w);
void capfile_close(struct capfile *f);

/* Up to max packets into p (only what a capture fills). Frames stay valid until the next call with
 * may_fill. Without may_fill only what is in sight is read, and CAPFILE_NOTHING asks for a call
 * with it; with it, it says that a pipe has nothing at present. CAPFILE_END: see f->damage. */
int capfile_read(struct capfile *f, struct packet *p, unsigned max, bool may_fill);

/* For the formats: begin a file whose first 4 bytes are in sight. */
bool pcapfile_recognise(struct capfile *f, struct slice first);
bool pcapng_recognise(struct capfile *f, struct slice first);

/* For the formats: sets damage and why ("NAME: what, in packet N at byte M"). */
enum take capfile_bad(struct capfile *f, enum damage damage, const char *fmt, ...) PRINTF(3);

/* For the formats: need bytes must come into sight. */
static inline enum take capfile_more(struct capfile *f, size_t need)
{
    f->need = need;
    return TAKE_MORE;
}

/* For the formats: fills the packet's capture side. */
static inline void capfile_packet(struct packet *p, int64_t ts_ns, struct slice frame,
                                  uint32_t wire)
{
    p->ts_ns = ts_ns;
    p->frame = frame;
    p->wire_len = wire > frame.n ? wire : (uint32_t)frame.n;
    p->iface = 0;
    p->vlan_tci = 0;
    p->vlan_valid = p->is_copy = false;
    p->clock_ns = 0;
}

/* For the formats: takes a frame check sequence off the end of the frame on the wire. */
static inline void capfile_strip_fcs(struct packet *p, unsigned fcs_bytes)
{
    if (fcs_bytes == 0 || fcs_bytes > p->wire_len)
        return;
    p->wire_len -= fcs_bytes;
    p->frame = slice_first(p->frame, p->wire_len);
}
