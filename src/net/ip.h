/* IPv4, IPv6 with its extension headers, and the headers of transport protocols. */
#pragma once

#include "net/layer.h"

/* Steps, see enum layer. */
enum layer ip_any(struct decoder *d);
enum layer ip_v4(struct decoder *d);
enum layer ip_v6(struct decoder *d);
enum layer ip_extension(struct decoder *d);
enum layer ip_tcp(struct decoder *d);
enum layer ip_udp(struct decoder *d);
enum layer ip_icmp(struct decoder *d);
enum layer ip_sctp(struct decoder *d);
