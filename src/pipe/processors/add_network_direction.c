/* add_network_direction: by the networks that are called internal. */
#include "pipe/networks.h"
#include "pipe/processor.h"

struct add_network_direction {
    const char *source, *destination, *target;
    struct texts names;
    struct networks internal;
    struct ref from, to, put;
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_network_direction, source,      TEXT,  "source",            NULL, 0, 0, OPT_REQUIRED, "Field with the address of the source."),
    OPT(add_network_direction, destination, TEXT,  "destination",       NULL, 0, 0, OPT_REQUIRED, "Field with the address of the destination."),
    OPT(add_network_direction, target,      TEXT,  "target",            NULL, 0, 0, OPT_REQUIRED, "Field for internal, outbound, inbound or external."),
    OPT(add_network_direction, names,       TEXTS, "internal_networks", NULL, 0, 0, OPT_REQUIRED, "Networks by CIDR or name that are internal."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct add_network_direction *c = conf;
    c->from = ref_of(c->source);
    c->to = ref_of(c->destination);
    c->put = ref_for_writing(c->target);
    return networks_load(&c->names, l, &c->internal);
}

static bool address(struct ref *r, const struct event *e, struct addr *out)
{
    char room[VALUE_ROOM];
    struct slice text;
    return ref_str(r, e, room, &text) == REF_FOUND && addr_parse(text, out);
}

/* Without two addresses there is nothing to say. */
static enum step run(void *conf, struct event *e)
{
    struct add_network_direction *c = conf;
    struct addr source, destination;
    if (!address(&c->from, e, &source) || !address(&c->to, e, &destination))
        return STEP_OK;
    bool src = networks_has(&c->internal, &source), dst = networks_has(&c->internal, &destination);
    const char *way = src && dst ? "internal" : src ? "outbound" : dst ? "inbound" : "external";
    ref_set_str(&c->put, e, slice_cstr(way));
    return STEP_OK;
}

const struct processor processor_add_network_direction = {
    .name = "add_network_direction",
    .doc = "Tells whether traffic crosses the border of the internal networks.",
    .options = options,
    .conf_size = sizeof(struct add_network_direction),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
