/* Tunnels: packets in packets. */
#pragma once

#include "net/layer.h"

/* The layer inside a UDP datagram whose header is read, when it belongs to a tunnel that may be
 * opened; else LAYER_DONE. */
enum layer tunnel_udp(struct decoder *d);

/* Steps, see enum layer. */
enum layer tunnel_ipip(struct decoder *d);
enum layer tunnel_gre(struct decoder *d);
