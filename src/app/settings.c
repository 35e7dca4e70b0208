/* The configuration as structs. */
#include "app/settings.h"

#include <unistd.h>

#include "app/unknown.h"
#include "base/buf.h"
#include "store/library.h"

struct loader {
    struct settings *s;
    struct config *c;
    const struct settings_need *need;
    struct loading l; /* prefix changes from section to section */
};

static err section_load(struct loader *ld, const char *path, const struct option *table, void *conf)
{
    ld->l.prefix = path;
    const struct node *n = *path ? node_path(ld->c->resolved, path) : ld->c->resolved;
    return option_load(table, n, conf, &ld->l);
}

static err fail(struct loader *ld, const struct node *at, const char *text)
{
    char where[300];
    return why_set(ld->l.why, ERR_CONFIG, "%s: %s", node_where(at, where, sizeof where), text);
}

/* ---- meta: fields, tags, processors */

static err meta_take(struct loader *ld, const struct meta_conf *m, const char *prefix,
                     struct event_meta *out)
{
    char path[128];
    *out = (struct event_meta){ .fields = m->fields,
                                .fields_under_root = m->fields_under_root,
                                .tags = m->tags,
                                .index = m->index };
    if (!m->processors || m->processors->type == NODE_NULL)
        return ERR_OK;
    struct buf b = buf_of(path, sizeof path - 1);
    buf_cstr(&b, prefix);
    buf_cstr(&b, *prefix ? ".processors" : "processors");
    path[b.n] = '\0';
    ld->l.prefix = path;
    return processors_load(m->processors, &ld->l, &out->processors);
}

static err meta_load(struct loader *ld, const struct node *section, const char *prefix,
                     struct event_meta *out)
{
    struct meta_conf m = { 0 };
    ld->l.prefix = prefix;
    err rc = option_load(meta_options, section, &m, &ld->l);
    return rc ? rc : meta_take(ld, &m, prefix, out);
}

static err load_global(struct loader *ld)
{
    const struct general_conf *g = &ld->s->general;
    struct meta_conf m = { g->fields, g->processors, g->fields_under_root, g->tags, NULL };
    return meta_take(ld, &m, "", &ld->s->global);
}

/* ---- interfaces */

static err load_interface(struct loader *ld, const struct node *section, struct interface_conf *out)
{
    ld->l.prefix = "packetbeat.interfaces";
    return option_load(interface_options, section, out, &ld->l);
}

static err load_interfaces(struct loader *ld)
{
    const struct node *n = node_path(ld->c->resolved, "packetbeat.interfaces");
    const struct node *item = n && n->type == NODE_LIST ? n->child : n;
    unsigned count = 1;
    for (const struct node *c = n && n->type == NODE_LIST ? item : NULL; c && c->next; c = c->next)
        count++;
    ld->s->interface = arena_zalloc(ld->l.mem, count * sizeof *ld->s->interface);
    if (!ld->s->interface)
        return why_set(ld->l.why, ERR_LIMIT, "the configuration is too large");
    ld->s->n_interfaces = count;
    for (unsigned i = 0; i < count; i++) {
        err rc = load_interface(ld, item, &ld->s->interface[i]);
        if (rc)
            return rc;
        item = n && n->type == NODE_LIST ? item->next : item;
    }
    return ERR_OK;
}

/* ---- flows, limits */

/* A file may name interfaces alone: what is looked for on them is then everything. */
static bool are_defaults_due(const struct loader *ld)
{
    return ld->need->defaults && !node_path(ld->c->resolved, "packetbeat.protocols") &&
           !node_path(ld->c->resolved, "packetbeat.flows");
}

static err load_flows(struct loader *ld)
{
    const struct node *n = node_path(ld->c->resolved, "packetbeat.flows");
    struct flows_conf *f = &ld->s->flows;
    bool wanted = n || are_defaults_due(ld);
    err rc = section_load(ld, "packetbeat.flows", flows_options, f);
    if (!rc && f->period_ns > 0 && f->period_ns < 1000000000)
        rc = fail(ld, node_path(ld->c->resolved, "packetbeat.flows.period"),
                  "packetbeat.flows.period: report period must be -1 or >= 1s");
    struct net_conf *net = &ld->s->net;
    net->flows_enabled = wanted && f->enabled;
    net->timeout_ns = f->timeout_ns;
    net->period_ns = f->period_ns;
    net->delta_reports = f->delta_reports;
    net->keep_null = f->keep_null;
    return rc ? rc : meta_load(ld, n, "packetbeat.flows", &ld->s->source[EVENT_SOURCE_FLOW]);
}

/* ---- processes */

