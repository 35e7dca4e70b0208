/* Writes capture files of made-up traffic that is the same for the same seed: Ethernet, IPv4, UDP,
 * TCP and ICMP with right lengths and checksums. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/slice.h"

#define CAPGEN_MSS 1460

struct capgen {
    FILE *file;
    uint64_t random;  /* state; set once by capgen_open */
    int64_t now_ns;   /* time of the next packet */
    int64_t step_ns;  /* added after each packet */
    uint64_t packets; /* written so far */
    uint16_t ip_id;   /* of the next packet */
    uint8_t frame[14 + 20 + 20 + CAPGEN_MSS + 64];
};

struct capgen_end {
    uint32_t ip; /* IPv4, host byte order */
    uint16_t port;
};

/* One connection; both halves count what they sent. */
struct capgen_tcp {
    struct capgen_end end[2]; /* client, server */
    uint32_t seq[2];
};

enum { CAPGEN_FIN = 1, CAPGEN_SYN = 2, CAPGEN_PSH = 8, CAPGEN_ACK = 16 };

/* Begins a microsecond pcap. Exits with a message when the file cannot be written. */
void capgen_open(struct capgen *g, const char *path, uint64_t seed);
void capgen_close(struct capgen *g);

/* The next number of the sequence below n (n > 0). */
uint32_t capgen_random(struct capgen *g, uint32_t n);

/* One datagram; the payload fits a frame (1,472 bytes). */
void capgen_udp(struct capgen *g, struct capgen_end from, struct capgen_end to,
                struct slice payload);

/* An ICMP message of type and code with 4 bytes of rest-of-header. */
void capgen_icmp(struct capgen *g, uint32_t from, uint32_t to, uint32_t type_code_rest[3],
                 struct slice payload);

/* Three packets of a handshake; three of an orderly end begun by the client. */
void capgen_tcp_open(struct capgen *g, struct capgen_tcp *t);
void capgen_tcp_close(struct capgen *g, struct capgen_tcp *t);

/* Bytes of side `from` (0 client, 1 server) in segments of CAPGEN_MSS; the other side acknowledges
 * each second segment and the last. */
void capgen_tcp_send(struct capgen *g, struct capgen_tcp *t, unsigned from, struct slice bytes);
