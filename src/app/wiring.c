/* The rooms put together. Signals are read from a descriptor on the pipe's thread, so that nothing
 * runs in a handler; a worker that has ended makes its descriptor readable. */
#include "app/wiring.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/budget.h"
#include "app/crew.h"
#include "app/diskqueue.h"
#include "app/health.h"
#include "app/metrics.h"
#include "app/version.h"
#include "base/log.h"
#include "os/clock.h"

#define POLL_MS      100
#define PROGRESS_NS  INT64_C(200000000)
#define SECOND_NS    INT64_C(1000000000)
#define WORKER_PART  4   /* of the time that events may wait for others, they do in their worker */
#define EXIT_AT_ONCE 130 /* 128 + SIGINT, as shells expect it */

struct wiring {
    const struct job *job;
    struct budget budget;
    struct net_conf net; /* the settings', with the budget of one worker */
    struct crew *crew;
    struct health health;
    struct pipe *pipe;
    struct procs *procs;       /* NULL: events name no processes */
    struct diskqueue *queue;   /* NULL: events wait in memory */
    struct counters *counters; /* of the pipe's thread */
    struct metrics metrics;
    int64_t next_progress_ns, stopped_ns;
    int signal_fd;
    bool stopping;
};

static void signal_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR1);
}

void wiring_block_signals(void)
{
    sigset_t set;
    signal_set(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN); /* writing to a closed pipe is an error like any other */
}

static void set_gauges(const struct wiring *w, struct tally *t)
{
    const struct queue_section *q = &w->job->settings->queue;
    struct queue_state disk;
    pipe_queue_state(w->pipe, &disk);
    t->gauge[GAUGE_WORKERS] = crew_size(w->crew);
    for (unsigned i = 0; i < crew_size(w->crew); i++) {
        const struct worker *one = crew_worker(w->crew, i);
        const struct gauges *g = worker_gauges(one);
        t->gauge[GAUGE_FLOWS] += atomic_load_explicit(&g->flows, memory_order_relaxed);
        t->gauge[GAUGE_FLOW_BYTES] += atomic_load_explicit(&g->table_bytes, memory_order_relaxed);
        t->gauge[GAUGE_BATCHES] += worker_waiting(one);
    }
    t->gauge[GAUGE_QUEUE_MAX_EVENTS] = (uint64_t)q->events;
    t->gauge[GAUGE_QUEUE_EVENTS] = disk.events;
    t->gauge[GAUGE_QUEUE_BYTES] = disk.bytes;
    t->gauge[GAUGE_QUEUE_MAX_BYTES] = w->queue ? (uint64_t)q->max_bytes : 0;
    t->gauge[GAUGE_OUTPUT_HELD] = pipe_held(w->pipe) - disk.unread;
}

static void sum(const struct wiring *w, struct tally *t)
{
    *t = (struct tally){ 0 };
    crew_tally(w->crew, t);
    tally_add(t, w->counters);
    const struct counters *output = pipe_output_counters(w->pipe);
    if (output)
        tally_add(t, output);
    if (w->procs)
        tally_add(t, procs_counters(w->procs));
    set_gauges(w, t);
}

/* ---- what happens now and then */

static const char *kind_of(const struct interface_conf *x)
{
    if (x->file && *x->file)
        return "file";
    return capture_type_of(x) == CAPTURE_PCAP ? "pcap" : "af_packet";
}

static void name_inputs(const struct wiring *w, const struct tally *t, struct monitored_inputs *out)
{
    const struct settings *s = w->job->settings;
    for (unsigned i = 0; i < s->n_interfaces && i < MONITORED_INPUTS; i++) {
        const struct interface_conf *x = &s->interface[i];
        bool is_file = x->file && *x->file;
        struct monitored_input *in = &out->v[out->n++];
        *in =
            (struct monitored_input){ .kind = kind_of(x), .device = is_file ? x->file : x->device };
        in->packets = t->v[COUNTER_CAPTURE_PACKETS];
        in->drops = t->v[COUNTER_CAPTURE_KERNEL_DROPS];
        if (s->n_interfaces > 1)
            crew_interface(w->crew, i, &in->packets, &in->drops);
    }
}

