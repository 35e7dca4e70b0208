/* TCP connections (RFC 9293) as seen from beside: order, holes, retransmissions, the end. */
#pragma once

#include "net/dispatch.h"

/* Notes flags and first sequence numbers; for every TCP packet with ports, followed or not. */
void tcp_note(struct flow *flow, const struct packet *p, enum flow_dir dir);

/* True when p opens another connection on the flow's ports: the flow must end before p counts. */
bool tcp_is_reuse(const struct flow *flow, const struct packet *p, enum flow_dir dir);

/* True when p is a copy of a segment of the flow's connection, which has been reported as ended:
 * its bytes lie where the connection's did, by the `bytes` that were counted of this direction. */
bool tcp_is_late(const struct flow *flow, const struct packet *p, enum flow_dir dir,
                 uint64_t bytes);

/* True when a RST cannot belong to the connection: its sequence number is far off. */
bool tcp_is_stray_reset(const struct flow *flow, const struct packet *p, enum flow_dir dir);

/* Gives the packet's bytes to the flow's parser, in order; now_ns: the largest packet time. */
void tcp_packet(struct dispatch *d, struct flow *flow, const struct packet *p, enum flow_dir dir,
                int64_t now_ns);

/* When bytes that wait for others will be given up, if nothing comes; INT64_MAX when none do. */
int64_t tcp_due_ns(const struct flow *flow);

/* Gives up what is due. */
void tcp_tick(struct dispatch *d, struct flow *flow, int64_t now_ns);

/* The flow ends: holes are given up, the parser is told of the end of both directions, memory is
 * freed. */
void tcp_end(struct dispatch *d, struct flow *flow, enum flow_end_reason reason, int64_t now_ns);

/* Of the streams that are followed, the oldest whose flow is not spared; NULL when there is none
 * near the front. Those that are get behind the others. */
struct flow *tcp_oldest(struct dispatch *d, bool (*is_spared)(const struct flow *flow));
