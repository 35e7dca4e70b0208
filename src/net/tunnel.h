/* Tunnels: packets in packets. */
#pragma once

#include "net/layer.h"

/* Key of the hashes that make tunnel_key. Public on purpose: the value is part of flow.id, and a
 * replay must be equal to the byte. The tables are keyed with a secret beside it. */
extern const struct hash_key tunnel_hash_key;

/* The layer inside a UDP datagram whose header is read, when it belongs to a tunnel that may be
 * opened; else LAYER_DONE. */
enum layer tunnel_udp(struct decoder *d);

/* UDP from or to this port may be such a datagram. */
bool tunnel_has_port(uint16_t port);

/* Steps, see enum layer. */
enum layer tunnel_ipip(struct decoder *d);
enum layer tunnel_gre(struct decoder *d);
