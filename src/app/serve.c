/* wirelume serve: receive events and messages, give them their meaning, and write them to the
 * configured output. The calling thread is the pipe's; the inputs' loop has its own. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/command.h"
#include "app/dashboard.h"
#include "app/doors.h"
#include "app/inputs.h"
#include "app/meaning.h"
#include "app/meta.h"
#include "app/metrics.h"
#include "app/monitoring.h"
#include "app/routing.h"
#include "app/start.h"
#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/limits.h"
#include "os/signal.h"
#include "os/thread.h"
#include "out/store.h"
#include "pipe/message_pipe.h"
#include "store/store_turn.h"

#define POLL_MS      200
#define RETRY_NS     INT64_C(500000000) /* between two tries of an output that fails */
#define NS_PER_MS    1000000
#define ROOM_BYTES   ((uint64_t)4 << 20) /* what a start writes at most, and more */
#define EXIT_AT_ONCE 130                 /* 128 + SIGINT, as shells expect it */

enum note { NOTE_OUTPUT }; /* lines of the board */

struct serving {
    const struct args *a;
    struct start start;
    struct receiver_conf conf;
    struct identity identity;
    struct deadletter *dead;
    struct intake *intake;
    struct message_pipe *pipe;
    struct meaning *meaning;
    struct counters *counters; /* of this thread */
    struct metrics metrics;
    struct monitoring *monitoring;
    struct board *board;
    struct dashboard dashboard;
    struct web_inputs listening;
    struct doors doors;
    struct thread loop;
    err loop_err; /* written by the loop's thread, read after joining it */
    struct why loop_why;

    struct message_batch **held; /* taken and not answered */
    unsigned n_held;
    int64_t failing_ns, held_ns, next_try_ns; /* failing since, held since (0: not); next try */
    int signal_fd;
    bool stopping;
};

static void set_gauges(const struct serving *s, struct tally *t)
{
    struct store_status st = { 0 };
    if (s->start.settings.output == &output_store)
        store_status_of(output_store_of(message_pipe_output(s->pipe)), &st);
    t->gauge[GAUGE_BATCHES] = intake_waiting(s->intake);
    t->gauge[GAUGE_STORE_JOURNAL_BYTES] = st.journal_bytes;
    t->gauge[GAUGE_STORE_UNSEALED] = st.unsealed;
}

static void sum(const struct serving *s, struct tally *t)
{
    *t = (struct tally){ 0 };
    tally_add(t, intake_counters(s->intake));
    tally_add(t, s->counters);
    if (message_pipe_counters(s->pipe))
        tally_add(t, message_pipe_counters(s->pipe));
    set_gauges(s, t);
}

/* ---- signals */

static void stop(struct serving *s, const char *reason)
{
    if (s->stopping)
        _exit(EXIT_AT_ONCE);
    log_info("main", "%s: ending in order (once more ends at once)", reason);
    s->stopping = true;
    intake_stop(s->intake);
}

static void read_signals(struct serving *s)
{
    struct tally t;
    for (int number; (number = signal_next(s->signal_fd));) {
        if (number == SIGINT || number == SIGTERM) {
            stop(s, number == SIGINT ? "interrupt" : "SIGTERM");
        } else if (number == SIGUSR1) {
            sum(s, &t);
            tally_print(stderr, &t);
            meaning_print(s->meaning, stderr);
        } else {
            meaning_reload(s->meaning, "SIGHUP");
        }
    }
}

/* ---- the pipe's loop */

static void tell_board(struct serving *s, const struct message_batch *b)
{
    board_messages(s->board, b->result.v, b->result.n, clock_real_ns() / NS_PER_MS);
}

static void answer_all(struct serving *s, enum answer answer)
{
    for (unsigned i = 0; i < s->n_held; i++) {
        if (answer == ANSWER_DURABLE)
            tell_board(s, s->held[i]);
        s->held[i]->answer = answer;
        message_pipe_done(s->pipe, s->held[i]);
        intake_give_back(s->intake, s->held[i]);
    }
    s->n_held = 0;
    s->held_ns = 0;
}

static void at_success(struct serving *s)
{
    if (s->failing_ns)
        log_info("output", "it works again, after %.1f s",
                 (double)(clock_mono_ns() - s->failing_ns) / 1e9);
    if (s->failing_ns)
        board_note(s->board, NOTE_OUTPUT, NULL);
    s->failing_ns = 0;
    answer_all(s, ANSWER_DURABLE);
}

static void at_failure(struct serving *s, err rc, const struct why *w)
{
    int64_t now = clock_mono_ns();
    if (!s->failing_ns)
        log_error(
            "output",
            "%s: nothing is acknowledged until this is mended; it is tried again all the time",
            w->text);
    if (!s->failing_ns) {
        s->failing_ns = now;
        board_note(s->board, NOTE_OUTPUT, w->text);
    }
    if (!s->held_ns)
        s->held_ns = now;
    s->next_try_ns = now + RETRY_NS;
    if (rc == ERR_END && !s->stopping)
        stop(s, "nobody reads the output any more");
    if (s->stopping || now - s->held_ns >= s->conf.hold_ns)
        answer_all(s, ANSWER_RETRY);
}

