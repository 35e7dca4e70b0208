/* From the ordered bytes of a TCP direction into its parser: buffering of messages that are not
 * whole, skipping, gaps, the end. */
#pragma once

#include "net/dispatch.h"

/* Where to: one direction of a flow whose flow->tcp is set. now_ns: time of the packet. */
struct delivery {
    struct dispatch *d;
    struct flow *flow;
    enum flow_dir dir;
    int64_t now_ns;
};

/* The next bytes. Sets flow->tcp->is_over when nothing more shall come. */
void deliver_bytes(const struct delivery *to, struct slice bytes);

/* `missing` bytes will never come. */
void deliver_gap(const struct delivery *to, size_t missing);

/* The direction has ended: what is buffered is shown to the parser for the last time. */
void deliver_end(const struct delivery *to, enum flow_end_reason reason);
