/* The sensor's events about itself (type: sensor): what it took, what was lost and where, every
 * health.period, among the events that it makes of traffic. The pipe's thread. */
#pragma once

#include "app/crew.h"
#include "app/settings.h"
#include "app/tally.h"
#include "model/batch.h"

struct health {
    const struct health_conf *conf;
    const struct interface_conf *interface; /* in the order of the workers' captures */
    unsigned n_interfaces;
    int64_t started_ns, next_ns; /* monotonic; next_ns 0: none is wanted */
    struct chunk_pool pool;
    struct batch batch;
};

/* Boot: its rows of the schema. */
void health_add_fields(void);

/* wanted: else it is never due. */
void health_begin(struct health *h, const struct settings *s, bool wanted);
bool health_is_due(const struct health *h);

/* A batch with one event, of now; NULL without memory. For the pipe, then health_done. */
struct batch *health_event(struct health *h, const struct crew *crew, const struct tally *t);
void health_done(struct health *h);
void health_end(struct health *h);
