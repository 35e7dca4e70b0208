/* The Beats input, from a socket to decoded messages: four clients in processes of their own send
 * windows of DNS events, and each batch is answered at once; in the last case, when it is a synced
 * line of a file, as in serve. CPU of the receiver's process alone, all its threads.
 * Usage: intake [EVENTS [PEER [CASE]]], PEER: the program of golumber/, whose server then takes the
 * same from clients of its own in turn; - is none. */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bug.h"
#include "codec/yaml.h"
#include "in/input.h"
#include "lib/beats_clients.h"
#include "lib/dns_events.h"
#include "os/thread.h"
#include "pipe/message_pipe.h"

#define KINDS       8192 /* different events */
#define WINDOW      2048 /* events of a window: bulk_max_size of Packetbeat */
#define WINDOWS     (KINDS / WINDOW)
#define CLIENTS     4
#define ROUNDS      5
#define BATCHES     8 /* as intake.batches and intake.batch are */
#define BATCH_BYTES ((size_t)48 << 20)
#define FLUSH_NS    INT64_C(100000000)
#define NS_PER_S    1e9
#define POLL_MS     100

#define INPUT(tls) "{bind_address: 127.0.0.1, port: 0, tls_enable: " #tls "}"
#define OUTPUT     "{path: build/bench/messages, filename: messages}"

extern const struct input input_beats;
extern const struct output output_file;

struct bench_case {
    const char *name;
    bool tls, packed;
    bool written; /* to a file */
    double goal;  /* events a second of CPU time; 0: a figure without a goal */
};

static struct slice events[KINDS];
static struct slice window[2][WINDOWS]; /* plain, compressed */

/* ---- what is sent */

static void make_windows(void)
{
    size_t sizes[2] = { 0 };
    printf("events of %zu bytes, ", dns_events_make(events, KINDS));
    for (unsigned w = 0; w < WINDOWS; w++) {
        window[0][w] = beats_window(events + w * WINDOW, WINDOW);
        window[1][w] = beats_window_packed(events + w * WINDOW, WINDOW);
        sizes[0] += window[0][w].n;
        sizes[1] += window[1][w].n;
    }
    printf("windows of %u, compressed by zlib at level %d: ratio %.1f\n", WINDOW, BEATS_ZLIB_LEVEL,
           (double)sizes[0] / (double)sizes[1]);
}

/* ---- sides */

struct side { /* a receiver with its clients */
    const char *name;
    unsigned port;
    struct beats_clients clients;
    double cpu[ROUNDS], wall[ROUNDS];
};

static void let_send(const struct side *s, uint32_t n)
{
    if (beats_clients_send(&s->clients, n))
        return;
    printf("%s: its clients were turned away\n", s->name);
    exit(1);
}

/* ---- our receiver */

struct receiver {
    struct arena mem;
    struct intake *intake;
    struct message_pipe *output; /* NULL: messages are counted only */
    struct counters counters;
    struct thread loop, pipe;
    uint64_t messages, fields; /* the pipe's, read after it ended */
};

static void run_loop(void *ctx)
{
    struct receiver *r = ctx;
    struct why why;
    BUG_ON(intake_run(r->intake, &why));
}

static void take(struct receiver *r, struct message_batch *const *b, unsigned n)
{
    struct why why;
    for (unsigned i = 0; i < n; i++) {
        r->messages += b[i]->n;
        for (unsigned k = 0; k < b[i]->n; k++)
            r->fields += b[i]->message[k]->n;
    }
    BUG_ON(r->output && message_pipe_write(r->output, b, n, &r->counters, &why));
    for (unsigned i = 0; i < n; i++) {
        if (r->output)
            message_pipe_done(r->output, b[i]);
        b[i]->answer = ANSWER_DURABLE;
        intake_give_back(r->intake, b[i]);
    }
}