static err take_monitored(struct loader *ld, const struct node *item, struct procs_name *out)
{
    const struct node *name = node_get(item, "process"), *grep = node_get(item, "cmdline_grep");
    if (!name || !name->text || (grep && !grep->text))
        return fail(ld, item, "packetbeat.procs.monitored: each item has process and cmdline_grep");
    *out = (struct procs_name){ name->text, grep ? grep->text : "" };
    return ERR_OK;
}

static err load_procs(struct loader *ld)
{
    struct procs_section section = { 0 };
    err rc = section_load(ld, "packetbeat.procs", procs_options, &section);
    const struct node *first = section.monitored ? section.monitored->child : NULL;
    unsigned n = 0;
    for (const struct node *c = first; c; c = c->next)
        n++;
    struct procs_name *names = arena_zalloc(ld->l.mem, n * sizeof *names);
    if (!rc && !names)
        rc = why_set(ld->l.why, ERR_LIMIT, "the configuration is too large");
    n = 0;
    for (const struct node *c = first; c && !rc; c = c->next)
        rc = take_monitored(ld, c, &names[n++]);
    ld->s->procs_enabled = section.enabled;
    ld->s->procs = (struct procs_conf){ .names = names, .n_names = n };
    return rc;
}

static err add_tunnel(struct loader *ld, const char *name, uint32_t *mask)
{
    for (unsigned i = TUNNEL_NONE + 1; i < TUNNEL_TYPES; i++) {
        if (strcmp(name, "all") == 0 || strcmp(name, tunnel_names[i]) == 0)
            *mask |= 1u << i;
    }
    if (*mask || strcmp(name, "none") == 0)
        return ERR_OK;
    const char *nearest =
        nearest_name(name, tunnel_names + TUNNEL_NONE + 1, TUNNEL_TYPES - TUNNEL_NONE - 1);
    char where[300];
    node_where(node_path(ld->c->resolved, "decode.tunnels"), where, sizeof where);
    return why_set(ld->l.why, ERR_CONFIG,
                   "%s: decode.tunnels: '%s' is no tunnel (did you mean '%s'?)", where, name,
                   nearest ? nearest : "all");
}

static err load_limits(struct loader *ld)
{
    struct limits_conf *limits = &ld->s->limits;
    struct net_conf *net = &ld->s->net;
    err rc = section_load(ld, "limits", limits_options, limits);
    if (!rc)
        rc = section_load(ld, "decode", decode_options, limits);
    for (unsigned i = 0; i < limits->tunnels.n && !rc; i++) {
        uint32_t mask = 0;
        rc = add_tunnel(ld, limits->tunnels.v[i], &mask);
        net->tunnels |= mask;
    }
    net->max_flows = limits->flows;
    net->memory_bytes = limits->memory_bytes;
    net->defrag_bytes = limits->defrag_bytes;
    net->max_message = limits->message_bytes;
    net->reorder_bytes = limits->reorder_bytes;
    return rc;
}

/* ---- protocols */

