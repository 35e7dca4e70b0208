/* dns: names of addresses, or what names stand for, asked of name servers. */
#include "host/resolver.h"
#include "pipe/list.h"
#include "pipe/literal.h"
#include "pipe/processor.h"

static const char *const types[] = { "A", "AAAA", "TXT", "PTR", "reverse", NULL };
static const char *const actions[] = { "append", "replace", NULL };
enum { APPEND, REPLACE };
static const char *const transports[] = { "udp", "tls", NULL };
enum { UDP, TLS };

struct pair {
    struct pair *next;
    struct ref from, to;
};

struct dns {
    int type, action, transport;
    const struct node *fields;
    int64_t success_initial, success_max, min_ttl_ns, failure_initial, failure_max, failure_ns;
    int64_t timeout_ns;
    struct texts nameservers, tag_on_failure;
    struct pair *first;
    struct resolver_conf conf;
    struct resolver *resolver;
    bool begun;
};

/* clang-format off */
static const struct option options[] = {
    OPT_NAMES(dns, type,         "type",      NULL,     types,      OPT_REQUIRED, "What is asked: A, AAAA, TXT, or PTR (reverse) for the names of addresses."),
    OPT(dns, fields,          NODE,     "fields",                         NULL,    0, 0, OPT_REQUIRED, "Fields, each with the field that the answer goes to."),
    OPT_NAMES(dns, action,       "action",    "append", actions,    0,            "What to do where that field is there already."),
    OPT_NAMES(dns, transport,    "transport", "udp",    transports, 0,            "How servers are asked; only by udp."),
    OPT(dns, nameservers,     TEXTS,    "nameservers",                    NULL,    0, 0, 0,            "Servers by address, with :port unless it is 53; none: the system's."),
    OPT(dns, timeout_ns,      DURATION, "timeout",                        "500ms", 1, INT64_C(60000000000), 0, "How long each server may take."),
    OPT(dns, tag_on_failure,  TEXTS,    "tag_on_failure",                 NULL,    0, 0, 0,            "Tags of events whose lookup failed."),
    OPT(dns, success_max,     INT,      "success_cache.capacity.max",     "10000", 1, 1000000, 0,      "Answers that are kept."),
    OPT(dns, success_initial, INT,      "success_cache.capacity.initial", "1000",  0, 0, OPT_INERT,    "Room is made at once."),
    OPT(dns, min_ttl_ns,      DURATION, "success_cache.min_ttl",          "1m",    1, INT64_C(86400000000000), 0, "How long an answer stands at least."),
    OPT(dns, failure_max,     INT,      "failure_cache.capacity.max",     "10000", 1, 1000000, 0,      "Failures that are kept."),
    OPT(dns, failure_initial, INT,      "failure_cache.capacity.initial", "1000",  0, 0, OPT_INERT,    "Room is made at once."),
    OPT(dns, failure_ns,      DURATION, "failure_cache.ttl",              "1m",    1, INT64_C(86400000000000), 0, "How long a failure stands."),
    { 0 }
};
/* clang-format on */

static err take_pair(void *ctx, const char *name, const struct node *leaf, const struct loading *l)
{
    struct dns *c = ctx;
    if (!leaf->text)
        return why_set(l->why, ERR_CONFIG, "%s: fields: %s needs the name of a field", l->prefix,
                       name);
    struct pair *p = arena_alloc(l->mem, sizeof *p);
    if (!p)
        return config_is_too_large(l);
    *p = (struct pair){ c->first, ref_of(name), ref_for_writing(leaf->text) };
    c->first = p;
    return ERR_OK;
}

