/* What the files of the decoder share: the frame in work, and the layers that it is made of. */
#pragma once

#include "base/cursor.h"
#include "base/trace.h"
#include "net/decode.h"

/* Nested tunnels that are opened; what lies deeper is counted and left. */
#define TUNNEL_DEPTH_MAX 8

/* What comes next in the frame. Each layer after LAYER_BAD has one function, its step, which reads
 * the header at d->c, moves d->c behind it, fills d->p, and returns the layer that follows. On
 * LAYER_SHORT and LAYER_BAD it has filled nothing of its own. */
enum layer {
    LAYER_DONE,  /* what is left is payload */
    LAYER_WAIT,  /* a fragment that was put aside: no visit */
    LAYER_SHORT, /* the frame ends inside a header */
    LAYER_BAD,   /* a header contradicts itself */
    LAYER_ETHERNET,
    LAYER_VLAN,
    LAYER_LLC,
    LAYER_MPLS,
    LAYER_PPPOE,
    LAYER_PPP,
    LAYER_IP, /* version by its first four bits */
    LAYER_IPV4,
    LAYER_IPV6,
    LAYER_EXTENSION, /* IPv6 extension header, or AH; its number is d->p->l4 */
    LAYER_IPIP,
    LAYER_GRE,
    LAYER_TCP,
    LAYER_UDP,
    LAYER_ICMP,
    LAYER_SCTP,
    LAYER_COUNT
};

struct defrag;

struct decoder {
    const struct net_conf *conf;
    struct counters *counters; /* own, or uncounted while the frame is a copy */
    struct counters *own, uncounted;
    struct defrag *defrag;
    /* the frame in work */
    struct packet *p;
    struct cursor c; /* what is not yet read of the layer */
    size_t cut;      /* bytes behind c that were on the wire but are not there */
    decode_visit *visit;
    void *ctx;
};

/* The layer ends after n more bytes: what follows is padding, what is missing is cut. */
static inline void layer_bound(struct decoder *d, size_t n)
{
    size_t left = cur_left(&d->c);
    if (left >= n) {
        d->c = cur_of(slice_first(cur_rest(&d->c), n));
        d->cut = 0;
    } else {
        d->cut = n - left;
    }
}

/* A header of n bytes is not all there: cut by the capture or wrong? */
static inline bool layer_has(const struct decoder *d, size_t n)
{
    return cur_left(&d->c) + d->cut >= n;
}

/* Shows d->p as it is now to the caller of decode_packet, unless no layer is known. */
void layer_visit(struct decoder *d);

/* Forgets the layers of d->p, for a tunnel's own; the tunnel members stay. */
void layer_clear(struct packet *p);
