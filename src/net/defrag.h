/* Puts fragmented IP datagrams together. */
#pragma once

#include "model/counter.h"
#include "model/packet.h"
#include "net/net.h"

#define DEFRAG_DATAGRAMS_MAX  4096  /* incomplete at once; the oldest goes first */
#define DEFRAG_PIECES_MAX     512   /* separate runs of bytes of one datagram */
#define DEFRAG_TOUCHED_MAX    16    /* datagrams of one frame that are remembered */
#define DEFRAG_DATAGRAM_BYTES 65535 /* payload of one */

#define DEFRAG_TIMEOUT_V4_NS (INT64_C(30) * 1000000000) /* RFC 791 allows up to 120 s; as Linux */
#define DEFRAG_TIMEOUT_V6_NS (INT64_C(60) * 1000000000) /* RFC 8200 section 4.5 */

struct defrag;

struct fragment {
    uint32_t id;
    uint32_t offset; /* of bytes, in the datagram's payload */
    uint8_t proto;   /* the payload's; when whole, what the first fragment said */
    bool more;       /* not the last */
    bool cut;        /* the capture did not keep it all */
    struct slice bytes;
};

enum defrag_result {
    DEFRAG_WAIT,    /* kept (or a copy of what is kept): the datagram is not whole */
    DEFRAG_WHOLE,   /* the datagram is whole */
    DEFRAG_REFUSED, /* cut, impossible, contradicting, or no memory */
};

/* Keeps conf->defrag_bytes at most, hashes with conf->key. Exits without memory (boot). */
struct defrag *defrag_new(const struct net_conf *conf, struct counters *counters);
void defrag_free(struct defrag *f);

/* Counts there from now on. */
void defrag_count_in(struct defrag *f, struct counters *counters);
/* Counts there what was not whole in time. */
void defrag_count_overdue_in(struct defrag *f, struct counters *counters);

/* The datagrams that defrag_add was given fragments of since defrag_begin, by numbers that are
 * never given twice; all but the last are whole. Refused fragments without a datagram have none. */
struct touched {
    uint32_t number[DEFRAG_TOUCHED_MAX];
    unsigned n;
    bool is_open; /* the last one may go on */
};
const struct touched *defrag_touched(const struct defrag *f);

/* Begins a frame at now_ns of packet time: what defrag_add gave becomes invalid, and datagrams that
 * wait too long are given up. */
void defrag_begin(struct defrag *f, int64_t now_ns);

/* Takes in a fragment of p, whose addresses, ip_ver, VLANs and tunnel key tell the datagram. When
 * that is whole, *whole is its payload, valid until the next defrag_begin, and p->frag_packets and
 * frag_bytes count the earlier fragments. */
enum defrag_result defrag_add(struct defrag *f, struct packet *p, struct fragment *frag,
                              struct slice *whole);

/* Incomplete datagrams and the memory they take: for tests. */
size_t defrag_waiting(const struct defrag *f);
size_t defrag_bytes(const struct defrag *f);