static void take_all(struct serving *s)
{
    struct message_batch *b;
    while (s->n_held < (unsigned)s->conf.batches && (b = intake_take(s->intake)))
        s->held[s->n_held++] = b;
}

static void write_held(struct serving *s)
{
    struct why w;
    if (!s->n_held || (s->failing_ns && clock_mono_ns() < s->next_try_ns && !s->stopping))
        return;
    err rc = message_pipe_write(s->pipe, s->held, s->n_held, s->counters, &w);
    if (rc)
        at_failure(s, rc, &w);
    else
        at_success(s);
}

static void publish(struct serving *s)
{
    const struct node *n = node_path(s->start.config.resolved, "inputs");
    struct monitored_inputs named = { .n = 0 };
    struct tally t;
    for (const struct node *c = n ? n->child : NULL; c && named.n < MONITORED_INPUTS; c = c->next)
        named.v[named.n++].kind = c->key;
    sum(s, &t);
    monitoring_publish(s->monitoring, &t, &named);
}

static void tick(struct serving *s)
{
    struct tally t;
    meaning_tick(s->meaning);
    message_pipe_tick(s->pipe, clock_real_ns());
    if (monitoring_is_due(s->monitoring))
        publish(s);
    if (!metrics_are_due(&s->metrics))
        return;
    sum(s, &t);
    metrics_log(&s->metrics, &t);
}

static void pipe_loop(struct serving *s)
{
    while (s->n_held || !intake_is_drained(s->intake)) {
        struct pollfd fds[] = { { intake_ready_fd(s->intake), POLLIN, 0 },
                                { s->signal_fd, POLLIN, 0 } };
        take_all(s);
        if (!s->n_held || s->failing_ns)
            poll(s->n_held ? fds + 1 : fds, s->n_held ? 1 : 2, POLL_MS);
        take_all(s);
        write_held(s);
        read_signals(s);
        tick(s);
    }
}

/* ---- birth and end */

static void run_loop(void *ctx)
{
    struct serving *s = ctx;
    s->loop_err = intake_run(s->intake, &s->loop_why);
}

/* The pipe's thread; losses are dead letters of the input they came by. */
static bool keep_loss(void *ctx, const struct message_loss *l)
{
    struct serving *s = ctx;
    struct refusal r = { &l->m->origin, l->reason, l->line, .cut = true };
    bool kept = s->dead && deadletter_add(s->dead, &r);
    counter_add(s->counters, COUNTER_INTAKE_DEAD_FAILED, s->dead && !kept);
    return kept;
}

static void sync_losses(void *ctx)
{
    struct serving *s = ctx;
    (void)deadletter_sync(s->dead);
}

static err open_pipe(struct serving *s, struct why *w)
{
    const struct settings *settings = &s->start.settings;
    struct message_pipe_conf conf = { .output = settings->output,
                                      .output_conf = settings->output_conf,
                                      .node_id = s->identity.id,
                                      .stage = meaning_stage(s->meaning),
                                      .losses = { s, keep_loss, sync_losses } };
    if (!settings->output->sync)
        return why_set(w, ERR_UNSUPPORTED,
                       "output.%s cannot tell what is durable, so nothing could be acknowledged: "
                       "serve writes to output.store, output.index, output.file or output.console",
                       settings->output->name);
    return message_pipe_new(&conf, &s->pipe, w);
}

static err open_dead(struct serving *s, struct why *w)
{
    if (!s->conf.dead_enabled)
        return ERR_OK;
    return deadletter_open(&s->dead, s->conf.dead_path, s->conf.dead_bytes, w);
}

static err open_intake(struct serving *s, struct why *w)
{
    struct intake_conf conf = { .batches = (unsigned)s->conf.batches,
                                .batch_bytes = (size_t)s->conf.batch_bytes,
                                .flush_ns = s->conf.flush_ns,
                                .dead = s->dead };
    s->intake = intake_new(&conf);
    s->held = xcalloc(conf.batches, sizeof(struct message_batch *));
    return inputs_open(s->intake, &s->start.config, &s->listening, w);
}

static unsigned batches_waiting(void *intake)
{
    return intake_waiting(intake);
}

static err open_dashboard(struct serving *s, struct why *w)
{
    struct web_sources sources = { .queue = { "batches of messages", s->intake, batches_waiting,
                                              (unsigned)s->conf.batches },
                                   .counters = { intake_counters(s->intake), s->counters },
                                   .n_counters = 2,
                                   .inputs = s->listening,
                                   .rules = meaning_rules(s->meaning),
                                   .board = s->board };
    if (message_pipe_counters(s->pipe))
        sources.counters[sources.n_counters++] = message_pipe_counters(s->pipe);
    if (s->start.settings.output == &output_store)
        sources.store = output_store_of(message_pipe_output(s->pipe));
    s->dashboard.say = !s->a->to_stderr && !s->start.settings.logging.to_stderr;
    return dashboard_open(&s->dashboard, &s->start.config, &sources, w);
}

