/* What every event gets when it is published, whatever its protocol (packetbeat-protocols.md 0.3 to
 * 0.5). The pipe's thread. */
#pragma once

#include "host/interfaces.h"
#include "model/event.h"
#include "pipe/networks.h"

struct common {
    struct interfaces *interfaces; /* never NULL */
    struct networks internal;      /* of the first interface; n == 0: none are named */
    uint8_t *slot;                 /* by field id: which of the values it is that matter here */
    struct known_id *known;        /* community ids of the ends that came last */
};

enum common_verdict {
    COMMON_OK,
    COMMON_INVALID,  /* no time or no type: to be dropped */
    COMMON_OUTGOING, /* fine, and sent by this machine */
};

/* After schema_freeze; what it takes is given back by common_free. */
void common_bind(struct common *c);
void common_free(struct common *c);

/* Fills in client, server, network.bytes, network.community_id, network.direction, related.ip and
 * the defaults of event.*; flows get the community id only. */
enum common_verdict common_fill(const struct common *c, struct event *e);
