/* The configuration as structs: what the tree of settings means. Boot only; immutable afterwards.
 */
#pragma once

#include "app/config.h"
#include "app/options.h"
#include "app/queueconf.h"
#include "host/procs.h"
#include "pipe/pipe.h"
#include "proto/proto.h"

#define NOTES_MAX 64

struct settings {
    struct general_conf general;
    struct flows_conf flows;
    struct limits_conf limits;
    struct health_conf health;
    struct logging_conf logging;
    struct queue_section queue;
    struct event_json_conf json;
    const char *format;               /* codec.format.string; NULL: JSON */
    struct interface_conf *interface; /* at least one */
    unsigned n_interfaces;
    struct net_conf net;
    bool procs_enabled;
    struct procs_conf procs;
    struct event_meta global, source[256];
    const struct output *output; /* NULL: none asked for */
    const void *output_conf;
    const char *notes[NOTES_MAX]; /* lines for the log: unknown keys, keys without effect */
    unsigned n_notes;
};

/* What a command needs of a configuration. */
struct settings_need {
    bool receiver; /* a configuration with inputs is one of serve: as messages */
    bool output;   /* one must be there */
    bool messages; /* one for messages; without any it is the store, or index without a library */
    /* Without packetbeat.protocols and .flows: all protocols on their ports, and flows. */
    bool defaults;
};

/* From c->resolved; memory from c->mem, and as long as that. Adds fields that the configuration
 * names to the schema: before schema_freeze. On failure w says file:line:column and the mend. */
MUST_CHECK err settings_load(struct settings *s, struct config *c, const struct settings_need *need,
                             struct why *w);
