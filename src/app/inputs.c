/* From the configuration to inputs that listen. */
#include "app/inputs.h"

#include "base/buf.h"
#include "base/log.h"

#define KIB  INT64_C(1024)
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define MS   INT64_C(1000000)
#define HOUR (3600 * 1000 * MS)

/* clang-format off */
const struct option intake_options[] = {
    OPT(receiver_conf, batches,     INT,      "batches", "8",     2, 1024, 0, "Batches of messages that may wait for the output; when all do, nothing more is read from clients."),
    OPT(receiver_conf, batch_bytes, SIZE,     "batch",   "48MiB", MIB, 4 * GIB, 0, "Memory of up to 1024 messages that travel together; a message must fit."),
    OPT(receiver_conf, flush_ns,    DURATION, "flush",   "100ms", 0, HOUR, 0, "How long a message waits at most for others while the output is busy."),
    OPT(receiver_conf, hold_ns,     DURATION, "hold",    "10s",   0, 24 * HOUR, 0, "How long messages wait for an output that fails before their clients are sent away."),
    { 0 }
};

const struct option dead_letter_options[] = {
    OPT(receiver_conf, dead_enabled, BOOL, "enabled", "true",   0, 0, 0, "Keep documents that could not become messages."),
    OPT(receiver_conf, dead_path,    TEXT, "path",    "dead-letters.ndjson", 0, 0, 0, "Their file, below path.data."),
    OPT(receiver_conf, dead_bytes,   SIZE, "size",    "100MiB", MIB, 1024 * GIB, 0, "Largest size of the file with the one before it; the oldest letters go first."),
    { 0 }
};
/* clang-format on */

static const char *join(struct config *c, const char *folder, const char *name)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = *name == '/' ? NULL : arena_alloc(&c->mem, n);
    if (!path)
        return name;
    snprintf(path, n, "%s/%s", folder, name);
    return path;
}

err receiver_load(struct receiver_conf *conf, struct config *c, struct why *w)
{
    struct loading l = { "intake", &c->mem, w };
    *conf = (struct receiver_conf){ 0 };
    err rc = option_load(intake_options, node_path(c->resolved, "intake"), conf, &l);
    l.prefix = "dead_letter";
    if (!rc)
        rc = option_load(dead_letter_options, node_path(c->resolved, "dead_letter"), conf, &l);
    if (!rc)
        conf->dead_path = join(c, c->paths.data, conf->dead_path);
    return rc;
}

/* What conf has for that key; NULL: this kind of input has no such key. */
static const void *member(const struct input *input, const void *conf, const char *key)
{
    for (const struct option *o = input->options; o->key; o++)
        if (strcmp(o->key, key) == 0)
            return (const char *)conf + o->offset;
    return NULL;
}

static void note_listening(struct web_inputs *all, const struct input *input, const void *conf,
                           unsigned port)
{
    const struct texts *address = member(input, conf, "bind_address");
    const bool *tls = member(input, conf, "tls_enable");
    if (all->n == WEB_INPUTS)
        return;
    all->v[all->n++] = (struct web_input){ .name = input->name,
                                           .address = address && address->n ? address->v[0] : "any",
                                           .port = port,
                                           .tls = tls && *tls };
}

/* Where inputs are opened. */
struct opening {
    struct intake *in;
    struct config *c;
    struct web_inputs *listening;
};

static err open_input(const struct opening *at, const struct input *input,
                      const struct node *section, struct why *w)
{
    char prefix[64];
    uint16_t port;
    struct config *c = at->c;
    struct loading l = { prefix, &c->mem, w };
    struct input_common *conf = arena_zalloc(&c->mem, input->conf_size);
    if (!conf)
        return why_set(w, ERR_LIMIT, "the configuration is too large");
    snprintf(prefix, sizeof prefix, "inputs.%s", input->name);
    err rc = option_load(input->options, section, conf, &l);
    if (rc || !conf->enabled)
        return rc;
    rc = input->open(at->in, conf, &port, w);
    if (rc)
        return rc;
    log_info("intake", "%s: listening on port %u", prefix, port);
    note_listening(at->listening, input, conf, port);
    return ERR_OK;
}

static const struct input *input_find(const char *name)
{
    for (const struct input *const *i = inputs; *i; i++)
        if (strcmp((*i)->name, name) == 0)
            return *i;
    return NULL;
}

static err refuse(const struct node *n, struct why *w)
{
    char where[300], list[200];
    const char *names[32];
    size_t count = 0;
    struct buf b = buf_of(list, sizeof list - 1);
    for (const struct input *const *i = inputs; *i && count < COUNT(names); i++) {
        buf_cstr(&b, count ? ", " : "");
        buf_cstr(&b, (*i)->name);
        names[count++] = (*i)->name;
    }
    list[b.n] = '\0';
    const char *nearest = nearest_name(n->key, names, count);
    return why_set(w, ERR_CONFIG, "%s: there is no input '%s'%s%s%s; there are %s",
                   node_where(n, where, sizeof where), n->key, nearest ? " (did you mean '" : "",
                   nearest ? nearest : "", nearest ? "'?)" : "", list);
}

static bool is_enabled(const struct node *n)
{
    const struct node *enabled = node_get(n, "enabled");
    return !(enabled && enabled->text && strcmp(enabled->text, "false") == 0);
}

err inputs_open(struct intake *in, struct config *c, struct web_inputs *listening, struct why *w)
{
    struct opening at = { in, c, listening };
    const struct node *n = node_get(c->resolved, "inputs");
    unsigned opened = 0;
    for (const struct node *i = n && n->type == NODE_MAP ? n->child : NULL; i; i = i->next) {
        const struct input *input = input_find(i->key);
        if (!input)
            return refuse(i, w);
        err rc = open_input(&at, input, i, w);
        if (rc)
            return rc;
        opened += is_enabled(i);
    }
    if (!opened)
        return why_set(w, ERR_CONFIG,
                       "no inputs are defined: inputs.beats.port: 5044 takes events of Beats");
    return ERR_OK;
}

static struct rule_input rule_input(struct config *c, const struct node *section)
{
    char id[64];
    const struct node *title = node_get(section, "title");
    snprintf(id, sizeof id, "inputs.%s", section->key);
    return (struct rule_input){
        .id = arena_dup(&c->mem, slice_cstr(id)),
        .title = slice_cstr(title && title->text ? title->text : section->key),
    };
}

const struct rule_input *inputs_for_rules(struct config *c, unsigned *n)
{
    const struct node *section = node_get(c->resolved, "inputs");
    unsigned count = 0;
    *n = 0;
    for (const struct node *i = section ? section->child : NULL; i; i = i->next)
        count++;
    struct rule_input *list = arena_alloc(&c->mem, (count + 1) * sizeof *list);
    for (const struct node *i = section && list ? section->child : NULL; i; i = i->next)
        if (input_find(i->key) && is_enabled(i))
            list[(*n)++] = rule_input(c, i);
    return list;
}
