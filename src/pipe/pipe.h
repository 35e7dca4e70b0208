/* Between inputs and outputs: what is common to all events, processors, encoding, the output. One
 * thread. */
#pragma once

#include "model/batch.h"
#include "model/counter.h"
#include "model/event_json.h"
#include "model/option.h"

struct pipe;

/* What an output does with encoded events. `lines` are whole JSON objects or formatted lines
 * without newline. The event stands beside its text for outputs that choose by fields. */
struct output {
    const char *name, *doc;
    const struct option *options;
    size_t conf_size, ctx_size;
    err (*open)(void *ctx, const void *conf, struct why *w);
    /* Writes one encoded event; buffering is its own business until flush. */
    err (*write)(void *ctx, const struct event *e, struct slice line, struct why *w);
    /* After each batch: everything written is on its way (console) or in the file (file). */
    err (*flush)(void *ctx, struct why *w);
    void (*close)(void *ctx);
};
extern const struct output *const outputs[]; /* NULL-terminated, from out/outputs.def */

/* A list of processors made from configuration, applied in order. */
struct processors;

/* Boot, before schema_freeze: `list` is a YAML list (packetbeat-core.md 2.8). */
MUST_CHECK err processors_load(const struct node *list, const struct loading *l,
                               struct processors **out);

/* True: the event goes on; false: it was dropped. Errors inside are counted. */
bool processors_run(const struct processors *p, struct event *e, struct counters *counters);

/* `fields`, `tags`, `processors`, `index` of one protocol or of flows. */
struct event_meta {
    struct processors *processors; /* NULL: none */
    const struct node *fields;
    bool fields_under_root;
    struct texts tags;
    const char *index; /* lower-cased into @metadata.raw_index; NULL */
};

struct pipe_conf {
    const char *name; /* agent.name and host.name */
    const char *agent_id, *ephemeral_id, *version;
    struct event_meta global;
    struct event_meta source[256]; /* by event source: enum proto_id, EVENT_SOURCE_FLOW */
    struct texts internal_networks;
    bool ignore_outgoing;
    bool dry_run; /* -N */
    struct event_json_conf json;
    const char *format; /* codec.format.string; NULL: json */
    const struct output *output;
    const void *output_conf;
};

/* Boot, before schema_freeze (it may add the user's fields). conf is copied; what it points to must
 * outlive the pipe. */
MUST_CHECK err pipe_new(const struct pipe_conf *conf, struct pipe **out, struct why *w);

/* Processes, encodes and writes every event of the batch, in order. */
MUST_CHECK err pipe_batch(struct pipe *p, struct batch *b, struct counters *counters,
                          struct why *w);
void pipe_free(struct pipe *p);
