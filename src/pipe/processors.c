/* Lists of processors: reading them, `when`, if/then/else, running them. */
#include "pipe/processors.h"

#include "base/buf.h"
#include "base/bug.h"
#include "base/log.h"
#include "pipe/condition.h"
#include "pipe/processor.h"

#define DEPTH_MAX 8

#define PROCESSOR(name) extern const struct processor processor_##name;
#define LATER(name)
#define NEVER(name, why)
#define ALIEN(name, why)
#include "pipe/processors.def"
#undef PROCESSOR
#undef LATER
#undef NEVER
#undef ALIEN

enum fate { IS_THERE, IS_LATER, IS_PASSED, IS_REFUSED };

static const struct row {
    const char *name;
    const struct processor *p; /* of IS_THERE */
    enum fate fate;
    const char *why;
} rows[] = {
#define PROCESSOR(name)  { #name, &processor_##name, IS_THERE, NULL },
#define LATER(name)      { #name, NULL, IS_LATER, "it is not there yet" },
#define NEVER(name, why) { #name, NULL, IS_PASSED, why },
#define ALIEN(name, why) { #name, NULL, IS_REFUSED, why },
#include "pipe/processors.def"
#undef PROCESSOR
#undef LATER
#undef NEVER
#undef ALIEN
};

struct entry {
    struct entry *next;
    struct condition *when;    /* NULL: always */
    const struct processor *p; /* NULL: if/then/else */
    void *conf;
    bool ready;                      /* conf may hold what processors_close gives back */
    struct processors *then, *other; /* NULL: nothing */
};

struct processors {
    struct entry *first;
};

struct place {
    const struct loading *l;
    unsigned depth;
};

static err no_memory(const struct loading *l)
{
    return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
}

/* "file:line:col: prefix.name: " into w->text, and what. */
static err refuse(const struct node *n, const struct loading *l, const char *what)
{
    char where[256];
    return why_set(l->why, ERR_CONFIG, "%s: %s: %s", node_where(n, where, sizeof where), l->prefix,
                   what);
}