static bool is_named(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static void note_protocol(struct loader *ld, const struct node *at, const char *name)
{
    const char *names[PROTO_COUNT];
    char where[300];
    for (unsigned i = 0; i < PROTO_COUNT; i++)
        names[i] = protos[i]->name;
    const char *nearest = nearest_name(name, names, PROTO_COUNT);
    node_where(at, where, sizeof where);
    if (is_named(later_protocols, name))
        note_add(ld->s, ld->l.mem, "%s: protocol '%s': not yet; its traffic shows as flows", where,
                 name);
    else if (nearest)
        note_add(ld->s, ld->l.mem, "%s: unknown protocol '%s' (did you mean '%s'?)", where, name,
                 nearest);
    else
        note_add(ld->s, ld->l.mem, "%s: unknown protocol '%s'", where, name);
}

static err load_protocol(struct loader *ld, const struct node *section, const char *name)
{
    char prefix[80];
    unsigned id;
    const struct proto *p = proto_find(name, &id);
    void *conf = NULL;
    if (!p) {
        note_protocol(ld, section, name);
        return ERR_OK;
    }
    if (ld->s->net.proto_conf[id])
        note_add(ld->s, ld->l.mem, "protocol '%s' is configured twice: the later one holds", name);
    struct buf b = buf_of(prefix, sizeof prefix - 1);
    buf_lit(&b, "packetbeat.protocols.");
    buf_cstr(&b, name);
    prefix[b.n] = '\0';
    ld->l.prefix = prefix;
    err rc = proto_load(p, section, &ld->l, &conf);
    if (!rc)
        rc = meta_load(ld, section, prefix, &ld->s->source[id]);
    if (!rc && ((const struct proto_conf *)conf)->enabled)
        ld->s->net.proto_conf[id] = conf;
    return rc;
}

static err load_protocol_item(struct loader *ld, const struct node *c)
{
    const struct node *type = node_get(c, "type");
    const char *name = type && type->text ? type->text : c->key;
    if (c->type == NODE_NULL && !c->key)
        return ERR_OK;
    if (!name)
        return fail(ld, c, "packetbeat.protocols: an item without its type ('type: dns')");
    return load_protocol(ld, c->type == NODE_MAP ? c : NULL, name);
}

/* The first port that both have; -1: none. */
static int shared_port(const struct ports *a, const struct ports *b)
{
    for (unsigned i = 0; i < a->n; i++)
        for (unsigned j = 0; j < b->n; j++)
            if (a->v[i] == b->v[j])
                return a->v[i];
    return -1;
}

/* Two protocols on one port: the first one in the table gets it. */
static void note_ports(struct loader *ld, unsigned i)
{
    const struct proto_conf *a = ld->s->net.proto_conf[i];
    for (unsigned j = 0; a && j < i; j++) {
        const struct proto_conf *b = ld->s->net.proto_conf[j];
        int port = b && protos[i]->l4 & protos[j]->l4 ? shared_port(&a->ports, &b->ports) : -1;
        if (port >= 0)
            note_add(ld->s, ld->l.mem, "duplicate port (%d) exists in %s and %s protocols", port,
                     protos[j]->name, protos[i]->name);
    }
}

/* The shipped ports, for commands that need no configuration. */
static err load_default_protocols(struct loader *ld)
{
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        void *conf;
        ld->l.prefix = protos[i]->name;
        err rc = proto_load(protos[i], NULL, &ld->l, &conf);
        if (rc)
            return rc;
        struct proto_conf *p = conf;
        for (unsigned k = 0; k < COUNT(protos[i]->ports) && protos[i]->ports[k]; k++)
            if (p->ports.n < k + 1)
                p->ports.v[p->ports.n++] = protos[i]->ports[k];
        ld->s->net.proto_conf[i] = conf;
    }
    return ERR_OK;
}

static err load_protocols(struct loader *ld)
{
    const struct node *n = node_path(ld->c->resolved, "packetbeat.protocols");
    if (are_defaults_due(ld))
        return load_default_protocols(ld);
    for (const struct node *c = n ? n->child : NULL; c; c = c->next) {
        err rc = load_protocol_item(ld, c);
        if (rc)
            return rc;
    }
    for (unsigned i = 0; i < PROTO_COUNT; i++)
        note_ports(ld, i);
    return ERR_OK;
}

/* ---- output */

static bool is_enabled(const struct node *n)
{
    const struct node *enabled = node_get(n, "enabled");
    return !(enabled && enabled->text &&
             (strcmp(enabled->text, "false") == 0 || (enabled->type == NODE_BOOL && !enabled->b)));
}

static const struct output *output_find(const char *name)
{
    for (const struct output *const *o = outputs; *o; o++)
        if (strcmp((*o)->name, name) == 0)
            return *o;
    return NULL;
}

static err refuse_output(struct loader *ld, const struct node *n)
{
    char where[300], list[200];
    const char *names[32];
    size_t count = 0;
    struct buf b = buf_of(list, sizeof list - 1);
    for (const struct output *const *o = outputs; *o && count < COUNT(names); o++) {
        buf_cstr(&b, count ? ", output." : "output.");
        buf_cstr(&b, (*o)->name);
        names[count++] = (*o)->name;
    }
    list[b.n] = '\0';
    node_where(n, where, sizeof where);
    if (is_named(later_outputs, n->key))
        return why_set(ld->l.why, ERR_UNSUPPORTED, "%s: output.%s: not yet; there are %s", where,
                       n->key, list);
    const char *nearest = nearest_name(n->key, names, count);
    return why_set(ld->l.why, ERR_CONFIG, "%s: output type %s undefined%s%s%s; there are %s", where,
                   n->key, nearest ? " (did you mean " : "", nearest ? nearest : "",
                   nearest ? "?)" : "", list);
}

static err load_codec(struct loader *ld, const struct node *section)
{
    struct pipe_conf *c = arena_zalloc(ld->l.mem, sizeof *c);
    if (!c)
        return why_set(ld->l.why, ERR_LIMIT, "the configuration is too large");
    err rc = pipe_load_codec(section, &ld->l, c);
    ld->s->json = c->json;
    ld->s->format = c->format;
    return rc;
}

