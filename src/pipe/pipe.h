/* Between inputs and outputs: what is common to all events, processors, encoding, the output. One
 * thread. */
#pragma once

#include "model/batch.h"
#include "model/counter.h"
#include "model/event_json.h"
#include "model/option.h"
#include "pipe/processors.h"

struct pipe;
struct interfaces;

/* What an output does with encoded events: whole JSON objects or formatted lines, without newline.
 * The event stands beside its text for outputs that choose by fields. ERR_END from write or flush:
 * nobody will ever read it again, pipe_batch gives it on; other failures are logged when they begin
 * and end, and the events are counted (events.failed). */
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
    struct interfaces *interfaces; /* host/interfaces.h; NULL: the pipe reads them itself */
    bool ignore_outgoing;
    bool dry_run; /* -N */
    struct event_json_conf json;
    const char *format; /* codec.format.string; NULL: json */
    const struct output *output;
    const void *output_conf;
};

/* Rows of every output's section, beside its own: for documentation and the check for unknown keys.
 */
extern const struct option pipe_codec_options[];

/* codec.json and codec.format of an output's section (NULL: defaults) into conf->json and
 * conf->format; `pretty` of the console output too. */
MUST_CHECK err pipe_load_codec(const struct node *section, const struct loading *l,
                               struct pipe_conf *conf);

/* Before schema_freeze it may add the user's fields; later (a reload) see schema_refused. conf is
 * copied; what it points to must outlive the pipe. */
MUST_CHECK err pipe_new(const struct pipe_conf *conf, struct pipe **out, struct why *w);

/* Processes, encodes and writes every event of the batch, in order; the schema is frozen by then.
 * The pipe works in memory of its own: the batch's arena is only read. */
MUST_CHECK err pipe_batch(struct pipe *p, struct batch *b, struct counters *counters,
                          struct why *w);
void pipe_free(struct pipe *p);
