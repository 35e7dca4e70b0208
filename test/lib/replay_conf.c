/* What a test's replay is configured with. */
#include "lib/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "codec/yaml.h"
#include "proto/proto.h"

/* clang-format off */
static const struct option options[] = {
    OPT(net_conf, flows_enabled, BOOL,     "flows.enabled",  "false", 0, 0, 0, "Make flow events."),
    OPT(net_conf, timeout_ns,    DURATION, "flows.timeout",  "30s",   0, 0, 0, "Idle time that ends a flow."),
    OPT(net_conf, period_ns,     DURATION, "flows.period",   "10s",   0, 0, 0, "Time between reports."),
    OPT(net_conf, delta_reports, BOOL,     "flows.delta",    "false", 0, 0, 0, "Reports of what is new."),
    OPT(net_conf, max_flows,     INT,      "limits.flows",   "20000", 0, 0, 0, "Flows at once."),
    OPT(net_conf, memory_bytes,  SIZE,     "limits.memory",  "64MiB", 0, 0, 0, "Slab memory."),
    OPT(net_conf, defrag_bytes,  SIZE,     "limits.defrag",  "4MiB",  0, 0, 0, "Incomplete datagrams."),
    OPT(net_conf, max_message,   SIZE,     "limits.message", "10MiB", 0, 0, 0, "Largest message."),
    OPT(net_conf, reorder_bytes, SIZE,     "limits.reorder", "1MiB",  0, 0, 0, "Bytes waiting for earlier ones."),
    { 0 }
};
/* clang-format on */

static void must(err e, const struct why *why)
{
    if (e == ERR_OK)
        return;
    fprintf(stderr, "%s\n", why->text);
    exit(2);
}

/* By name, not through the table `protos`: lib/fakeproto.c has another one, for unit tests, and the
 * linker would take that. */
static const char *const names[PROTO_COUNT] = {
#define PROTO(name) #name,
#include "proto/protocols.def"
#undef PROTO
};

static void load_proto(struct replay_conf *c, const struct node *root, const char *name)
{
    struct why why = { "" };
    struct loading l = { name, &c->mem, &why };
    void *conf = NULL;
    unsigned id;
    const struct proto *proto = proto_find(name, &id);
    must(proto_load(proto, node_get(root, name), &l, &conf), &why);
    bool enabled = ((struct proto_conf *)conf)->enabled;
    c->net.proto_conf[id] = enabled ? conf : NULL;
}

void replay_conf_text(struct replay_conf *c, struct slice yaml, const char *name)
{
    struct why why = { "" };
    struct node *root = NULL;
    *c = (struct replay_conf){ .pool = { .max_bytes = SIZE_MAX } };
    arena_init(&c->mem, &c->pool, 0);
    must(yaml_read(&c->mem, yaml, name, &root, &why), &why);
    struct loading l = { "", &c->mem, &why };
    must(option_load(options, root, &c->net, &l), &why);
    c->net.tunnels = ~0u;
    c->net.key = (struct hash_key){ 1, 2 };
    for (unsigned id = 0; id < PROTO_COUNT; id++)
        load_proto(c, root, names[id]);
}

void replay_conf_load(struct replay_conf *c, const char *path)
{
    char text[16384];
    size_t n = 0;
    FILE *in = path ? fopen(path, "r") : NULL;
    if (in) {
        n = fread(text, 1, sizeof text, in);
        fclose(in);
    }
    BUG_ON(n == sizeof text);
    replay_conf_text(c, slice_of(text, n), path ? path : "defaults");
}

void replay_conf_free(struct replay_conf *c)
{
    arena_free(&c->mem);
    chunk_pool_free(&c->pool);
}
