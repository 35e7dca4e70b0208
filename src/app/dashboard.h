/* The HTTP server of serve: its section of the configuration, and what it is told. */
#pragma once

#include "app/config.h"
#include "pack/pack.h"
#include "web/web.h"

struct dashboard {
    struct web_conf conf;
    struct web_sources sources;
    struct packs_conf packs;
    bool say;        /* the log is elsewhere: what concerns its user goes to standard error too */
    struct web *web; /* NULL: not wanted, or its address could not be had */
};

/* The port that the configuration gives it; 0: any, -1: none, or the section is wrong. */
int dashboard_port(struct config *c);

/* Binds, when it is wanted. sources: counters and board; d->say is set. An address that cannot be
 * had is one line in the log and on standard error, and no failure. Memory from c->mem, and as long
 * as that. */
MUST_CHECK err dashboard_open(struct dashboard *d, struct config *c,
                              const struct web_sources *sources, struct why *w);

/* Starts it and says its address. */
MUST_CHECK err dashboard_start(struct dashboard *d, struct why *w);
void dashboard_close(struct dashboard *d);