static void run_pipe(void *ctx)
{
    struct receiver *r = ctx;
    struct message_batch *held[BATCHES];
    while (!intake_is_drained(r->intake)) {
        unsigned n = 0;
        while (n < BATCHES && (held[n] = intake_take(r->intake)))
            n++;
        if (n)
            take(r, held, n);
        else
            poll(&(struct pollfd){ intake_ready_fd(r->intake), POLLIN, 0 }, 1, POLL_MS);
    }
}

/* Settings as YAML to a conf of bytes in r->mem. */
static void *load(struct receiver *r, const struct option *options, size_t bytes, const char *yaml)
{
    struct node *root;
    struct why why = { "" };
    struct loading l = { "settings", &r->mem, &why };
    void *conf = arena_zalloc(&r->mem, bytes);
    if (yaml_read(&r->mem, slice_cstr(yaml), "settings", &root, &why) ||
        option_load(options, root, conf, &l)) {
        printf("%s\n", why.text);
        exit(1);
    }
    return conf;
}

static void must(err rc, const struct why *why)
{
    if (!rc)
        return;
    printf("%s\n", why->text);
    exit(1);
}

static void open_receiver(struct receiver *r, const struct bench_case *c, unsigned *port)
{
    struct intake_conf conf = { .batches = BATCHES,
                                .batch_bytes = BATCH_BYTES,
                                .flush_ns = FLUSH_NS };
    struct message_pipe_conf output = { .output = &output_file, .node_id = "bench" };
    struct why why = { "" };
    uint16_t given = 0;
    arena_init(&r->mem, NULL, 0);
    r->intake = intake_new(&conf);
    void *beats =
        load(r, input_beats.options, input_beats.conf_size, c->tls ? INPUT(true) : INPUT(false));
    must(input_beats.open(r->intake, beats, &given, &why), &why);
    *port = given;
    if (!c->written)
        return;
    output.output_conf = load(r, output_file.options, output_file.conf_size, OUTPUT);
    must(message_pipe_new(&output, &r->output, &why), &why);
}

static void start_receiver(struct receiver *r)
{
    BUG_ON(thread_start(&r->loop, "inputs", run_loop, r));
    BUG_ON(thread_start(&r->pipe, "pipe", run_pipe, r));
}

static void close_receiver(struct receiver *r)
{
    intake_stop(r->intake);
    thread_join(&r->loop);
    thread_join(&r->pipe);
    intake_free(r->intake);
    message_pipe_free(r->output);
    arena_free(&r->mem);
}

static double own_cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- the peer's */

static pid_t start_peer(const char *program, bool tls, unsigned *port)
{
    int out[2];
    char text[16] = "";
    uint64_t n = 0;
    BUG_ON(pipe(out));
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        dup2(open("/dev/null", O_WRONLY), 2); /* it logs every connection */
        execl(program, program, "127.0.0.1:0", tls ? "tls" : "plain", NULL);
        _exit(127);
    }
    close(out[1]);
    ssize_t got = read(out[0], text, sizeof text - 1);
    if (got < 2 || !slice_to_u64(slice_of(text, (size_t)got - 1), &n)) {
        printf("the peer's server does not begin\n");
        exit(1);
    }
    close(out[0]);
    *port = (unsigned)n;
    return pid;
}

