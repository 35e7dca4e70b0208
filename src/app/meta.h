/* Who this agent is: agent.id in path.data/meta.json, and the lock that keeps a second one away
 * (packetbeat-core.md 1.5). Boot. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define UUID_TEXT 37

struct identity {
    char id[UUID_TEXT];           /* kept over restarts */
    char ephemeral_id[UUID_TEXT]; /* of this process */
    int lock;                     /* -1: none */
};

/* A random identity that is written nowhere: for commands that leave no traces. */
void identity_make(struct identity *i);

/* Makes folder when it is not there, locks it, and reads or writes meta.json in it. */
MUST_CHECK err identity_open(struct identity *i, const char *folder, struct why *w);
void identity_close(struct identity *i);