static void publish(struct wiring *w)
{
    struct tally t;
    struct monitored_inputs inputs = { .n = 0 };
    sum(w, &t);
    name_inputs(w, &t, &inputs);
    monitoring_publish(w->job->monitoring, &t, &inputs);
}

/* An event like others; when there is no room for it the next one comes later. */
static err report_health(struct wiring *w, struct why *why)
{
    struct tally t;
    if (!health_is_due(&w->health) || !pipe_has_room(w->pipe))
        return ERR_OK;
    sum(w, &t);
    struct batch *b = health_event(&w->health, w->crew, &t);
    counter_add(w->counters, b ? COUNTER_EVENTS_EMITTED : COUNTER_EVENTS_NO_MEMORY, 1);
    err rc = b ? pipe_batch(w->pipe, b, w->counters, why) : ERR_OK;
    health_done(&w->health);
    return rc;
}

static err tick(struct wiring *w, struct why *why)
{
    int64_t now = clock_mono_ns();
    if (w->job->progress && now >= w->next_progress_ns) {
        struct tally t;
        sum(w, &t);
        w->job->progress(w->job->ctx, &t);
        w->next_progress_ns = now + PROGRESS_NS;
    }
    if (metrics_are_due(&w->metrics)) {
        struct tally t;
        sum(w, &t);
        metrics_log(&w->metrics, &t);
    }
    if (w->job->monitoring && monitoring_is_due(w->job->monitoring))
        publish(w);
    return report_health(w, why);
}

/* The settings of the start: a queue is not reloaded. */
static struct queue_conf queue_conf(const struct wiring *w)
{
    const struct queue_section *q = &w->job->settings->queue;
    int64_t flush_ns = q->flush_ns < SECOND_NS ? q->flush_ns : SECOND_NS;
    return (struct queue_conf){ .disk = w->queue ? diskqueue_queue(w->queue) : NULL,
                                .flush_events = q->flush_events,
                                .flush_ns = flush_ns - flush_ns / WORKER_PART,
                                .read_ahead = q->read_ahead,
                                .write_ahead = q->write_ahead,
                                .retry_ns = q->retry_ns,
                                .max_retry_ns = q->max_retry_ns };
}

/* unopened: the pipe gets the output of the one before it. */
static err make_pipe(const struct wiring *w, const struct settings *s, bool unopened,
                     struct pipe **out, struct why *why)
{
    const struct job *job = w->job;
    struct pipe_conf *c = xcalloc(1, sizeof *c);
    c->name = s->general.name;
    c->agent_id = job->identity->id;
    c->ephemeral_id = job->identity->ephemeral_id;
    c->version = EVENTS_VERSION;
    c->global = s->global;
    memcpy(c->source, s->source, sizeof c->source);
    c->internal_networks = s->interface[0].internal_networks;
    c->procs = w->procs;
    c->glance = job->monitoring ? monitoring_glance(job->monitoring) : NULL;
    c->ignore_outgoing = s->general.ignore_outgoing;
    c->dry_run = job->dry_run;
    c->json = s->json;
    c->json.precision = (enum time_precision)s->general.precision;
    if (!c->json.beat)
        c->json.beat = EVENTS_BEAT;
    c->json.version = EVENTS_VERSION;
    c->format = s->format;
    c->output = job->output;
    c->output_conf = job->output_conf;
    c->queue = queue_conf(w);
    c->memory_bytes = w->budget.pipe;
    c->unopened = unopened;
    err rc = pipe_new(c, out, why);
    xfree(c);
    return rc;
}

/* A pipe for the new settings; false, and logged, when they cannot be had without a restart. */
static bool replace_pipe(struct wiring *w, const struct settings *fresh)
{
    struct why why;
    struct pipe *pipe;
    if (make_pipe(w, fresh, true, &pipe, &why)) {
        log_error("config", "reload refused, the old configuration stays: %s", why.text);
        return false;
    }
    const char *name = schema_refused();
    if (name) {
        log_error("config", "reload refused: the field '%s' is new and takes a restart", name);
        pipe_free(pipe);
        return false;
    }
    pipe_take_output(pipe, w->pipe);
    pipe_free(w->pipe);
    w->pipe = pipe;
    log_info("config", "reloaded: fields, tags, processors, ignore_outgoing and the log's level");
    return true;
}

