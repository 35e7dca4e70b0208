/* Captures told differently: the same bytes at the same times in other segments, so that the events
 * must be the same. Frames that are not whole TCP segments are copied as they are. */
#pragma once

#include "lib/traffic.h"

/* Only data that continue their direction without a hole are changed. What the capture holds out of
 * order, repeated or after a loss stays as it is, because how long a hole is waited for depends on
 * the number of packets; so do the first data of a direction that began without SYN or paused for
 * more than 5 s, because nothing but their place says where the stream begins. */

/* Every such segment becomes segments of `step` bytes (1: one byte each). Each keeps the time
 * of the packet it was cut from, so every byte arrives when it did. */
void recut_small(struct traffic *to, const struct traffic *from, size_t step);

/* Every such segment becomes three pieces a, b, c, sent as c a c b a: out of order, with
 * retransmissions before and after the hole closes. All carry the packet's own time, and after the
 * last of them exactly the packet's bytes have arrived: whatever depends on packet times is
 * unchanged. */
void recut_shuffle(struct traffic *to, const struct traffic *from);

/* Packets of one direction of one connection that follow each other directly are reversed in groups
 * of up to four. For this the times within a group must be equal: `flat` gets the capture with the
 * times so flattened and the old order, `to` with the new order; both must give equal events. */
void recut_reverse(struct traffic *flat, struct traffic *to, const struct traffic *from);

/* Each frame cut to at most `snaplen` captured bytes; wire lengths stay. */
void recut_snaplen(struct traffic *to, const struct traffic *from, size_t snaplen);
