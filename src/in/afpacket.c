/* Live capture through a ring shared with the kernel: AF_PACKET, TPACKET_V3 (packet(7),
 * Documentation/networking/packet_mmap.rst). Frames are read where the kernel put them; a block
 * goes back to it with the read after its last frame. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "in/device.h"
#include "in/fanout.h"
#include "in/filter.h"
#include "in/live.h"

#define NS_PER_S          INT64_C(1000000000)
#define MIB               ((size_t)1024 * 1024)
#define BLOCK_BYTES       ((size_t)256 * 1024)
#define LARGE_BLOCK       ((size_t)512 * 1024) /* when snaplen does not fit the other */
#define SHARED_BLOCKS_MIN 4                    /* of each, however many share the buffer */
#define HEADER_ROOM       ((size_t)4096)
#define FRAME_BYTES       2048 /* only has to divide the block: V3 packs frames of any size */
#define RETIRE_MS         60   /* a block that is not full comes to us after this time */
#define VLAN_BYTES        4

struct afpacket {
    struct capture base;
    char name[DEVICE_NAME_MAX];
    int ifindex; /* 0: any */
    bool any, cooked;
    uint16_t link_type; /* of all frames, unless any */
    unsigned parts;     /* captures that share conf's buffer */

    uint8_t *ring;
    size_t block_bytes, n_blocks, current;
    const struct tpacket3_hdr *next; /* in the current block, with `left` frames from it on */
    uint32_t left;
    bool holding; /* the current block is ours */
    bool down;
    uint64_t packets, drops;
};

/* ---- the frames of a device */

/* How a device's frames begin (linux/if_arp.h). What has no link layer that we know is taken
 * cooked: the kernel gives the bytes from the network layer on. */
struct hardware {
    unsigned type;
    uint16_t link_type;
    bool cooked;
};

static struct hardware hardware_of(unsigned type)
{
    static const struct hardware known[] = {
        { ARPHRD_ETHER, LINK_ETHERNET, false },
        { ARPHRD_LOOPBACK, LINK_ETHERNET, false },
        { ARPHRD_IEEE80211, LINK_IEEE802_11, false },
        { ARPHRD_IEEE80211_RADIOTAP, LINK_IEEE802_11_RADIOTAP, false },
    };
    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].type == type)
            return known[i];
    return (struct hardware){ type, LINK_RAW, true };
}

/* ---- reading */

static struct tpacket_block_desc *block_at(const struct afpacket *s, size_t i)
{
    return (struct tpacket_block_desc *)(void *)(s->ring + i * s->block_bytes);
}