static err load_servers(struct dns *c, const struct loading *l)
{
    for (unsigned i = 0; i < c->nameservers.n; i++) {
        if (c->conf.n_servers == RESOLVER_SERVERS)
            return why_set(l->why, ERR_CONFIG, "%s: nameservers: at most %d", l->prefix,
                           RESOLVER_SERVERS);
        if (!name_server_parse(slice_cstr(c->nameservers.v[i]),
                               &c->conf.server[c->conf.n_servers++]))
            return why_set(l->why, ERR_CONFIG,
                           "%s: nameservers: \"%s\": write an address, or ADDRESS:PORT", l->prefix,
                           c->nameservers.v[i]);
    }
    if (!c->nameservers.n)
        c->conf.n_servers = name_servers_of_system(c->conf.server, RESOLVER_SERVERS);
    if (!c->conf.n_servers)
        return why_set(l->why, ERR_CONFIG,
                       "%s: /etc/resolv.conf names no server: nameservers is needed", l->prefix);
    return ERR_OK;
}

static err prepare(void *conf, const struct loading *l)
{
    struct dns *c = conf;
    if (c->transport == TLS)
        return why_set(l->why, ERR_UNSUPPORTED,
                       "%s: transport: servers are asked by udp only; a local resolver can speak "
                       "TLS to the others",
                       l->prefix);
    c->conf.type = c->type <= DNS_PTR ? (enum dns_question)c->type : DNS_PTR;
    c->conf.timeout_ns = c->timeout_ns;
    c->conf.min_ttl_ns = c->min_ttl_ns;
    c->conf.failure_ns = c->failure_ns;
    c->conf.max = (unsigned)(c->success_max + c->failure_max);
    err e = leaves_each(c->fields, "", l, take_pair, c);
    return e ? e : load_servers(c, l);
}

/* The answers, behind what is there already. */
static bool append(struct pair *p, struct event *e, const struct dns_answers *found)
{
    struct value old, v;
    struct slice list[DNS_ANSWERS_MAX + 64];
    unsigned n = 0;
    bool was = ref_get(&p->to, e, &old);
    if (was && old.type == VT_STR)
        list[n++] = slice_of(old.p, old.n);
    for (unsigned i = 0; was && old.type == VT_STRS && i < old.n && n < 64; i++)
        list[n++] = ((const struct slice *)old.p)[i];
    for (unsigned i = 0; i < found->n; i++)
        list[n++] = found->v[i];
    struct slice *copy = arena_alloc(e->mem, n * sizeof *copy);
    if (!copy)
        return false;
    memcpy(copy, list, n * sizeof *copy);
    v = (struct value){ .field = 0xffff, .type = VT_STRS, .p = copy, .n = n };
    return ref_set(&p->to, e, &v);
}

/* A name of an address is one text, everything else a list. */
static bool put(struct dns *c, struct pair *p, struct event *e, struct dns_answers *found)
{
    if (c->conf.type == DNS_PTR)
        found->n = 1;
    bool was = c->action == APPEND && ref_is_there(&p->to, e);
    if (c->conf.type == DNS_PTR && !was)
        return ref_set_str(&p->to, e, found->v[0]);
    if (!was)
        ref_remove(&p->to, e);
    return append(p, e, found);
}

static bool look_up(struct dns *c, struct pair *p, struct event *e)
{
    char room[VALUE_ROOM];
    struct slice name;
    struct dns_answers found;
    if (ref_str(&p->from, e, room, &name) != REF_FOUND)
        return true;
    return resolver_find(c->resolver, name, e->mem, &found) == RESOLVER_FOUND &&
           put(c, p, e, &found);
}

static enum step run(void *conf, struct event *e)
{
    struct dns *c = conf;
    bool all = true;
    if (!c->begun)
        c->resolver = resolver_open(&c->conf);
    c->begun = true;
    if (!c->resolver)
        return STEP_FAILED;
    for (struct pair *p = c->first; p; p = p->next)
        all &= look_up(c, p, e);
    for (unsigned i = 0; !all && i < c->tag_on_failure.n; i++)
        event_add_str(e, &ecs[ECS_TAGS], slice_cstr(c->tag_on_failure.v[i]), true);
    return STEP_OK;
}

static void give_back(void *conf)
{
    struct dns *c = conf;
    resolver_close(c->resolver);
}

const struct processor processor_dns = {
    .name = "dns",
    .doc = "Looks names up.",
    .options = options,
    .conf_size = sizeof(struct dns),
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