/* Outputs that decide the encoding themselves; @metadata.beat is lower-cased there, as in Beats. */
static err set_encoding(struct loader *ld, const struct output *o, const void *conf)
{
    struct event_json_conf *json = &ld->s->json;
    o->encoding(conf, json);
    struct slice beat = slice_cstr(json->beat);
    char *copy = arena_zalloc(&ld->c->mem, beat.n + 1);
    if (!copy)
        return why_set(ld->l.why, ERR_LIMIT, "the configuration is too large");
    for (size_t i = 0; i < beat.n; i++)
        copy[i] = (char)ascii_lower(beat.p[i]);
    json->beat = copy;
    return ERR_OK;
}

/* NULL: an output without a section of its own. */
static err load_output_of(struct loader *ld, const char *name, const struct node *n)
{
    char path[80];
    const struct output *o = output_find(name);
    if (!o)
        return refuse_output(ld, n);
    void *conf = arena_zalloc(ld->l.mem, o->conf_size + 1);
    if (!conf)
        return why_set(ld->l.why, ERR_LIMIT, "the configuration is too large");
    struct buf b = buf_of(path, sizeof path - 1);
    buf_lit(&b, "output.");
    buf_cstr(&b, name);
    path[b.n] = '\0';
    ld->l.prefix = path;
    err rc = option_load(o->options, n, conf, &ld->l);
    if (!rc && o->data_folder && !*o->data_folder(conf))
        *o->data_folder(conf) = ld->c->paths.data;
    if (!rc)
        rc = o->encoding ? set_encoding(ld, o, conf) : load_codec(ld, n);
    ld->s->output = o;
    ld->s->output_conf = conf;
    return rc;
}

static const char *message_output(struct loader *ld)
{
    struct libraries libraries;
    struct why w;
    libraries_find(&libraries, NULL);
    if (!duck_check(libraries.v, &w))
        return "store";
    note_add(ld->s, ld->l.mem,
             "%s; messages are kept as lines (output.index); an installed program has "
             "wirelume-fetch-duckdb for it",
             w.text);
    return "index";
}

static err load_output(struct loader *ld)
{
    const struct node *n = node_get(ld->c->resolved, "output"), *found = NULL;
    char first[300], second[300];
    for (const struct node *c = n && n->type == NODE_MAP ? n->child : NULL; c; c = c->next) {
        if (!is_enabled(c))
            continue;
        if (found)
            return why_set(ld->l.why, ERR_CONFIG,
                           "more than one output: output.%s at %s and output.%s at %s (mend: "
                           "enabled: false in one)",
                           found->key, node_where(found, first, sizeof first), c->key,
                           node_where(c, second, sizeof second));
        found = c;
    }
    if (found)
        return load_output_of(ld, found->key, found);
    if (ld->need->messages || (ld->need->receiver && node_get(ld->c->resolved, "inputs")))
        return load_output_of(ld, message_output(ld), NULL);
    if (!ld->need->output)
        return ERR_OK;
    return why_set(ld->l.why, ERR_CONFIG,
                   "no outputs are defined, please define one under the output section "
                   "(output.console.pretty: false writes to standard output)");
}

/* ---- queue */

static err load_queue(struct loader *ld)
{
    char path[80];
    struct buf b = buf_of(path, sizeof path - 1);
    buf_lit(&b, "output.");
    buf_cstr(&b, ld->s->output ? ld->s->output->name : "");
    path[b.n] = '\0';
    return queue_load(ld->c->resolved, node_path(ld->c->resolved, path), &ld->l, &ld->s->queue);
}

/* ---- all */

static err load_all(struct loader *ld)
{
    struct settings *s = ld->s;
    err rc = section_load(ld, "", general_options, &s->general);
    if (!rc)
        rc = section_load(ld, "logging", logging_options, &s->logging);
    if (!rc)
        rc = load_output(ld);
    if (!rc)
        rc = load_queue(ld);
    if (!rc)
        rc = load_interfaces(ld);
    if (!rc)
        rc = load_limits(ld);
    if (!rc)
        rc = section_load(ld, "health", health_options, &s->health);
    if (!rc)
        rc = load_flows(ld);
    if (!rc)
        rc = load_procs(ld);
    if (!rc)
        rc = load_protocols(ld);
    return rc ? rc : load_global(ld);
}

err settings_load(struct settings *s, struct config *c, const struct settings_need *need,
                  struct why *w)
{
    *s = (struct settings){ 0 };
    struct loader ld = { s, c, need, { "", &c->mem, w } };
    err rc = load_all(&ld);
    if (rc)
        return rc;
    if (!s->general.name || !*s->general.name) {
        char *host = arena_zalloc(&c->mem, 256);
        if (host && gethostname(host, 255) == 0)
            s->general.name = host;
    }
    unknown_note(s, c);
    return ERR_OK;
}
