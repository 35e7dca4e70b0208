/* Where TCP lies in a frame: the tests' own plain reading, independent of the code under test. */
#pragma once

#include "lib/traffic.h"

struct tcpview {
    size_t ip, tcp, data, data_n; /* offsets in the frame; payload bytes there */
    uint8_t ip_ver, flags;        /* enum tcp_flag */
    uint32_t seq;
    uint8_t ends[36]; /* source address and port, destination address and port */
};

/* False for everything but a whole TCP segment straight in IP, below Ethernet (VLAN tags passed),
 * SLL, SLL2, BSD NULL or raw IP. */
bool tcpview_of(const struct frame *f, struct tcpview *v);

/* Appends the segment's bytes [from, from + n) as a segment of its own, at the same time, with
 * lengths and sequence number to match. FIN and PSH stay with the last byte. */
struct frame *tcpview_piece(struct traffic *to, const struct frame *f, const struct tcpview *v,
                            struct slice part);

/* An order-free number of the frame's outermost IP addresses (0 without IP): equal for both
 * directions, and for all fragments. */
uint32_t frame_pair_hash(const struct frame *f);
