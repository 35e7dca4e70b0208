/* add_observer_metadata: the machine that watches, under `observer`, where it is not the one that
 * the traffic is of. */
#include <stdlib.h>

#include "host/hostinfo.h"
#include "pipe/literal.h"
#include "pipe/processor.h"

struct add_observer_metadata {
    bool overwrite, netinfo;
    int64_t ttl_ns;
    const struct node *geo;
    struct literals geo_fields;
    struct ref observer, hostname, ip, mac;
    struct host_facts facts;
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_observer_metadata, overwrite, BOOL,     "overwrite",       "false", 0, 0, 0, "Also where the event has an observer."),
    OPT(add_observer_metadata, netinfo,   BOOL,     "netinfo.enabled", "true",  0, 0, 0, "Add observer.ip and observer.mac."),
    OPT(add_observer_metadata, ttl_ns,    DURATION, "cache.ttl",       "5m",    0, 0, 0, "How long the facts stand; negative: read for each event."),
    OPT(add_observer_metadata, geo,       NODE,     "geo",             NULL,    0, 0, 0, "Where it stands: name, location, city_name and so on."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct add_observer_metadata *c = conf;
    const char *switched_off = getenv("ELASTIC_NETINFO");
    if (switched_off && strcmp(switched_off, "false") == 0)
        c->netinfo = false;
    c->observer = ref_of("observer");
    c->hostname = ref_for_writing("observer.hostname");
    c->ip = ref_for_writing("observer.ip");
    c->mac = ref_for_writing("observer.mac");
    arena_init(&c->facts.mem, NULL, 0);
    return literals_add(c->geo, "observer.geo", l, &c->geo_fields);
}

static enum step run(void *conf, struct event *e)
{
    struct add_observer_metadata *c = conf;
    if (!c->overwrite && ref_is_there(&c->observer, e))
        return STEP_OK;
    /* Events before this one are written already: nothing points to the old facts. */
    host_facts_refresh(&c->facts, c->ttl_ns);
    struct value ip = { .type = VT_IPS, .p = c->facts.info.ip, .n = c->facts.info.n_ip };
    struct value mac = { .type = VT_STRS, .p = c->facts.info.mac, .n = c->facts.info.n_mac };
    bool all = ref_set_str(&c->hostname, e, slice_cstr(c->facts.info.name));
    if (c->netinfo && ip.n)
        all &= ref_set(&c->ip, e, &ip);
    if (c->netinfo && mac.n)
        all &= ref_set(&c->mac, e, &mac);
    return literals_set(&c->geo_fields, e) && all ? STEP_OK : STEP_FAILED;
}

static void give_back(void *conf)
{
    struct add_observer_metadata *c = conf;
    arena_free(&c->facts.mem);
}

const struct processor processor_add_observer_metadata = {
    .name = "add_observer_metadata",
    .doc = "Tells of the machine that the sensor runs on, as an observer.",
    .options = options,
    .conf_size = sizeof(struct add_observer_metadata),
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
