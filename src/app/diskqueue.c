/* The journal as a queue with one consumer, the output. */
#include "app/diskqueue.h"

#include "base/bug.h"
#include "base/log.h"
#include "os/file.h"
#include "store/journal.h"

#define PATH_BYTES 4096
#define CONSUMER   "output"
#define FOLDER     "diskqueue"
#define BEATS_FILE "state.dat" /* of a Packetbeat's queue */
#define OVERHEAD   64          /* of an event in a file, at least */

struct diskqueue {
    struct queue queue;
    struct counters *counters;
    struct journal *journal;
    struct journal_reader *reader;
    uint64_t passed;
    uint64_t read; /* the last number that was given, or is known not to be there */
    char path[PATH_BYTES];
};

/* ---- what the pipe asks */

/* A sync that fails takes back all that was added since the last one. */
static err put(void *ctx, const struct slice *lines, unsigned *n, struct why *w)
{
    struct diskqueue *d = ctx;
    unsigned wanted = *n, added = 0;
    uint64_t seq;
    err rc = ERR_OK;
    while (added < wanted && !(rc = journal_append(d->journal, lines[added], &seq, w)))
        added++;
    *n = 0;
    if (rc && rc != ERR_LIMIT)
        return rc;
    struct why synced;
    err failed = added ? journal_sync(d->journal, &synced) : ERR_OK;
    if (failed) {
        *w = synced;
        return failed;
    }
    *n = added;
    return rc;
}

static bool next(void *ctx, uint64_t *number, struct slice *line, err *rc, struct why *w)
{
    struct diskqueue *d = ctx;
    uint64_t durable = journal_durable(d->journal);
    if (!journal_read(d->reader, number, line, rc, w)) {
        d->read = *rc || durable < d->read ? d->read : durable;
        return false;
    }
    if (*number > d->read + 1)
        counter_add(d->counters, COUNTER_QUEUE_LOST, *number - d->read - 1);
    d->read = *number;
    return true;
}

static err rewind_reader(void *ctx, struct why *w)
{
    struct diskqueue *d = ctx;
    struct journal_reader *fresh;
    err rc = journal_reader_open(&fresh, d->journal, d->passed + 1, w);
    if (rc)
        return rc;
    journal_reader_close(d->reader);
    d->reader = fresh;
    d->read = d->passed;
    return ERR_OK;
}

static err pass(void *ctx, uint64_t number, struct why *w)
{
    struct diskqueue *d = ctx;
    err rc = journal_passed(d->journal, CONSUMER, number, w);
    if (!rc)
        d->passed = number;
    return rc;
}

static void state(void *ctx, struct queue_state *out)
{
    struct diskqueue *d = ctx;
    uint64_t durable = journal_durable(d->journal);
    out->events = durable - d->passed;
    out->unread = durable - d->read;
    out->bytes = journal_bytes(d->journal);
}

/* ---- birth and end */

static err set_path(struct diskqueue *d, const struct queue_section *conf, const char *data,
                    struct why *w)
{
    int n = conf->path && *conf->path ? snprintf(d->path, sizeof d->path, "%s", conf->path)
                                      : snprintf(d->path, sizeof d->path, "%s/" FOLDER, data);
    if (n < 0 || (size_t)n >= sizeof d->path)
        return why_set(w, ERR_CONFIG, "queue.disk.path: the path is too long");
    return ERR_OK;
}

/* Files of a Packetbeat's queue are neither read nor touched. */
static void say_found(const struct diskqueue *d)
{
    char other[PATH_BYTES + sizeof BEATS_FILE + 1];
    snprintf(other, sizeof other, "%s/" BEATS_FILE, d->path);
    if (file_exists(other))
        log_warn("queue",
                 "%s: there is a queue of a Packetbeat: its events are not sent (mend: let "
                 "that Packetbeat send them, then remove its *.seg and " BEATS_FILE ")",
                 d->path);
    uint64_t waiting = journal_durable(d->journal) - d->passed;
    if (waiting)
        log_info("queue", "%s: %llu events from before wait for the output", d->path,
                 (unsigned long long)waiting);
}

static err open_journal(struct diskqueue *d, const struct queue_section *conf, struct why *w)
{
    struct journal_conf c = { .folder = d->path,
                              .segment_bytes = (uint64_t)conf->segment_bytes,
                              .max_bytes = (uint64_t)conf->max_bytes };
    struct journal_found found;
    struct why own;
    err rc = journal_open(&d->journal, &c, &found, &own);
    if (!rc)
        rc = journal_consumer(d->journal, CONSUMER, &d->passed, &own);
    if (!rc)
        rc = journal_reader_open(&d->reader, d->journal, d->passed + 1, &own);
    d->read = d->passed;
    return rc ? why_set(w, rc, "queue.disk: %s", own.text) : ERR_OK;
}

err diskqueue_open(struct diskqueue **out, const struct queue_section *conf, const char *data,
                   struct counters *counters, struct why *w)
{
    struct diskqueue *d = xcalloc(1, sizeof *d);
    d->counters = counters;
    err rc = set_path(d, conf, data, w);
    if (!rc)
        rc = open_journal(d, conf, w);
    if (rc) {
        diskqueue_close(d);
        return rc;
    }
    uint64_t largest = (uint64_t)conf->segment_bytes - OVERHEAD;
    d->queue =
        (struct queue){ .where = d->path,
                        .line_bytes = largest < JOURNAL_RECORD_MAX ? largest : JOURNAL_RECORD_MAX,
                        .ctx = d,
                        .put = put,
                        .next = next,
                        .rewind = rewind_reader,
                        .pass = pass,
                        .state = state };
    say_found(d);
    *out = d;
    return ERR_OK;
}

const struct queue *diskqueue_queue(const struct diskqueue *d)
{
    return &d->queue;
}

void diskqueue_close(struct diskqueue *d)
{
    if (!d)
        return;
    if (d->reader)
        journal_reader_close(d->reader);
    journal_close(d->journal);
    xfree(d);
}
