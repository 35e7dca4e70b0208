/* Link layers: everything in a frame before its IP header. */
#pragma once

#include "net/layer.h"

/* The layer that a frame of d->p->link_type begins with; reads the headers that only begin a frame
 * (NULL, SLL, radiotap, 802.11). An unknown type is counted and LAYER_DONE. */
enum layer link_first(struct decoder *d);

/* The layer of an EtherType (IEEE 802 numbers); LAYER_DONE when it is not decoded. */
enum layer link_ethertype(uint16_t type);

/* Steps, see enum layer. */
enum layer link_ethernet(struct decoder *d);
enum layer link_vlan(struct decoder *d);
enum layer link_llc(struct decoder *d);
enum layer link_mpls(struct decoder *d);
enum layer link_pppoe(struct decoder *d);
enum layer link_ppp(struct decoder *d);
