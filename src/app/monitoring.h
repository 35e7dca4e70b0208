/* The section http: what a run publishes of itself, and the server that shows it
 * (packetbeat-core.md 4.8). The pipe's thread publishes, the server's reads. */
#pragma once

#include "app/meta.h"
#include "app/settings.h"
#include "app/stats.h"

struct http_conf {
    bool enabled;
    const char *host;
    int64_t port;
};
extern const struct option http_options[];

#define MONITORED_INPUTS 64

/* A capture, or an input of the receiver. */
struct monitored_input {
    const char *kind;   /* af_packet, pcap, file, beats */
    const char *device; /* NULL: none */
    uint64_t packets, drops;
};

struct monitored_inputs {
    struct monitored_input v[MONITORED_INPUTS];
    unsigned n;
};

struct glance;
struct monitoring;

/* Without http.enabled *out keeps the facts alone. Binds, before rights are given up. What conf and
 * identity point to outlives it. */
MUST_CHECK err monitoring_open(struct monitoring **out, const struct config *c,
                               const struct settings *s, const struct identity *identity,
                               struct why *w);
MUST_CHECK err monitoring_start(struct monitoring *m, struct why *w); /* its thread */
void monitoring_free(struct monitoring *m);                           /* NULL is accepted */

const struct stats_facts *monitoring_facts(const struct monitoring *m);
struct glance *monitoring_glance(struct monitoring *m); /* NULL: nobody can look */

/* The pipe: true when publishing is due, a few times a second. */
bool monitoring_is_due(const struct monitoring *m);
void monitoring_publish(struct monitoring *m, const struct tally *t,
                        const struct monitored_inputs *inputs);