/* Takes effect between two batches. */
static void reload(struct wiring *w)
{
    schema_refused();
    const struct settings *fresh = w->job->reload ? w->job->reload(w->job->ctx) : NULL;
    if (fresh)
        w->job->reloaded(w->job->ctx, replace_pipe(w, fresh));
}

static void stop(struct wiring *w, const char *reason)
{
    if (w->stopping)
        _exit(EXIT_AT_ONCE); /* asked twice: at once, without draining */
    log_info("main", "%s: ending in order (once more ends at once)", reason);
    w->stopping = true;
    w->stopped_ns = clock_mono_ns();
    crew_stop(w->crew);
}

static void read_signals(struct wiring *w)
{
    struct signalfd_siginfo info;
    while (read(w->signal_fd, &info, sizeof info) == sizeof info) {
        struct tally t;
        switch (info.ssi_signo) {
        case SIGINT:
            stop(w, "interrupt");
            break;
        case SIGTERM:
            stop(w, "SIGTERM");
            break;
        case SIGHUP:
            reload(w);
            break;
        case SIGUSR1:
            sum(w, &t);
            tally_print(stderr, &t);
            break;
        default:
            break;
        }
    }
}

/* ---- the pipe's loop */

static err take_batches(struct wiring *w, struct why *why)
{
    struct batch *b;
    while (pipe_has_room(w->pipe) && (b = crew_take(w->crew))) {
        err rc = pipe_batch(w->pipe, b, w->counters, why);
        crew_give_back(w->crew, b);
        if (!rc)
            rc = tick(w, why);
        if (rc)
            return rc;
        read_signals(w);
    }
    return ERR_OK;
}

/* The output failed, or has no room at the end: what still comes is thrown away, so that the
 * workers can end. */
static void throw_away(struct wiring *w)
{
    struct batch *b;
    crew_stop(w->crew);
    while (!crew_is_drained(w->crew)) {
        struct pollfd fds[CREW_MAX];
        poll(fds, crew_fds(w->crew, fds), POLL_MS);
        while ((b = crew_take(w->crew))) {
            counter_add(w->counters, COUNTER_EVENTS_QUEUE_FULL, b->n);
            crew_give_back(w->crew, b);
        }
    }
}

/* Sleeps until something happens; batches only matter when there is room for them. */
static err wait_for_something(struct wiring *w, bool batches, struct why *why)
{
    struct pollfd fds[2 + CREW_MAX] = { { w->signal_fd, POLLIN, 0 },
                                        { pipe_wake_fd(w->pipe), POLLIN, 0 } };
    err rc = pipe_idle(w->pipe, w->counters, why);
    if (rc)
        return rc;
    poll(fds, 2 + (batches ? crew_fds(w->crew, fds + 2) : 0), pipe_is_busy(w->pipe) ? 0 : POLL_MS);
    read_signals(w);
    return tick(w, why);
}

/* A signal came, and packetbeat.shutdown_timeout is over. */
static bool is_overdue(const struct wiring *w)
{
    return w->stopping &&
           clock_mono_ns() - w->stopped_ns >= w->job->settings->general.shutdown_timeout_ns;
}

static err loop(struct wiring *w, struct why *why)
{
    for (;;) {
        err rc = take_batches(w, why);
        if (rc)
            throw_away(w);
        if (rc || crew_is_drained(w->crew))
            return rc;
        bool room = pipe_has_room(w->pipe);
        if (!room && is_overdue(w)) {
            throw_away(w);
            return ERR_OK;
        }
        rc = wait_for_something(w, room, why);
        if (rc)
            return rc;
    }
}

/* Waits until all that was written is acknowledged: as long as it takes, but when a signal ends the
 * program only for packetbeat.shutdown_timeout. A second signal ends it at once. */
static err drain(struct wiring *w, struct why *why)
{
    size_t held;
    bool told = false;
    pipe_end(w->pipe, w->stopping);
    while ((held = pipe_held(w->pipe)) && !is_overdue(w)) {
        if (!told)
            log_info("main", "waiting for %zu events to be acknowledged", held);
        told = true;
        err rc = wait_for_something(w, false, why);
        if (rc)
            return rc;
        if (w->stopping)
            pipe_end(w->pipe, true);
    }
    if (!w->queue)
        counter_add(w->counters, COUNTER_OUTPUT_DROPPED, held);
    return ERR_OK;
}

