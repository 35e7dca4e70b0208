/* Frames to packets: link layer, IP, fragments, tunnels. One decoder for one worker. */
#pragma once

#include "model/counter.h"
#include "model/packet.h"
#include "net/net.h"

struct decoder;

/* Takes conf->tunnels, conf->defrag_bytes and conf->key; conf and counters must outlive it. Exits
 * without memory (boot). */
struct decoder *decoder_new(const struct net_conf *conf, struct counters *counters);
void decoder_free(struct decoder *d); /* NULL is accepted */

/* Called for each flow that a frame belongs to. p and what it points to are valid until the call
 * of decode_packet returns, and p may not be changed. */
typedef void decode_visit(void *ctx, struct packet *p);

/* Fills p's decoded fields and calls visit once for each flow that the frame belongs to: first for
 * the outermost headers, then for the inner ones of each tunnel that was opened and has its own
 * flow (all but IP in IP, whose outer addresses are p->outer of one visit). A frame that breaks
 * off or contradicts itself still has its visit, with what was read before, and is counted; one
 * without any known layer (!has_mac, ip_ver 0) has none.
 *
 * A fragment has no visit: the one that makes the datagram whole stands for all of them
 * (p->frag_packets, p->frag_bytes). A fragment that cannot be kept (cut by the capture, impossible)
 * has a visit with is_fragment, without ports and payload.
 *
 * What a frame with is_copy says is not counted. */
void decode_packet(struct decoder *d, struct packet *p, decode_visit *visit, void *ctx);

/* Datagrams that the frame given last was a fragment of, the outermost first (net/defrag.h). Valid
 * until the next decode_packet. */
struct touched;
const struct touched *decoder_datagrams(const struct decoder *d);

/* Live capture without packets: gives up incomplete datagrams whose time is over at now_ns.
 * decode_packet does so too, by p->ts_ns. */
void decoder_tick(struct decoder *d, int64_t now_ns);

/* Others have the same fragments, and one of them counts those that are never whole. */
void decoder_leave_overdue(struct decoder *d);