static err refuse_unknown(const struct node *n, const struct loading *l)
{
    const char *names[COUNT(rows)];
    char text[1024], where[256];
    struct buf list = buf_of(text, sizeof text - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        names[i] = rows[i].name;
        if (rows[i].p)
            buf_printf(&list, "%s%s", i ? ", " : "", rows[i].name);
    }
    text[list.n] = '\0';
    const char *near = nearest_name(n->key, names, COUNT(rows));
    return why_set(l->why, ERR_CONFIG, "%s: %s: there is no processor \"%s\"%s%s%s; there are: %s",
                   node_where(n, where, sizeof where), l->prefix, n->key,
                   near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", text);
}

static err check_keys(const struct processor *p, const struct node *settings,
                      const struct loading *l)
{
    static const struct option common[] = {
        { .key = "when", .type = OPT_NODE, .doc = "Condition under which the processor runs." },
        { 0 }
    };
    const struct option *tables[] = { p->options, common, NULL };
    const char *near = NULL;
    const struct node *n = settings && settings->type == NODE_MAP
                               ? option_unknown(tables, settings, NULL, &near)
                               : NULL;
    if (!n)
        return ERR_OK;
    char text[256];
    struct buf b = buf_of(text, sizeof text - 1);
    buf_printf(&b, "there is no setting \"%.60s\"", n->key);
    if (near)
        buf_printf(&b, " (did you mean %.60s?)", near);
    text[b.n] = '\0';
    if (p->flags & PROCESSOR_STRICT)
        return refuse(n, l, text);
    log_warn("config", "%s: %s", l->prefix, text);
    return ERR_OK;
}

static err load_when(struct entry *entry, const struct node *when, const struct loading *l)
{
    return when ? condition_load(when, l, &entry->when) : ERR_OK;
}

static err load_known(struct entry *entry, const struct node *settings, const struct loading *l)
{
    const struct node *map = settings->type == NODE_MAP ? settings : NULL;
    const struct node *when = node_get(map, "when");
    err e = load_when(entry, when, l);
    if (!e)
        e = check_keys(entry->p, settings, l);
    if (e)
        return e;
    if ((entry->p->flags & PROCESSOR_NEEDS_WHEN) && !when)
        return refuse(settings, l, "a condition is needed: when");
    entry->conf = arena_zalloc(l->mem, entry->p->conf_size);
    if (!entry->conf)
        return no_memory(l);
    e = option_load(entry->p->options, map, entry->conf, l);
    if (!e && entry->p->prepare)
        e = entry->p->prepare(entry->conf, l);
    entry->ready = !e;
    return e;
}

/* Said at each start, for what it would have done is not done. */
static err pass_over(const struct row *row, const struct node *n, const struct loading *l)
{
    char text[256];
    struct buf b = buf_of(text, sizeof text - 1);
    buf_printf(&b, "there is no processor %s: %s", row->name, row->why);
    text[b.n] = '\0';
    if (row->fate == IS_REFUSED)
        return refuse(n, l, text);
    log_warn("config", "%s: the processor %s is passed over: %s", l->prefix, row->name, row->why);
    return ERR_OK;
}

/* One key and its settings. *out stays NULL for one that does nothing yet. */
static err load_named(const struct node *n, const struct loading *l, struct entry **out)
{
    size_t i = 0;
    while (i < COUNT(rows) && strcmp(rows[i].name, n->key) != 0)
        i++;
    if (i == COUNT(rows))
        return refuse_unknown(n, l);
    if (!rows[i].p)
        return pass_over(&rows[i], n, l);
    struct entry *entry = *out = arena_zalloc(l->mem, sizeof *entry);
    if (!entry)
        return no_memory(l);
    entry->p = rows[i].p;
    char prefix[256];
    struct buf b = buf_of(prefix, sizeof prefix - 1);
    buf_printf(&b, "%.200s.%s", l->prefix, n->key);
    prefix[b.n] = '\0';
    struct loading inner = { .prefix = prefix, .mem = l->mem, .why = l->why };
    return load_known(entry, n, &inner);
}

static err load_list(const struct node *list, const struct place *at, struct processors **out);

static err load_branch(const struct node *n, const struct place *at, struct entry **out)
{
    const struct node *other = node_get(n, "else"), *then = node_get(n, "then");
    struct place inner = { at->l, at->depth + 1 };
    struct entry *entry = *out = arena_zalloc(at->l->mem, sizeof *entry);
    if (!entry)
        return no_memory(at->l);
    if (!then)
        return refuse(n, at->l, "an if needs a then");
    err e = condition_load(node_get(n, "if"), at->l, &entry->when);
    if (!e)
        e = load_list(then, &inner, &entry->then);
    return e ? e : load_list(other, &inner, &entry->other);
}

static err load_entry(const struct node *n, const struct place *at, struct entry **out)
{
    *out = NULL;
    if (n->type != NODE_MAP || !n->child)
        return refuse(n, at->l, "a processor is a map of its name and its settings");
    if (node_get(n, "if"))
        return load_branch(n, at, out);
    if (n->child->next)
        return refuse(n, at->l, "each item holds exactly one processor; this one holds several");
    return load_named(n->child, at->l, out);
}

/* A list, or one processor alone. */
static err load_list(const struct node *list, const struct place *at, struct processors **out)
{
    struct processors *p = *out = arena_zalloc(at->l->mem, sizeof *p);
    if (!p)
        return no_memory(at->l);
    if (at->depth > DEPTH_MAX)
        return refuse(list, at->l, "processors are nested more than 8 deep");
    if (!list || list->type == NODE_NULL)
        return ERR_OK;
    struct entry **end = &p->first;
    bool alone = list->type == NODE_MAP;
    for (const struct node *n = alone ? list : list->child; n; n = alone ? NULL : n->next) {
        err e = load_entry(n, at, end);
        if (e)
            return e;
        if (*end)
            end = &(*end)->next;
    }
    return ERR_OK;
}

err processors_load(const struct node *list, const struct loading *l, struct processors **out)
{
    BUG_ON(schema_is_frozen());
    struct place at = { l, 0 };
    err e = load_list(list, &at, out);
    if (e)
        processors_close(*out);
    return e;
}

static enum step run_list(const struct processors *p, struct event *e, struct counters *counters,
                          bool inner);

static enum step run_entry(struct entry *entry, struct event *e, struct counters *counters)
{
    bool holds = !entry->when || condition_holds(entry->when, e);
    if (!entry->p)
        return run_list(holds ? entry->then : entry->other, e, counters, true);
    return holds ? entry->p->run(entry->conf, e) : STEP_OK;
}

/* A failure ends an inner list, as in Beats; the outer one goes on. */
static enum step run_list(const struct processors *p, struct event *e, struct counters *counters,
                          bool inner)
{
    for (struct entry *entry = p->first; entry; entry = entry->next) {
        enum step step = run_entry(entry, e, counters);
        if (step == STEP_DROP)
            return STEP_DROP;
        if (step == STEP_FAILED) {
            counter_add(counters, COUNTER_PROCESSOR_ERRORS, 1);
            if (inner)
                break;
        }
    }
    return STEP_OK;
}

bool processors_run(const struct processors *p, struct event *e, struct counters *counters)
{
    return run_list(p, e, counters, false) != STEP_DROP;
}

void processors_close(const struct processors *p)
{
    for (struct entry *entry = p ? p->first : NULL; entry; entry = entry->next) {
        if (entry->ready && entry->p->close)
            entry->p->close(entry->conf);
        processors_close(entry->then);
        processors_close(entry->other);
    }
}
