/* Flows as events. */
#pragma once

#include "model/flow.h"
#include "net/net.h"
#include "proto/proto.h"

/* One report of the flow, as of at_ns; final unless reason is FLOW_ALIVE. Without memory for it
 * the event is lost and counted. */
void flow_report(struct proto_env *env, const struct net_conf *conf, struct flow *flow,
                 int64_t at_ns, enum flow_end_reason reason);

/* The word for event.reason; NULL for FLOW_ALIVE. */
const char *flow_end_name(enum flow_end_reason reason);
