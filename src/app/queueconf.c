/* Settings of the queue. */
#include "app/queueconf.h"

#include "base/buf.h"

#define MIB       (1024 * INT64_C(1024))
#define MB        INT64_C(1000000)
#define GIB       (1024 * MIB)
#define SECOND    INT64_C(1000000000)
#define DAY       (86400 * SECOND)
#define MAX_BYTES (16384 * GIB)
#define SEGMENT   (64 * MIB) /* without a bound of the whole */

/* clang-format off */
const struct option queue_options[] = {
    OPT(queue_section, events,        INT,      "mem.events",              "3200", 32, 10000000, 0,
        "Events that may wait for the output in memory; live capture drops those beyond."),
    OPT(queue_section, flush_events,  INT,      "mem.flush.min_events",    "1600", 0, 10000000, 0, "The output waits for so many events; 0 or 1: for none."),
    OPT(queue_section, flush_ns,      DURATION, "mem.flush.timeout",       "10s", 0, DAY, 0, "How long it waits for them at most; more than 1s counts as 1s, 0 is not at all."),
    OPT(queue_section, path,          TEXT,     "disk.path",               NULL, 0, 0, 0, "Folder of the queue on disk (default path.data/diskqueue)."),
    OPT(queue_section, max_bytes,     SIZE,     "disk.max_size",           NULL, 0, MAX_BYTES, 0,
        "Largest size of the queue on disk, 10MB at least; 0: no bound. Required with queue.disk."),
    OPT(queue_section, segment_bytes, SIZE,     "disk.segment_size",       NULL, 0, MAX_BYTES, 0,
        "A file of the queue is followed by another when it has this size, 1MB or more (default max_size / 10). No event may be larger."),
    OPT(queue_section, read_ahead,    INT,      "disk.read_ahead",         "512", 1, 1000000, 0,
        "Events that the output gets from the disk at a time, and twice write_ahead more."),
    OPT(queue_section, write_ahead,   INT,      "disk.write_ahead",        "2048", 1, 1000000, 0, "Events that may wait to be written to the queue on disk, together."),
    OPT(queue_section, retry_ns,      DURATION, "disk.retry_interval",     "1s", 1000000, DAY, 0, "Wait after a failed write of the queue on disk, doubled each time."),
    OPT(queue_section, max_retry_ns,  DURATION, "disk.max_retry_interval", "30s", 1000000, DAY, 0, "The longest such wait."),
    { 0 }
};
/* clang-format on */

static err fail(const struct loading *l, const struct node *at, const char *text)
{
    char where[300];
    return why_set(l->why, ERR_CONFIG, "%s: %s", node_where(at, where, sizeof where), text);
}

static bool is_enabled(const struct node *n)
{
    const struct node *enabled = node_get(n, "enabled");
    return !(enabled && enabled->text && strcmp(enabled->text, "false") == 0);
}

/* The one kind that is named; NULL: none. */
static err choose(const struct node *section, const struct loading *l, const struct node **kind)
{
    char text[200];
    *kind = NULL;
    for (const struct node *c = section ? section->child : NULL; c; c = c->next) {
        snprintf(text, sizeof text, "unrecognized queue type '%s' (there are mem and disk)",
                 c->key ? c->key : "");
        if (!c->key || (strcmp(c->key, "mem") != 0 && strcmp(c->key, "disk") != 0))
            return fail(l, c, text);
        if (!is_enabled(c))
            continue;
        if (*kind)
            return fail(l, c,
                        "more than one namespace configured accessing 'queue' (mend: "
                        "queue.mem or queue.disk)");
        *kind = c;
    }
    return ERR_OK;
}

static err check_disk(struct queue_section *q, const struct node *disk, const struct loading *l)
{
    if (!node_get(disk, "max_size"))
        return fail(l, disk,
                    "disk queue requires max_size (mend: queue.disk.max_size: 1GB; 0 is "
                    "no bound)");
    if (q->max_bytes && q->max_bytes < 10 * MB)
        return fail(l, disk, "disk queue max_size must be at least 10MB");
    if (node_get(disk, "segment_size") && q->segment_bytes < MB)
        return fail(l, disk, "disk queue segment_size must be at least 1MB");
    if (q->max_bytes && q->segment_bytes > q->max_bytes / 2)
        return fail(l, disk, "disk queue max_size must be at least twice as big as segment_size");
    if (q->max_retry_ns < q->retry_ns)
        return fail(l, disk, "disk queue max_retry_interval can't be less than retry_interval");
    if (!q->segment_bytes)
        q->segment_bytes = q->max_bytes ? q->max_bytes / 10 : SEGMENT;
    return ERR_OK;
}

err queue_load(const struct node *root, const struct node *output, struct loading *l,
               struct queue_section *out)
{
    const struct node *section = node_path(root, "queue"), *own = node_get(output, "queue"), *kind;
    char text[200];
    if (section && own) {
        snprintf(text, sizeof text,
                 "top level queue and output level queue settings defined, only one is allowed "
                 "(the other is queue at line %u)",
                 section->line);
        return fail(l, own, text);
    }
    section = own ? own : section;
    l->prefix = own ? "output.queue" : "queue";
    err rc = choose(section, l, &kind);
    if (!rc)
        rc = option_load(queue_options, section, out, l);
    out->on_disk = kind && strcmp(kind->key, "disk") == 0;
    if (!rc && out->flush_events > out->events && node_path(section, "mem.flush.min_events"))
        rc = fail(l, node_path(section, "mem.flush.min_events"),
                  "queue.mem.flush.min_events: more than queue.mem.events");
    if (out->flush_events > out->events)
        out->flush_events = out->events;
    return rc || !out->on_disk ? rc : check_disk(out, kind, l);
}
