/* add_process_metadata: what process an event is of, by a field with its id. */
#include "base/buf.h"
#include "base/cursor.h"
#include "host/owners.h"
#include "pipe/literal.h"
#include "pipe/processor.h"

#define PROCESS_BYTES ((size_t)256 * 1024) /* of one while it is read */
#define USER_MAX      256

/* clang-format off */
enum fact { NAME, TITLE, EXECUTABLE, ARGS, PID, PPID, START, OWNER_ID, OWNER_NAME, ENV, CONTAINER, FACTS };
static const char *const names[FACTS] = {
    [NAME] = "process.name", [TITLE] = "process.title", [EXECUTABLE] = "process.executable",
    [ARGS] = "process.args", [PID] = "process.pid", [PPID] = "process.parent.pid",
    [START] = "process.start_time", [OWNER_ID] = "process.owner.id",
    [OWNER_NAME] = "process.owner.name", [ENV] = "process.env", [CONTAINER] = "container.id",
};

struct add_process_metadata {
    struct texts match_pids, include_fields, cgroup_prefixes;
    const char *target, *host_path, *cgroup_regex;
    bool ignore_missing, overwrite_keys, restricted_fields;
    int64_t expire_ns;
    const char *root; /* "": this machine's own */
    struct ref *pids, to[FACTS];
    bool wanted[FACTS];
    struct owners known;
    struct arena mem; /* of a process while it is read */
};

static const struct option options[] = {
    OPT(add_process_metadata, match_pids,        TEXTS,    "match_pids",               NULL,    0, 0, OPT_REQUIRED, "Fields with a process id; the first that is there counts."),
    OPT(add_process_metadata, target,            TEXT,     "target",                   "",      0, 0, 0,            "Name that all goes under; empty: the root of the event."),
    OPT(add_process_metadata, include_fields,    TEXTS,    "include_fields",           NULL,    0, 0, 0,            "Fields, or groups, that are added; none: all."),
    OPT(add_process_metadata, ignore_missing,    BOOL,     "ignore_missing",           "true",  0, 0, 0,            "An event without such a field is no failure."),
    OPT(add_process_metadata, overwrite_keys,    BOOL,     "overwrite_keys",           "false", 0, 0, 0,            "Fields may be there already."),
    OPT(add_process_metadata, restricted_fields, BOOL,     "restricted_fields",        "false", 0, 0, 0,            "Add process.env too, which may hold secrets."),
    OPT(add_process_metadata, host_path,         TEXT,     "host_path",                "/",     0, 0, 0,            "Folder that the host's / is mounted at."),
    OPT(add_process_metadata, cgroup_prefixes,   TEXTS,    "cgroup_prefixes",          NULL,    0, 0, OPT_INERT,    "Ids are found whatever stands in front."),
    OPT(add_process_metadata, cgroup_regex,      TEXT,     "cgroup_regex",             NULL,    0, 0, OPT_INERT,    "Ids of containers are 64 hexadecimal digits."),
    OPT(add_process_metadata, expire_ns,         DURATION, "cgroup_cache_expire_time", "30s",   0, 0, OPT_INERT,    "Processes are read again after 30s."),
    { 0 }
};
/* clang-format on */

static bool lies_in(const char *name, const char *group)
{
    size_t n = strlen(group);
    return strncmp(name, group, n) == 0 && (name[n] == '\0' || name[n] == '.');
}

static err want(struct add_process_metadata *c, const char *group, const struct loading *l)
{
    bool any = false;
    for (unsigned i = 0; i < FACTS; i++) {
        if (!lies_in(names[i], group) || (i == ENV && !c->restricted_fields))
            continue;
        c->wanted[i] = any = true;
    }
    return any ? ERR_OK
               : why_set(l->why, ERR_CONFIG,
                         "%s: include_fields: there is no \"%s\": process.name, .title, "
                         ".executable, .args, .pid, .parent.pid, .start_time, .owner.id, "
                         ".owner.name, .env (with restricted_fields), container.id",
                         l->prefix, group);
}

static err want_all(struct add_process_metadata *c, const struct loading *l)
{
    err e = c->include_fields.n ? ERR_OK : want(c, "process", l);
    if (!e && !c->include_fields.n)
        e = want(c, "container", l);
    for (unsigned i = 0; i < c->include_fields.n && !e; i++)
        e = want(c, c->include_fields.v[i], l);
    return e;
}

static err prepare(void *conf, const struct loading *l)
{
    struct add_process_metadata *c = conf;
    c->root = strcmp(c->host_path, "/") == 0 ? "" : c->host_path;
    c->pids = refs_load(&c->match_pids, l);
    err e = c->pids ? want_all(c, l) : ERR_LIMIT;
    for (unsigned i = 0; i < FACTS && !e; i++) {
        const char *name = c->wanted[i] ? name_join(c->target, names[i], l) : "";
        if (!name)
            return ERR_LIMIT;
        if (i == ENV && c->wanted[i])
            schema_object_field(name);
        c->to[i] = *name ? ref_for_writing(name) : ref_of("");
    }
    arena_init(&c->mem, NULL, PROCESS_BYTES);
    return e;
}

