/* add_host_metadata: what this machine is, under `host`; read again when cache.ttl has passed. */
#include <stdlib.h>

#include "host/hostinfo.h"
#include "pipe/literal.h"
#include "pipe/processor.h"

/* clang-format off */
enum { NAME, HOSTNAME, ARCHITECTURE, ID, CONTAINERIZED, OS_KERNEL, OS_NAME, OS_PLATFORM, OS_VERSION,
       OS_FAMILY, OS_CODENAME, OS_BUILD, OS_TYPE, IP, MAC, FACTS };
static const char *const names[FACTS] = {
    [NAME] = "host.name", [HOSTNAME] = "host.hostname", [ARCHITECTURE] = "host.architecture",
    [ID] = "host.id", [CONTAINERIZED] = "host.containerized", [OS_KERNEL] = "host.os.kernel",
    [OS_NAME] = "host.os.name", [OS_PLATFORM] = "host.os.platform",
    [OS_VERSION] = "host.os.version", [OS_FAMILY] = "host.os.family",
    [OS_CODENAME] = "host.os.codename", [OS_BUILD] = "host.os.build", [OS_TYPE] = "host.os.type",
    [IP] = "host.ip", [MAC] = "host.mac",
};

struct add_host_metadata {
    bool netinfo, replace_fields;
    int64_t ttl_ns, timeout_ns;
    const char *name;
    const struct node *geo;
    struct literals geo_fields;
    struct ref ref[FACTS], host;
    struct value fact[FACTS]; /* VT_NULL: not known */
    struct host_facts facts;
};

static const struct option options[] = {
    OPT(add_host_metadata, netinfo,        BOOL,     "netinfo.enabled",       "true", 0, 0, 0,         "Add host.ip and host.mac."),
    OPT(add_host_metadata, ttl_ns,         DURATION, "cache.ttl",             "5m",   0, 0, 0,         "How long the facts stand; negative: read for each event."),
    OPT(add_host_metadata, timeout_ns,     DURATION, "expire_update_timeout", "10s",  0, 0, OPT_INERT, "How long an update may take; here it takes no time to speak of."),
    OPT(add_host_metadata, replace_fields, BOOL,     "replace_fields",        "true", 0, 0, 0,         "Also where the event has fields below host besides host.name."),
    OPT(add_host_metadata, name,           TEXT,     "name",                  NULL,   0, 0, 0,         "host.name instead of the machine's own."),
    OPT(add_host_metadata, geo,            NODE,     "geo",                   NULL,   0, 0, 0,         "Where the machine stands: name, location, city_name and so on."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct add_host_metadata *c = conf;
    const char *switched_off = getenv("ELASTIC_NETINFO");
    if (switched_off && strcmp(switched_off, "false") == 0)
        c->netinfo = false;
    for (unsigned i = 0; i < FACTS; i++)
        c->ref[i] = ref_for_writing(names[i]);
    c->host = ref_of("host");
    arena_init(&c->facts.mem, NULL, 0);
    return literals_add(c->geo, "host.geo", l, &c->geo_fields);
}

static struct value text_value(const char *s)
{
    size_t n = strlen(s);
    return (struct value){ .type = n ? VT_STR : VT_NULL, .p = s, .n = (uint32_t)n };
}

static void set_facts(struct add_host_metadata *c)
{
    const struct hostinfo *h = &c->facts.info;
    c->fact[NAME] = text_value(c->name ? c->name : h->name);
    c->fact[HOSTNAME] = text_value(h->name);
    c->fact[ARCHITECTURE] = text_value(h->architecture);
    c->fact[ID] = text_value(h->id);
    c->fact[CONTAINERIZED] = (struct value){ .type = VT_BOOL, .i = h->containerized };
    c->fact[OS_KERNEL] = text_value(h->kernel);
    c->fact[OS_NAME] = text_value(h->os_name);
    c->fact[OS_PLATFORM] = text_value(h->os_platform);
    c->fact[OS_VERSION] = text_value(h->os_version);
    c->fact[OS_FAMILY] = text_value(h->os_family);
    c->fact[OS_CODENAME] = text_value(h->os_codename);
    c->fact[OS_BUILD] = text_value(h->os_build);
    c->fact[OS_TYPE] = text_value("linux");
    c->fact[IP] = (struct value){ .type = c->netinfo ? VT_IPS : VT_NULL, .p = h->ip, .n = h->n_ip };
    c->fact[MAC] =
        (struct value){ .type = c->netinfo ? VT_STRS : VT_NULL, .p = h->mac, .n = h->n_mac };
}

/* True when the event tells of a host already, in more than its name. */
static bool is_told(struct add_host_metadata *c, const struct event *e)
{
    for (unsigned i = 0; i < e->n; i++)
        if (ref_covers(&c->host, e->v[i].field) && e->v[i].field != ecs[ECS_HOST_NAME].id)
            return true;
    return false;
}

static enum step run(void *conf, struct event *e)
{
    struct add_host_metadata *c = conf;
    if (!c->replace_fields && is_told(c, e))
        return STEP_OK;
    /* Events before this one are written already: nothing points to the old facts. */
    if (host_facts_refresh(&c->facts, c->ttl_ns))
        set_facts(c);
    bool all = true;
    for (unsigned i = 0; i < FACTS; i++)
        if (c->fact[i].type != VT_NULL)
            all &= ref_set(&c->ref[i], e, &c->fact[i]);
    return literals_set(&c->geo_fields, e) && all ? STEP_OK : STEP_FAILED;
}

static void give_back(void *conf)
{
    struct add_host_metadata *c = conf;
    arena_free(&c->facts.mem);
}

const struct processor processor_add_host_metadata = {
    .name = "add_host_metadata",
    .doc = "Tells of the machine that the sensor runs on.",
    .options = options,
    .conf_size = sizeof(struct add_host_metadata),
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