/* False: somebody ends it. */
static bool wait_a_while(struct serving *s)
{
    struct pollfd fd = { s->signal_fd, POLLIN, 0 };
    poll(&fd, 1, POLL_MS);
    for (int number; (number = signal_next(s->signal_fd));)
        s->stopping |= number == SIGINT || number == SIGTERM;
    return !s->stopping;
}

/* A step that writes to the disk. A full one is not a mistake of anybody's configuration: what was
 * received is there, and it goes on as soon as there is room. */
static err with_room(struct serving *s, err (*step)(struct serving *, struct why *), struct why *w)
{
    const char *folder = routing_folder(&s->start.config);
    bool waited = false;
    err rc;
    while ((rc = step(s, w)) && file_free_bytes(folder) < ROOM_BYTES && !s->stopping) {
        if (!waited)
            log_error("output",
                      "the disk of %s is full: nothing is received until there is room (%s)",
                      folder, w->text);
        waited = true;
        while (wait_a_while(s) && file_free_bytes(folder) < ROOM_BYTES)
            ;
    }
    if (waited && !rc)
        log_info("output", "there is room on the disk again");
    return rc;
}

/* Commands that read the store's files (wirelume query, wirelume store export) end soon. */
static err open_in_turn(struct serving *s, struct why *w)
{
    const char *folder = routing_folder(&s->start.config);
    err rc;
    while ((rc = with_room(s, open_pipe, w)) == ERR_END && !s->stopping) {
        int turn = store_turn_wait(folder);
        log_warn("output", "%s: receiving begins when that ends, no other such command begins now",
                 w->text);
        while (store_turn_is_taken(folder) && wait_a_while(s))
            ;
        file_unlock(turn);
    }
    return rc;
}

static err open_meaning(struct serving *s, struct why *w)
{
    return meaning_open(&s->meaning, s->a, s->counters, w);
}

/* Its folders, while it may still give them to its user. */
static err open_files(struct serving *s, struct why *w)
{
    struct doors_need need = { .calls = CALLS_RECEIVER, .port = dashboard_port(&s->start.config) };
    err rc = doors_user(&s->doors, &s->start, s->a, &need, w);
    if (!rc)
        rc = start_log(&s->start, s->a, false, w);
    if (!rc)
        rc = receiver_load(&s->conf, &s->start.config, w);
    return rc ? rc : identity_open(&s->identity, s->start.config.paths.data, w);
}

static err open_all(struct serving *s, struct why *w)
{
    err rc = with_room(s, open_dead, w);
    if (!rc)
        rc = open_intake(s, w);
    if (!rc)
        rc = monitoring_open(&s->monitoring, &s->start.config, &s->start.settings, &s->identity, w);
    if (!rc)
        rc = doors_close(&s->doors, w);
    if (!rc)
        rc = with_room(s, open_meaning, w);
    if (!rc)
        rc = open_in_turn(s, w); /* the store begins threads */
    if (!rc)
        rc = open_dashboard(s, w);
    return rc ? rc : doors_bolt(&s->doors, w);
}

static err serve(struct serving *s, struct why *w)
{
    struct tally t;
    limits_raise_files();
    metrics_begin(&s->metrics, &s->start.settings.logging, true, monitoring_facts(s->monitoring));
    err rc = dashboard_start(&s->dashboard, w);
    if (!rc)
        rc = monitoring_start(s->monitoring, w);
    if (rc)
        return rc;
    rc = thread_start(&s->loop, "inputs", run_loop, s);
    if (rc)
        return why_set(w, rc, "cannot start a thread");
    pipe_loop(s);
    thread_join(&s->loop);
    sum(s, &t);
    metrics_end(&s->metrics, &t);
    if (s->loop_err)
        *w = s->loop_why;
    return s->loop_err;
}

static void close_all(struct serving *s)
{
    dashboard_close(&s->dashboard);
    monitoring_free(s->monitoring);
    intake_free(s->intake);
    message_pipe_free(s->pipe);
    meaning_close(s->meaning);
    deadletter_close(s->dead);
    identity_close(&s->identity);
    logfile_close();
    board_free(s->board);
    xfree(s->held);
    xfree(s->counters);
    start_free(&s->start);
}

int serve_command(const struct args *a)
{
    static struct serving s;
    struct start_conf conf = { .need.messages = true };
    struct why why = { "" };
    s.a = a;
    s.identity.lock = -1;
    s.signal_fd = signal_open();
    if (start_load(&s.start, a, &conf, &why))
        return start_refuse(&why);
    s.counters = xcalloc(1, sizeof *s.counters);
    s.board = board_new();
    err rc = open_files(&s, &why);
    if (!rc)
        rc = open_all(&s, &why);
    if (!rc && !s.stopping) /* a signal may come while it waits for room */
        rc = serve(&s, &why);
    int status = rc && !s.stopping ? start_refuse(&why) : 0; /* it was ended while it waited */
    close_all(&s);
    return status;
}