/* -1: it is no id. */
static int64_t pid_of(const struct value *v)
{
    uint64_t n;
    if (v->type == VT_INT)
        return v->i;
    return v->type == VT_STR && slice_to_u64(slice_of(v->p, v->n), &n) ? (int64_t)n : -1;
}

static struct value text_value(struct slice s)
{
    return (struct value){ .type = s.n ? VT_STR : VT_NULL, .p = s.p, .n = (uint32_t)s.n };
}

/* The arguments with blanks between them. */
static struct slice title_of(const struct process *p, struct arena *mem)
{
    size_t n = 0;
    for (unsigned i = 0; i < p->n_args; i++)
        n += p->args[i].n + 1;
    struct buf b = buf_of(arena_alloc(mem, n), n);
    for (unsigned i = 0; b.p && i < p->n_args; i++) {
        if (i)
            buf_u8(&b, ' ');
        buf_add(&b, p->args[i]);
    }
    return b.p ? buf_slice(&b) : slice_of(NULL, 0);
}

static struct value environment(struct event *e, int64_t pid, const char *root)
{
    struct cursor c = cur_of(process_environ(pid, e->mem, root));
    struct object *o = arena_zalloc(e->mem, sizeof *o);
    while (o && cur_left(&c)) {
        struct slice line = cur_until(&c, 0);
        ptrdiff_t equals = slice_find(line, '=');
        if (cur_ok(&c) && equals > 0)
            object_str_ref(e, o, slice_first(line, (size_t)equals),
                           slice_after(line, (size_t)equals + 1));
    }
    return (struct value){ .type = o && o->n ? VT_OBJECT : VT_NULL, .p = o };
}

static struct value owner_name(struct event *e, int64_t uid)
{
    char name[USER_MAX];
    bool known = process_user(uid, name, sizeof name);
    return text_value(known ? arena_dup(e->mem, slice_cstr(name)) : slice_of(NULL, 0));
}

/* One number as text, as Beats has ids of users. */
static struct value owner_id(struct event *e, int64_t uid)
{
    char text[24];
    struct buf b = buf_of(text, sizeof text);
    buf_int(&b, uid);
    return text_value(uid < 0 ? slice_of(NULL, 0) : arena_dup(e->mem, buf_slice(&b)));
}

/* Texts are p's, which is in the event's memory. */
static struct value fact_of(struct add_process_metadata *c, struct event *e,
                            const struct process *p, enum fact fact)
{
    switch (fact) {
    case NAME:
        return text_value(p->name);
    case TITLE:
        return text_value(title_of(p, e->mem));
    case EXECUTABLE:
        return text_value(p->executable);
    case ARGS:
        return (
            struct value){ .type = p->n_args ? VT_STRS : VT_NULL, .p = p->args, .n = p->n_args };
    case PID:
        return (struct value){ .type = VT_INT, .i = p->pid };
    case PPID:
        return (struct value){ .type = VT_INT, .i = p->ppid };
    case START:
        return (struct value){ .type = p->start_ns ? VT_TIME : VT_NULL, .i = p->start_ns };
    case OWNER_ID:
        return owner_id(e, p->uid);
    case OWNER_NAME:
        return owner_name(e, p->uid);
    case ENV:
        return environment(e, p->pid, c->root);
    case CONTAINER:
        return text_value(p->container);
    case FACTS:
        break;
    }
    return (struct value){ .type = VT_NULL };
}

static enum step enrich(struct add_process_metadata *c, struct event *e, int64_t pid)
{
    const struct process *known = pid > 0 ? owners_look_up(&c->known, pid, c->root, &c->mem) : NULL;
    struct process p;
    if (!known || !process_copy(&p, known, e->mem))
        return STEP_FAILED;
    for (unsigned i = 0; i < FACTS; i++)
        if (c->wanted[i] && !c->overwrite_keys && ref_is_there(&c->to[i], e))
            return STEP_FAILED;
    bool all = true;
    for (unsigned i = 0; i < FACTS; i++) {
        if (!c->wanted[i])
            continue;
        struct value v = fact_of(c, e, &p, (enum fact)i);
        all &= v.type == VT_NULL || ref_set(&c->to[i], e, &v);
    }
    return all ? STEP_OK : STEP_FAILED;
}

static enum step run(void *conf, struct event *e)
{
    struct add_process_metadata *c = conf;
    struct value v;
    for (unsigned i = 0; i < c->match_pids.n; i++)
        if (ref_get(&c->pids[i], e, &v))
            return enrich(c, e, pid_of(&v));
    return c->ignore_missing ? STEP_OK : STEP_FAILED;
}

static void give_back(void *conf)
{
    struct add_process_metadata *c = conf;
    owners_free(&c->known);
    arena_free(&c->mem);
}

const struct processor processor_add_process_metadata = {
    .name = "add_process_metadata",
    .doc = "Tells of the process whose id the event has.",
    .options = options,
    .conf_size = sizeof(struct add_process_metadata),
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
