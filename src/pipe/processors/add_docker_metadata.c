/* add_docker_metadata: the container that an event's process is in, under `container`. */
#include "host/owners.h"
#include "pipe/docker.h"
#include "pipe/processor.h"

#define PROCESS_BYTES ((size_t)256 * 1024) /* of one while it is read */

struct add_docker_metadata {
    const char *host, *hostfs;
    struct texts match_fields, match_pids;
    bool match_source, match_short_id, dedot;
    int64_t match_source_index, cleanup_s;
    const struct node *ssl;
    struct ref *fields, *pids, id, name, image, labels;
    struct docker *docker;
    bool begun;
    struct owners known;
    struct arena mem; /* of a process while it is read */
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_docker_metadata, host,               TEXT,  "host",               "unix:///var/run/docker.sock", 0, 0, 0, "The docker daemon: unix:///PATH or tcp://HOST:PORT."),
    OPT(add_docker_metadata, match_fields,       TEXTS, "match_fields",       NULL,    0, 0, 0,             "Fields that hold the id of a container."),
    OPT(add_docker_metadata, match_pids,         TEXTS, "match_pids",         "process.pid,process.parent.pid", 0, 0, 0, "Fields that hold the id of a process in it."),
    OPT(add_docker_metadata, match_short_id,     BOOL,  "match_short_id",     "false", 0, 0, 0,             "Ids may be cut to 12 characters or more."),
    OPT(add_docker_metadata, dedot,              BOOL,  "labels.dedot",       "true",  0, 0, 0,             "Dots in names of labels become underscores."),
    OPT(add_docker_metadata, hostfs,             TEXT,  "hostfs",             "/",     0, 0, 0,             "Folder that the host's / is mounted at."),
    OPT(add_docker_metadata, match_source,       BOOL,  "match_source",       "true",  0, 0, OPT_INERT,     "Network traffic comes from no log file."),
    OPT(add_docker_metadata, match_source_index, INT,   "match_source_index", "4",     0, 100, OPT_INERT,   "Network traffic comes from no log file."),
    OPT(add_docker_metadata, cleanup_s,          INT,   "cleanup_timeout",    "60",    0, 1 << 30, OPT_INERT, "Containers are known as long as docker lists them."),
    OPT(add_docker_metadata, ssl,                NODE,  "ssl",                NULL,    0, 0, OPT_INERT,     "Docker is asked by plain HTTP."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct add_docker_metadata *c = conf;
    c->fields = refs_load(&c->match_fields, l);
    c->pids = refs_load(&c->match_pids, l);
    if (!c->fields || !c->pids)
        return ERR_LIMIT;
    c->hostfs = strcmp(c->hostfs, "/") == 0 ? "" : c->hostfs;
    c->id = ref_for_writing("container.id");
    c->name = ref_for_writing("container.name");
    c->image = ref_for_writing("container.image.name");
    schema_object_field("container.labels");
    c->labels = ref_for_writing("container.labels");
    arena_init(&c->mem, NULL, PROCESS_BYTES);
    if (strncmp(c->host, "unix:///", 8) != 0 && !strstr(c->host, "://"))
        return why_set(l->why, ERR_CONFIG,
                       "%s: host: \"%s\": write unix:///PATH or tcp://HOST:PORT", l->prefix,
                       c->host);
    return ERR_OK;
}

static bool id_by_pid(struct add_docker_metadata *c, struct event *e, struct slice *id)
{
    for (unsigned i = 0; i < c->match_pids.n; i++) {
        struct value v;
        if (!ref_get(&c->pids[i], e, &v) || v.type != VT_INT || v.i <= 0)
            continue;
        const struct process *p = owners_look_up(&c->known, v.i, c->hostfs, &c->mem);
        if (p && p->container.n) {
            *id = arena_dup(e->mem, p->container);
            return id->n > 0;
        }
    }
    return false;
}

static bool id_by_field(struct add_docker_metadata *c, struct event *e, struct slice *id)
{
    char room[VALUE_ROOM];
    for (unsigned i = 0; i < c->match_fields.n; i++)
        if (ref_str(&c->fields[i], e, room, id) == REF_FOUND)
            return true;
    return false;
}

static bool put(struct add_docker_metadata *c, struct event *e, const struct container *found)
{
    bool all = ref_set_str(&c->id, e, found->id) && ref_set_str(&c->image, e, found->image) &&
               ref_set_str(&c->name, e, found->name);
    struct object *labels = found->labels.n ? arena_alloc(e->mem, sizeof *labels) : NULL;
    if (!labels)
        return all;
    *labels = found->labels;
    struct value v = { .field = 0xffff, .type = VT_OBJECT, .n = 1, .p = labels };
    return ref_set(&c->labels, e, &v) && all;
}

/* An id by a process is told also when docker does not know it. */
static enum step run(void *conf, struct event *e)
{
    struct add_docker_metadata *c = conf;
    struct container found;
    struct slice id;
    if (!c->begun) {
        struct docker_conf how = { c->host, c->match_short_id, c->dedot };
        c->docker = docker_open(&how);
        c->begun = true;
    }
    if (!c->docker || !docker_is_there(c->docker))
        return STEP_OK;
    bool by_pid = id_by_pid(c, e, &id);
    if (!by_pid && !id_by_field(c, e, &id))
        return STEP_OK;
    bool all = !by_pid || ref_set_str(&c->id, e, id);
    if (docker_find(c->docker, id, e->mem, &found))
        all &= put(c, e, &found);
    return all ? STEP_OK : STEP_FAILED;
}

static void give_back(void *conf)
{
    struct add_docker_metadata *c = conf;
    docker_close(c->docker);
    owners_free(&c->known);
    arena_free(&c->mem);
}

const struct processor processor_add_docker_metadata = {
    .name = "add_docker_metadata",
    .doc = "Tells of the container that a process is in.",
    .options = options,
    .conf_size = sizeof(struct add_docker_metadata),
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
