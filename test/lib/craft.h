/* Packets made by hand: one connection or exchange at a time, over Ethernet. */
#pragma once

#include "lib/traffic.h"

enum craft_from { CRAFT_CLIENT, CRAFT_SERVER };

/* The talk that the next packet belongs to; the maker moves time and ports. */
struct craft {
    int64_t ts_ns;
    uint8_t ip_ver;          /* 4, 6 */
    uint32_t client;         /* last 32 bits of the client's address */
    uint16_t port[2], ip_id; /* ports of client and server */
    uint32_t seq[2];         /* next sequence number of each side */
};

/* Begins a talk at ts_ns on these ports: addresses and sequence numbers are fixed. */
struct craft craft_start(uint8_t ip_ver, uint16_t client_port, uint16_t server_port);

/* One segment; seq moves on by its bytes (and by one for SYN and FIN). flags: enum tcp_flag. */
struct frame *craft_tcp(struct traffic *f, struct craft *c, enum craft_from from, uint8_t flags,
                        struct slice data);

/* The three packets that open a connection. */
void craft_handshake(struct traffic *f, struct craft *c);
struct frame *craft_udp(struct traffic *f, struct craft *c, enum craft_from from,
                        struct slice data);

/* A datagram of any IP protocol. */
struct frame *craft_ip(struct traffic *f, struct craft *c, enum craft_from from, uint8_t ip_proto,
                       struct slice data);

/* An IPv4 fragment: offset in bytes (a multiple of 8). */
struct frame *craft_fragment(struct traffic *f, struct craft *c, size_t offset, bool more,
                             struct slice data);
