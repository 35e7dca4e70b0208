/* Frames for tests of the decoder, and what it said of them. */
#pragma once

#include "net/decode.h"

#define FRAMES_MAX 64
#define VISITS_MAX 32

/* A classic capture file of this machine's byte order, whole in memory. */
struct frames {
    uint16_t link_type;
    unsigned n;
    struct slice frame[FRAMES_MAX];
    int64_t ts_ns[FRAMES_MAX];
    uint8_t *file;
};

/* Fails the test when the file is not there or not such a file. */
struct frames frames_read(const char *path);
void frames_free(struct frames *f);

/* A decoder with its counters, and the visits of the last frame. Payloads are copies. */
struct decoding {
    struct net_conf conf;
    struct counters counters;
    struct decoder *d;
    unsigned n;
    struct packet visit[VISITS_MAX];
    uint8_t *payload[VISITS_MAX];
};

/* All tunnels are opened; 1 MB for fragments. */
void decoding_begin(struct decoding *x);
void decoding_end(struct decoding *x);

/* Decodes one frame, of which wire_len bytes were on the wire, from memory of its exact size. */
void decoding_frame(struct decoding *x, uint16_t link_type, struct slice frame, uint32_t wire_len);

/* The same with a time. */
void decoding_at(struct decoding *x, const struct packet *p);

/* The same for text of hexadecimal digits and spaces, on Ethernet unless link_type says else. */
void decoding_hex(struct decoding *x, uint16_t link_type, const char *text);

/* Bytes of hexadecimal text in static memory of the next call. */
struct slice frames_hex(const char *text);

/* Visits of all frames of a file, by protocol. */
struct tally {
    unsigned visits, udp, tcp, icmp, dns, macs, depth;
};
struct tally decoding_file(struct decoding *x, const struct frames *f);

/* Decodes all frames of a file cut at each byte, by the capture and on the wire. No payload may be
 * longer than what is there, nor a visit more than the whole frame has. */
void decoding_cut(struct decoding *x, const struct frames *f);

/* Decodes all frames of a file with bits of each byte turned; the file stays as it was. */
void decoding_turn(struct decoding *x, struct frames *f);
