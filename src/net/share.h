/* Shares of a capture's traffic, for workers that own nothing together: a flow, both directions of
 * it, its fragments and its ICMP errors belong to one share. */
#pragma once

#include "base/hash.h"
#include "model/packet.h"

/* The share (below n, from 0) of a decoded packet: by its innermost addresses, of TCP with the
 * ports; without IP by its MAC addresses. VLANs and tunnels do not count. Pieces of a datagram that
 * is not whole have no ports: they go by their addresses, as UDP does. */
unsigned share_of(const struct packet *p, const struct hash_key *key, unsigned n);

/* The share of a frame as it was captured, where it is plainly of one flow: TCP or UDP in IPv4 on
 * Ethernet, neither in pieces nor in a tunnel, and without a fault in its headers. -1: it must be
 * decoded. */
int share_of_frame(const struct packet *p, const struct hash_key *key, unsigned n);
