/* Most frames: Ethernet, then IPv4 without options, no fragment, of TCP or UDP. Decoding, fetching
 * ahead and sharing out look for them in one step. */
#pragma once

#include "model/packet.h"

#define PLAIN_BYTES 34 /* of both headers */

/* h: the first PLAIN_BYTES of an Ethernet frame. The transport's number, or 0 when the frame is
 * another; whether the rest is there and whole is not looked at. */
static inline uint8_t plain_l4(const uint8_t *h)
{
    bool is_ipv4 = h[12] == 0x08 && h[13] == 0 && h[14] == 0x45;
    bool is_fragment = (h[20] & 0x3f) || h[21];
    bool is_known = h[23] == IPPROTO_N_UDP || h[23] == IPPROTO_N_TCP;
    return is_ipv4 && !is_fragment && is_known ? h[23] : 0;
}