/* shared: the kernel writes frames, then the status; we write the status when we are done */
static bool block_is_ours(const struct afpacket *s)
{
    const uint32_t *status = &block_at(s, s->current)->hdr.bh1.block_status;
    return __atomic_load_n(status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static void block_begin(struct afpacket *s)
{
    const struct tpacket_block_desc *b = block_at(s, s->current);
    s->holding = true;
    s->left = b->hdr.bh1.num_pkts;
    s->next = (const void *)((const uint8_t *)b + b->hdr.bh1.offset_to_first_pkt);
}

static void block_give_back(struct afpacket *s)
{
    uint32_t *status = &block_at(s, s->current)->hdr.bh1.block_status;
    __atomic_store_n(status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    s->holding = false;
    s->current = (s->current + 1) % s->n_blocks;
}

static const struct sockaddr_ll *frame_from(const struct tpacket3_hdr *h)
{
    return (const void *)((const uint8_t *)h + TPACKET_ALIGN(sizeof(*h)));
}

/* On loopback every packet passes twice, going out and coming in: the first is left out. */
static bool frame_is_echo(const struct sockaddr_ll *from)
{
    return from->sll_hatype == ARPHRD_LOOPBACK && from->sll_pkttype == PACKET_OUTGOING;
}

/* False: nothing that is delivered. `any` sees frames of all kinds of devices: each has the link
 * type of its own, and those without a link layer begin at the network layer. */
static bool frame_take(const struct afpacket *s, const struct tpacket3_hdr *h, struct packet *p)
{
    const struct sockaddr_ll *from = frame_from(h);
    if (frame_is_echo(from))
        return false;
    uint32_t at = h->tp_mac, n = h->tp_snaplen, wire = h->tp_len;
    p->link_type = s->link_type;
    if (s->any) {
        struct hardware kind = hardware_of(from->sll_hatype);
        p->link_type = kind.link_type;
        uint32_t skip = kind.cooked && h->tp_net > at ? h->tp_net - at : 0;
        if (skip > n)
            return false;
        at += skip;
        n -= skip;
        wire -= skip;
    }
    p->ts_ns = h->tp_sec * NS_PER_S + h->tp_nsec;
    p->frame = slice_of((const uint8_t *)h + at, n);
    p->vlan_valid = h->tp_status & TP_STATUS_VLAN_VALID;
    p->vlan_tci = (uint16_t)h->hv1.tp_vlan_tci;
    p->is_copy = false;
    p->clock_ns = 0;
    wire += p->vlan_valid ? VLAN_BYTES : 0;
    p->wire_len = wire > n ? wire : n;
    return true;
}

static unsigned block_take(struct afpacket *s, struct packet *p, unsigned max)
{
    unsigned n = 0;
    for (; s->left && n < max; s->left--) {
        const struct tpacket3_hdr *h = s->next;
        n += frame_take(s, h, &p[n]);
        s->next = (const void *)((const uint8_t *)h + h->tp_next_offset);
    }
    return n;
}

/* The socket has an error: an interface that is down may come back, one that is gone may not. */
static int link_lost(struct afpacket *s, struct why *w)
{
    int error = 0;
    socklen_t n = sizeof(error);
    getsockopt(s->base.fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error == 0 || (error == ENETDOWN && s->any))
        return CAPTURE_IDLE;
    if (error == ENETDOWN && (int)if_nametoindex(s->name) == s->ifindex) {
        if (!s->down)
            log_warn("sniffer", "%s is down; capture goes on when it is up again", s->name);
        s->down = true;
        return CAPTURE_IDLE;
    }
    why_set(w, ERR_IO, "%s: %s", s->name,
            error == ENETDOWN ? "the interface is gone" : strerror(error));
    return CAPTURE_FAILED;
}

static int wait_for_block(struct afpacket *s, struct why *w)
{
    struct pollfd ready = { .fd = s->base.fd, .events = POLLIN | POLLERR };
    int r = poll(&ready, 1, s->base.no_wait ? 0 : LIVE_WAIT_MS);
    if (r > 0 && (ready.revents & (POLLERR | POLLHUP)))
        return link_lost(s, w);
    return CAPTURE_IDLE;
}

static int afpacket_read(struct capture *c, struct packet *p, unsigned max, struct why *w)
{
    struct afpacket *s = container_of(c, struct afpacket, base);
    unsigned n = 0;
    while (n == 0) {
        if (s->holding && s->left == 0)
            block_give_back(s);
        if (!s->holding && !block_is_ours(s)) {
            int r = wait_for_block(s, w);
            if (!block_is_ours(s))
                return r;
        }
        if (!s->holding)
            block_begin(s);
        n = block_take(s, p, max);
    }
    s->packets += n;
    s->down = false;
    return (int)n;
}

static void afpacket_stats(struct capture *c, struct capture_stats *out)
{
    struct afpacket *s = container_of(c, struct afpacket, base);
    struct tpacket_stats_v3 got = { 0 };
    socklen_t n = sizeof(got);
    if (getsockopt(s->base.fd, SOL_PACKET, PACKET_STATISTICS, &got, &n) == 0)
        s->drops += got.tp_drops; /* the kernel begins anew with each look */
    *out = (struct capture_stats){ .packets = s->packets, .drops = s->drops };
}

static void afpacket_close(struct capture *c)
{
    struct afpacket *s = container_of(c, struct afpacket, base);
    if (s->ring)
        munmap(s->ring, s->block_bytes * s->n_blocks);
    if (s->base.fd >= 0)
        close(s->base.fd);
    xfree(s);
}

static const struct capture_ops afpacket_ops = {
    .read = afpacket_read,
    .stats = afpacket_stats,
    .close = afpacket_close,
};

/* ---- opening */

static err failed(const struct afpacket *s, const char *what, struct why *w)
{
    if (errno == EPERM || errno == EACCES)
        return live_no_right(s->name, w);
    return why_set(w, ERR_IO, "%s: %s: %s", s->name, what, strerror(errno));
}

static err set(const struct afpacket *s, int option, int value, const char *what, struct why *w)
{
    if (setsockopt(s->base.fd, SOL_PACKET, option, &value, sizeof(value)) == 0)
        return ERR_OK;
    return failed(s, what, w);
}

/* The socket belongs to no protocol until it is bound: nothing comes in unfiltered. */
static err open_socket(struct afpacket *s, struct why *w)
{
    s->base.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (s->base.fd < 0)
        return failed(s, "cannot capture", w);
    s->link_type = LINK_ETHERNET;
    if (s->any)
        return ERR_OK;
    s->ifindex = (int)if_nametoindex(s->name);
    if (s->ifindex == 0)
        return why_set(w, ERR_MISSING,
                       "%s: No such device exists; \"wirelume devices\" lists those that do",
                       s->name);
    struct ifreq r = { 0 };
    snprintf(r.ifr_name, sizeof(r.ifr_name), "%.15s", s->name);
    if (ioctl(s->base.fd, SIOCGIFHWADDR, &r) != 0)
        return failed(s, "its hardware type cannot be read", w);
    struct hardware kind = hardware_of(r.ifr_hwaddr.sa_family);
    s->link_type = kind.link_type;
    s->cooked = kind.cooked;
    if (!s->cooked)
        return ERR_OK;
    close(s->base.fd);
    s->base.fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return s->base.fd < 0 ? failed(s, "cannot capture", w) : ERR_OK;
}

static err attach(const struct afpacket *s, const struct bpf_insn *code, size_t n, struct why *w)
{
    /* libpcap's instructions have the kernel's layout: 16, 8, 8 and 32 bits. */
    static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "one layout");
    struct sock_fprog program = { .len = (unsigned short)n,
                                  .filter = (struct sock_filter *)(uintptr_t)code };
    if (n > USHRT_MAX)
        return why_set(w, ERR_LIMIT, "%s: bpf_filter is too long for the kernel", s->name);
    if (setsockopt(s->base.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0)
        return ERR_OK;
    return failed(s, "the kernel refuses bpf_filter", w);
}

/* For `any`: frames of Ethernet and loopback go through the first program, others through the
 * second, which sees them from the network layer on. */
static err attach_both(const struct afpacket *s, const struct bpf_program *ethernet,
                       const struct bpf_program *raw, struct why *w)
{
    struct bpf_insn head[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_HATYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_ETHER, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_LOOPBACK, 1, 0),
        BPF_STMT(BPF_JMP | BPF_JA, ethernet->bf_len),
    };
    size_t n = COUNT(head) + ethernet->bf_len + raw->bf_len;
    struct bpf_insn *code = xmalloc(n * sizeof(*code));
    memcpy(code, head, sizeof(head));
    memcpy(code + COUNT(head), ethernet->bf_insns, ethernet->bf_len * sizeof(*code));
    memcpy(code + COUNT(head) + ethernet->bf_len, raw->bf_insns, raw->bf_len * sizeof(*code));
    err e = attach(s, code, n, w);
    xfree(code);
    return e;
}

static err attach_any(const struct afpacket *s, const char *text,
                      const struct bpf_program *ethernet, struct why *w)
{
    static struct bpf_insn nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
    const struct filter_target target = { LINK_RAW, 262144, false };
    struct bpf_program raw;
    if (filter_compile(text, &target, &raw, NULL) == ERR_OK) {
        err e = attach_both(s, ethernet, &raw, w);
        pcap_freecode(&raw);
        return e;
    }
    /* such as `ether host`: no packet without a link layer can match */
    raw = (struct bpf_program){ .bf_len = COUNT(nothing), .bf_insns = nothing };
    return attach_both(s, ethernet, &raw, w);
}

/* Also without a filter of the user: the program's answer is what cuts frames to snaplen. */
static err set_filter(const struct afpacket *s, const struct interface_conf *conf, struct why *w)
{
    const char *text = conf->bpf_filter ? conf->bpf_filter : "";
    const struct filter_target target = { s->link_type, (int)conf->snaplen, true };
    struct bpf_program program;
    struct why inner;
    err e = filter_compile(text, &target, &program, &inner);
    if (e != ERR_OK)
        return why_set(w, e, "%s: bpf_filter \"%s\": %s", s->name, text, inner.text);
    if (s->any && text[0])
        e = attach_any(s, text, &program, w);
    else
        e = attach(s, program.bf_insns, program.bf_len, w);
    pcap_freecode(&program);
    return e;
}

static err set_ring(struct afpacket *s, const struct interface_conf *conf, struct why *w)
{
    size_t snaplen = (size_t)conf->snaplen;
    size_t ring = (size_t)conf->buffer_size_mb * MIB / s->parts;
    s->block_bytes = snaplen + HEADER_ROOM > BLOCK_BYTES ? LARGE_BLOCK : BLOCK_BYTES;
    s->n_blocks = ring / s->block_bytes;
    if (s->parts > 1 && s->n_blocks < SHARED_BLOCKS_MIN)
        s->n_blocks = SHARED_BLOCKS_MIN;
    struct tpacket_req3 r = {
        .tp_block_size = (unsigned)s->block_bytes,
        .tp_block_nr = (unsigned)s->n_blocks,
        .tp_frame_size = FRAME_BYTES,
        .tp_frame_nr = (unsigned)(s->block_bytes / FRAME_BYTES * s->n_blocks),
        .tp_retire_blk_tov = RETIRE_MS,
    };
    if (s->n_blocks == 0)
        return why_set(w, ERR_CONFIG, "%s: buffer size too small", s->name);
    err e =
        set(s, PACKET_VERSION, TPACKET_V3, "the kernel has no TPACKET_V3 (type: pcap works)", w);
    if (e != ERR_OK)
        return e;
    if (setsockopt(s->base.fd, SOL_PACKET, PACKET_RX_RING, &r, sizeof(r)) != 0)
        return failed(s, "no memory for the ring, lower buffer_size_mb", w);
    void *p =
        mmap(NULL, s->block_bytes * s->n_blocks, PROT_READ | PROT_WRITE, MAP_SHARED, s->base.fd, 0);
    if (p == MAP_FAILED)
        return failed(s, "the ring cannot be mapped", w);
    s->ring = p;
    return ERR_OK;
}

static err set_promiscuous(const struct afpacket *s, struct why *w)
{
    struct packet_mreq r = { .mr_ifindex = s->ifindex, .mr_type = PACKET_MR_PROMISC };
    if (s->any) {
        log_warn("sniffer", "auto_promisc_mode has no effect on device any");
        return ERR_OK;
    }
    if (setsockopt(s->base.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &r, sizeof(r)) == 0)
        return ERR_OK;
    return failed(s, "promiscuous mode cannot be set", w);
}

static err bind_device(const struct afpacket *s, struct why *w)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = s->ifindex };
    to.sll_protocol = __builtin_bswap16(ETH_P_ALL);
    if (bind(s->base.fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        return failed(s, "cannot capture", w);
    return ERR_OK;
}

/* Nothing passes until set_filter: a socket that is bound and not yet one of its group would get
 * what is for the others too. */
static err shut_filter(const struct afpacket *s, struct why *w)
{
    static const struct bpf_insn nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
    return attach(s, nothing, COUNT(nothing), w);
}

/* The first of the group makes it, with the program that tells whose a packet is; *id is then the
 * group's. */
static err join_own_group(const struct afpacket *s, int *id, struct why *w)
{
    struct sock_filter code[FANOUT_MAX];
    struct sock_fprog program = { .len = (unsigned short)fanout_program(code, NULL),
                                  .filter = code };
    socklen_t n = sizeof(*id);
    bool is_first = *id < 0;
    int unique = is_first ? PACKET_FANOUT_FLAG_UNIQUEID : 0;
    err e = set(s, PACKET_FANOUT, (is_first ? 0 : *id) | (PACKET_FANOUT_CBPF | unique) << 16,
                "its packets cannot be shared out (workers: 1 works)", w);
    if (e != ERR_OK || !is_first)
        return e;
    if (setsockopt(s->base.fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof(program)) != 0 ||
        getsockopt(s->base.fd, SOL_PACKET, PACKET_FANOUT, id, &n) != 0)
        return failed(s, "its packets cannot be shared out (workers: 1 works)", w);
    *id &= 0xffff;
    return ERR_OK;
}

/* A group that the user names is shared with other processes, by the kernel's own hash, as theirs
 * is. */
static err join_group(const struct afpacket *s, const struct interface_conf *conf, int *id,
                      struct why *w)
{
    if (conf->fanout_group >= 0)
        return set(s, PACKET_FANOUT,
                   (int)conf->fanout_group | (PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG) << 16,
                   "fanout_group is refused", w);
    return s->parts > 1 ? join_own_group(s, id, w) : ERR_OK;
}

/* All but the filter that lets packets in. id: of the group, -1 for its first. */
static err open_all(struct afpacket *s, const struct interface_conf *conf, int *id, struct why *w)
{
    err e = open_socket(s, w);
    if (e == ERR_OK)
        e = set_ring(s, conf, w);
    if (e == ERR_OK)
        e = shut_filter(s, w);
    if (e == ERR_OK && conf->ignore_outgoing)
        e = set(s, PACKET_IGNORE_OUTGOING, 1, "ignore_outgoing needs Linux 4.20", w);
    if (e == ERR_OK && conf->auto_promisc_mode)
        e = set_promiscuous(s, w);
    if (e == ERR_OK)
        e = bind_device(s, w);
    return e == ERR_OK ? join_group(s, conf, id, w) : e;
}

static struct afpacket *afpacket_new(const char *name, unsigned parts)
{
    struct afpacket *s = xcalloc(1, sizeof(*s));
    s->base = (struct capture){ .ops = &afpacket_ops, .live = true, .realtime = true, .fd = -1 };
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->any = strcmp(name, "any") == 0;
    s->parts = parts;
    return s;
}

err afpacket_open_group(const struct interface_conf *conf, const char *name, struct capture **out,
                        unsigned n, struct why *w)
{
    err e = ERR_OK;
    int id = -1;
    for (unsigned i = 0; i < n; i++) {
        struct afpacket *s = afpacket_new(name, n);
        out[i] = &s->base;
        if (e == ERR_OK)
            e = open_all(s, conf, &id, w);
    }
    for (unsigned i = 0; i < n && e == ERR_OK; i++)
        e = set_filter(container_of(out[i], struct afpacket, base), conf, w);
    for (unsigned i = 0; i < n && e != ERR_OK; i++) {
        afpacket_close(out[i]);
        out[i] = NULL;
    }
    return e;
}

err afpacket_open(const struct interface_conf *conf, const char *name, struct capture **out,
                  struct why *w)
{
    return afpacket_open_group(conf, name, out, 1, w);
}