static unsigned workers_of(const struct job *job)
{
    return job->workers ? job->workers : 1;
}

static bool is_live(const struct job *job)
{
    return job->captures[0]->live;
}

static err divide_memory(struct wiring *w, struct why *why)
{
    const struct settings *s = w->job->settings;
    struct budget *b = &w->budget;
    err rc = budget_make(b, s, workers_of(w->job), is_live(w->job), why);
    w->net = s->net;
    w->net.key = hash_key_random();
    w->net.memory_bytes = (int64_t)b->tables;
    w->net.max_flows = (int64_t)b->flows;
    w->net.defrag_bytes = (int64_t)b->defrag;
    w->net.scratch_bytes = (int64_t)b->scratch;
    return rc;
}

static struct crew *make_crew(struct wiring *w)
{
    const struct job *job = w->job;
    const struct settings *s = job->settings;
    struct worker_conf c = { .net = &w->net,
                             .batch_bytes = w->budget.batch_bytes,
                             .pool_bytes = w->budget.batches,
                             .flush_ns =
                                 s->queue.flush_ns < SECOND_NS ? s->queue.flush_ns : SECOND_NS,
                             .dump = job->dump };
    unsigned n = workers_of(job);
    c.flush_ns = s->queue.flush_events > 1 ? c.flush_ns / WORKER_PART : 0;
    c.batches = (unsigned)(s->queue.events / BATCH_EVENTS / n) + 2;
    const struct crew_conf conf = {
        .worker = c, .captures = job->captures, .n_captures = job->n_captures, .n = n
    };
    return crew_new(&conf);
}

static err run(struct wiring *w, struct why *why)
{
    sigset_t set;
    signal_set(&set);
    w->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (w->signal_fd < 0)
        return why_set(why, ERR_IO, "signalfd: %s", strerror(errno));
    err rc = crew_start(w->crew, why);
    if (rc)
        crew_stop(w->crew);
    else
        rc = loop(w, why);
    if (!rc)
        rc = drain(w, why);
    struct why crew_why;
    err crew_rc = crew_join(w->crew, &crew_why);
    close(w->signal_fd);
    if (rc || !crew_rc)
        return rc;
    *why = crew_why;
    return crew_rc;
}

static void close_all(struct wiring *w)
{
    pipe_free(w->pipe);
    diskqueue_close(w->queue);
    procs_close(w->procs);
    crew_free(w->crew);
    health_end(&w->health);
    xfree(w->counters);
    xfree(w);
}

err wiring_run(const struct job *job, struct tally *sums, bool *interrupted, struct why *why)
{
    struct wiring *w = xcalloc(1, sizeof *w);
    *sums = (struct tally){ 0 };
    *interrupted = false;
    w->job = job;
    err rc = divide_memory(w, why);
    struct procs_conf procs = job->settings->procs;
    procs.broker = job->broker;
    if (!rc && job->settings->procs_enabled)
        rc = procs_open(&procs, &w->procs, why);
    w->counters = xcalloc(1, sizeof *w->counters);
    if (!rc && job->data && job->settings->queue.on_disk && !job->dry_run)
        rc = diskqueue_open(&w->queue, &job->settings->queue, job->data, w->counters, why);
    if (!rc)
        rc = make_pipe(w, job->settings, false, &w->pipe, why);
    if (rc) {
        close_all(w);
        return rc;
    }
    if (!schema_is_frozen())
        schema_freeze();
    w->crew = make_crew(w);
    health_begin(&w->health, job->settings, job->health && is_live(job));
    if (job->monitoring)
        metrics_begin(&w->metrics, &job->settings->logging, true,
                      monitoring_facts(job->monitoring));
    rc = run(w, why);
    sum(w, sums);
    metrics_end(&w->metrics, sums);
    *interrupted = w->stopping || rc == ERR_END;
    if (rc == ERR_END) /* nobody reads what the output writes (`wirelume watch | head`) */
        rc = ERR_OK;
    close_all(w);
    return rc;
}