/* Fields 14 and 15 of its stat, in ticks of the kernel. */
static double cpu_s_of(pid_t pid)
{
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    char *at = strrchr(text, ')');
    for (unsigned field = 2; at && field < 14; field++)
        at = strchr(at + 1, ' ');
    BUG_ON(!at);
    double user = strtod(at, &at), system = strtod(at, NULL);
    return (user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* ---- the measurement */

struct figures {
    double least, median, most;
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct figures figures_of(double *v)
{
    qsort(v, ROUNDS, sizeof *v, by_size);
    return (struct figures){ v[0], v[ROUNDS / 2], v[ROUNDS - 1] };
}

static void measure_round(struct side *s, pid_t other, uint32_t windows, unsigned round)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    double cpu = other ? cpu_s_of(other) : own_cpu_s();
    let_send(s, windows);
    clock_gettime(CLOCK_MONOTONIC, &to);
    cpu = (other ? cpu_s_of(other) : own_cpu_s()) - cpu;
    double n = (double)windows * CLIENTS * WINDOW;
    s->cpu[round] = cpu / n * 1e6;
    s->wall[round] =
        ((double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / NS_PER_S) / n *
        1e6;
}

static void report(const char *name, struct side *s, double goal)
{
    struct figures cpu = figures_of(s->cpu), wall = figures_of(s->wall);
    double rate = 1e6 / cpu.median;
    printf("%s: %.2f/%.2f/%.2f us CPU/event, %.0f events/s of wall time\n", name, cpu.least,
           cpu.median, cpu.most, 1e6 / wall.median);
    printf("bench %s %.0f events/s", name, rate);
    if (goal > 0)
        printf(" goal %.0f %s", goal, rate >= goal ? "ok" : "short");
    printf("\n");
}

static void report_peer(const char *name, struct side *s, double ours)
{
    struct figures cpu = figures_of(s->cpu), wall = figures_of(s->wall);
    printf("%s beside go-lumber: %.2f/%.2f/%.2f us CPU/event, %.0f events/s of wall time; its CPU "
           "/ ours %.2f\n",
           name, cpu.least, cpu.median, cpu.most, 1e6 / wall.median, cpu.median / ours);
}

static void measure(const struct bench_case *c, uint32_t windows, const char *peer)
{
    struct receiver r = { 0 };
    struct side ours = { .name = "wirelume" }, theirs = { .name = "go-lumber" };
    pid_t server = peer ? start_peer(peer, c->tls, &theirs.port) : 0;
    open_receiver(&r, c, &ours.port);
    struct beats_client_conf clients = { CLIENTS,           ours.port, c->tls,
                                         window[c->packed], WINDOWS,   WINDOW };
    beats_clients_start(&ours.clients, &clients);
    clients.port = theirs.port;
    if (peer)
        beats_clients_start(&theirs.clients, &clients);
    start_receiver(&r);
    let_send(&ours, 1 + windows / 4); /* warm */
    if (peer)
        let_send(&theirs, 1 + windows / 4);
    for (unsigned i = 0; i < ROUNDS; i++) {
        measure_round(&ours, 0, windows, i);
        if (peer)
            measure_round(&theirs, server, windows, i);
    }
    beats_clients_stop(&ours.clients);
    close_receiver(&r);
    uint64_t sent = (uint64_t)CLIENTS * WINDOW * (1 + windows / 4 + ROUNDS * windows);
    if (r.messages != sent || !r.fields) {
        printf("%s: %" PRIu64 " messages of %" PRIu64 " events\n", c->name, r.messages, sent);
        exit(1);
    }
    report(c->name, &ours, c->goal);
    if (!peer)
        return;
    beats_clients_stop(&theirs.clients);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    report_peer(c->name, &theirs, ours.cpu[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        { "intake", false, true, false, 150000 },   { "intake_plain", false, false, false, 0 },
        { "intake_tls", true, true, false, 0 },     { "intake_tls_plain", true, false, false, 0 },
        { "intake_to_file", false, true, true, 0 },
    };
    uint64_t n = 200000;
    struct rusage u;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1)
        BUG_ON(!slice_to_u64(slice_cstr(argv[1]), &n));
    make_windows();
    const char *peer = argc > 2 && strcmp(argv[2], "-") != 0 ? argv[2] : NULL;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        if (argc <= 3 || strcmp(argv[3], cases[i].name) == 0)
            measure(&cases[i], 1 + (uint32_t)(n / (CLIENTS * WINDOW)),
                    cases[i].written ? NULL : peer);
    }
    getrusage(RUSAGE_SELF, &u);
    printf("peak MB %.1f, %.1f of them what is sent\n", (double)u.ru_maxrss / 1024,
           ((double)window[0][0].n + (double)window[1][0].n) * WINDOWS / 1048576);
    return 0;
}
