/* Between inputs and outputs: what is common to all events, processors, encoding, the output. One
 * thread. */
#pragma once

#include "model/batch.h"
#include "model/counter.h"
#include "model/event_json.h"
#include "model/message.h"
#include "model/option.h"
#include "pipe/processors.h"
#include "pipe/queue.h"

struct pipe;
struct interfaces;
struct procs;
struct glance;
struct report; /* out/report.h */

/* What an output does with encoded events: whole JSON objects or formatted lines, without newline.
 * The event stands beside its text for outputs that choose by fields; NULL from a queue on disk.
 * ERR_END from write or flush: nobody will ever read it again, pipe_batch gives it on; other
 * failures are logged when they begin and end, and the events are counted (events.failed). */
struct output {
    const char *name, *doc;
    const struct option *options;
    size_t conf_size, ctx_size;
    size_t line_bytes; /* of a message's line at most: longer ones are lost; 0: any */
    err (*open)(void *ctx, const void *conf, struct why *w);
    /* Writes one encoded event; buffering is its own business until flush. e is NULL when the line
     * was made of a message: only for outputs with `sync`. */
    err (*write)(void *ctx, const struct event *e, struct slice line, struct why *w);
    /* Instead of it for lines made of messages, when an output needs to know more of them; write
     * may be NULL then: the output is for messages only. */
    err (*write_message)(void *ctx, const struct message *m, struct slice line, struct why *w);
    /* After each batch: everything written is on its way (console) or in the file (file). */
    err (*flush)(void *ctx, struct why *w);
    /* Everything written is on disk, as far as there is one. NULL: this output cannot tell. After
     * the first call (right after open) a failed write, flush or sync undoes what was written since
     * the last sync that did not fail: it is to be written again. */
    err (*sync)(void *ctx, struct why *w);
    void (*close)(void *ctx);
    /* NULL, or what is due by the clock alone, about every second, also when nothing comes: never
     * between a write and the sync, flush or failure that ends it. now_ns: since 1970 UTC. What
     * goes wrong it says itself. Only message_pipe.h calls it. */
    void (*tick)(void *ctx, int64_t now_ns);
    const struct counters *(*counters)(void *ctx); /* NULL, or of its own threads; any thread */

    /* NULL where there is nothing to say. */
    const char **(*data_folder)(void *conf); /* an option that is path.data unless it is given */
    void (*encoding)(const void *conf, struct event_json_conf *json); /* instead of codec.* */
    void (*shape)(const void *conf, unsigned *window, unsigned *connections); /* events in one */
    err (*test)(const void *conf, struct report *r, struct why *w); /* `test output`; blocks */
    const struct holding *holding;
};
extern const struct output *const outputs[]; /* NULL-terminated, from out/outputs.def */

/* Of outputs that hold events until a receiver has acknowledged them. The pipe's thread. */
struct holding {
    /* Readable when one of the answers below may be another, or flush would send what it holds. */
    int (*wake_fd)(void *ctx);
    bool (*has_room)(void *ctx); /* a batch may be written now, without waiting */
    size_t (*held)(void *ctx);   /* events written and not acknowledged */
    uint64_t (*done)(void *ctx); /* events from the first on that are acknowledged or given up */
    const struct counters *(*counters)(void *ctx); /* of its own threads */
};

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
    struct procs *procs;           /* host/procs.h; NULL: events name no processes */
    struct glance *glance;         /* pipe/glance.h; NULL: nobody looks */
    bool ignore_outgoing;
    bool dry_run; /* -N */
    struct event_json_conf json;
    const char *format; /* codec.format.string; NULL: json */
    const struct output *output;
    const void *output_conf;
    struct queue_conf queue;
    size_t memory_bytes; /* for one event with what is added to it, and its line; 0: 384 MiB */
    bool unopened;       /* the output comes from another pipe: pipe_take_output */
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
/* When no batch is ready: what waits for others, for the disk or for room in the output goes on. */
MUST_CHECK err pipe_idle(struct pipe *p, struct counters *counters, struct why *w);
bool pipe_is_busy(struct pipe *p); /* pipe_idle would do more at once */

/* No more batches come: nothing waits for others. stays: what is in a queue on disk stays there. */
void pipe_end(struct pipe *p, bool stays);

/* pipe_batch is for when there is room. The descriptor (-1: none) is readable when pipe_idle may do
 * something. held: events that are neither acknowledged nor to stay on disk. */
bool pipe_has_room(struct pipe *p);
int pipe_wake_fd(struct pipe *p);
size_t pipe_held(struct pipe *p);
void pipe_queue_state(struct pipe *p, struct queue_state *out); /* zero without one on disk */
const struct counters *pipe_output_counters(struct pipe *p);    /* NULL: none */

/* Moves the open output, with all that it holds, from one pipe to another that has none. */
void pipe_take_output(struct pipe *to, struct pipe *from);
void pipe_free(struct pipe *p);
