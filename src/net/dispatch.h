/* Which protocol a flow speaks, and the way of a datagram into its parser. */
#pragma once

#include "model/flow.h"
#include "net/net.h"
#include "proto/proto.h"

enum { DISPATCH_TCP, DISPATCH_UDP, DISPATCH_L4S };

struct dispatch {
    const struct net_conf *conf;
    struct proto_env *env;
    uint8_t *port[DISPATCH_L4S]; /* 65,536 ids, or FLOW_PROTO_OPEN */
    uint8_t detect[DISPATCH_L4S][COUNTER_PROTOS];
    unsigned n_detect[DISPATCH_L4S]; /* protocols to recognise by content */
    unsigned icmp;                   /* id of the protocol that gets ICMP, or FLOW_PROTO_NONE */
    struct list streams;             /* by tcp_stream->age, oldest first */
};

/* Boot; exits without memory. */
void dispatch_init(struct dispatch *d, const struct net_conf *conf, struct proto_env *env);
void dispatch_free(struct dispatch *d);

/* The protocol that the flow's ports belong to (the server's before the client's; while these are
 * not known, that of its first packet's source before the destination's), or FLOW_PROTO_OPEN. */
unsigned dispatch_port(const struct dispatch *d, const struct flow *flow);

/* True when something could be found in a new flow of this transport. */
bool dispatch_wants(const struct dispatch *d, const struct flow *flow);

enum choice {
    CHOICE_NONE, /* no protocol knows these bytes */
    CHOICE_MORE, /* some need more bytes to tell */
    CHOICE_MADE, /* flow->proto_id, state and who is the client are set */
};

/* Looks for the protocol of a flow by its ports and by `first`, the first bytes of direction dir.
 * may_wait: more bytes could come. */
enum choice dispatch_choose(struct dispatch *d, struct flow *flow, struct slice first,
                            enum flow_dir dir, bool may_wait);

/* A UDP or ICMP packet of the flow. */
void dispatch_datagram(struct dispatch *d, struct flow *flow, const struct packet *p,
                       enum flow_dir dir);

/* Gives up what waits for answers, frees the protocol's state, and looks no further. */
void dispatch_detach(struct dispatch *d, struct flow *flow, enum flow_end_reason reason,
                     int64_t now_ns);

/* Who sent direction dir, as the parser sees it. */
static inline enum dir dispatch_dir(const struct flow *flow, enum flow_dir dir)
{
    return (dir == FLOW_BACK) == flow->client_is_back ? DIR_CLIENT : DIR_SERVER;
}

/* How long a request of the flow's protocol waits; 0 without one. */
int64_t dispatch_timeout_ns(const struct dispatch *d, const struct flow *flow);
