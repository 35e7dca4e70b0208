/* wirelume up: the whole product without a configuration. A server (wirelume serve) runs as a
 * program of its own, so that nothing hostile on the wire can stop what stores; this one captures
 * and sends to it, as any agent does. The status thread owns the server while captures run. */
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/command.h"
#include "app/doors.h"
#include "app/local.h"
#include "app/replay.h"
#include "app/running.h"
#include "app/upline.h"
#include "base/bug.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/keeper.h"
#include "os/port.h"
#include "os/signal.h"
#include "os/thread.h"
#include "web/assets.h"
#include "web/sample.h"

#define NS_PER_S   INT64_C(1000000000)
#define LOOK_NS    (NS_PER_S / 10)
#define READY_NS   (60 * NS_PER_S) /* the journal may have to be read again */
#define RESTART_NS (30 * NS_PER_S) /* at most, between two starts of the server */
#define WORDS_MAX  64
#define TEXT_BYTES 8192
#define FILE_MODE  0644 /* the server may be another user */

struct up {
    const struct args *given;
    struct args args; /* of the sensor */
    struct arena mem;
    struct replay sensor;
    const char *program, *data, *config; /* config: what the server reads first */
    const char *output;                  /* the setting that sends events to the server */
    unsigned beats, gelf, web;           /* ports; 0: left out */
    const char *words[WORDS_MAX];        /* how the server is started */

    struct keeper server;
    bool stores;                /* messages are where the dashboard finds them */
    int64_t start_ns, pause_ns; /* the server is started again then; it waits so long next time */
    struct thread status;
    atomic_bool over;
    struct upline line;
};

static const char *text(struct up *u, const char *fmt, ...) PRINTF(2);
static const char *text(struct up *u, const char *fmt, ...)
{
    char *p = arena_alloc(&u->mem, TEXT_BYTES);
    va_list ap;
    BUG_ON(!p);
    va_start(ap, fmt);
    vsnprintf(p, TEXT_BYTES, fmt, ap);
    va_end(ap);
    return p;
}

/* ---- what it works with */

static const char *choose_data(struct up *u)
{
    if (u->given->paths.data)
        return u->given->paths.data;
    return access(RUNNING_INSTALLED, W_OK) == 0 ? RUNNING_INSTALLED : "data";
}

/* A -E KEY=NUMBER of the user's, else what is usual. */
static unsigned wanted_port(const struct up *u, const char *key, unsigned usual)
{
    uint64_t port = usual;
    size_t n = strlen(key);
    for (unsigned i = 0; i < u->given->sets.n; i++) {
        const char *set = u->given->sets.v[i];
        if (strncmp(set, key, n) == 0 && set[n] == '=')
            (void)slice_to_u64(slice_cstr(set + n + 1), &port);
    }
    return port <= UINT16_MAX ? (unsigned)port : usual;
}

/* The port that is wanted, or another where it is in use; what: what is then there. */
static unsigned choose_port(const struct up *u, const char *key, unsigned usual, const char *what)
{
    unsigned wanted = wanted_port(u, key, usual), port = wanted;
    if (port_is_free(PORT_TCP, wanted))
        return wanted;
    port = port_find(PORT_TCP);
    fprintf(stderr, "up: port %u is in use: %s on %u (mend: wirelume up -E %s=NUMBER)\n", wanted,
            what, port, key);
    return port;
}

static void choose_ports(struct up *u)
{
    unsigned gelf = wanted_port(u, "inputs.gelf_udp.port", 12201);
    u->beats = choose_port(u, "inputs.beats.port", 5044, "events of other agents are taken");
    u->web = choose_port(u, "web.port", 8514, "the dashboard is");
    u->gelf = port_is_free(PORT_UDP, gelf) ? gelf : 0;
    if (!u->gelf)
        fprintf(stderr,
                "up: port %u (UDP) is in use: GELF is not received "
                "(mend: wirelume up -E inputs.gelf_udp.port=NUMBER)\n",
                gelf);
}

/* Read before what the user names, so that this wins. */
static err write_config(struct up *u, struct why *w)
{
    u->config = text(u, "%s/up.yml", u->data);
    const char *gelf = u->gelf ? text(u,
                                      "inputs.gelf_udp.port: %u\n"
                                      "inputs.gelf_udp.bind_address: [127.0.0.1]\n",
                                      u->gelf)
                               : "inputs.gelf_udp.enabled: false\n";
    const char *all = text(u,
                           "# Written by `wirelume up` each time it starts.\n"
                           "path.data: %s\n"
                           "path.logs: %s/logs\n"
                           "inputs.beats.port: %u\n"
                           "inputs.beats.bind_address: [127.0.0.1]\n"
                           "web.port: %u\n%s",
                           u->data, u->data, u->beats, u->web, gelf);
    return file_replace(u->config, slice_cstr(all), FILE_MODE, w);
}

/* What was decided from it stands in the file already. */
static bool is_decided(const char *set)
{
    static const char *const keys[] = { "inputs.beats.port=", "inputs.gelf_udp.port=",
                                        "web.port=" };
    for (size_t i = 0; i < COUNT(keys); i++) {
        if (strncmp(set, keys[i], strlen(keys[i])) == 0)
            return true;
    }
    return false;
}

static void add_words(struct up *u, unsigned *n, const char *flag, const struct texts *values)
{
    for (unsigned i = 0; i < values->n && *n + 3 < WORDS_MAX; i++) {
        if (is_decided(values->v[i]))
            continue;
        u->words[(*n)++] = flag;
        u->words[(*n)++] = values->v[i];
    }
}

static void write_words(struct up *u)
{
    unsigned n = 0;
    u->words[n++] = u->program;
    u->words[n++] = "serve";
    u->words[n++] = "-c";
    u->words[n++] = u->config;
    add_words(u, &n, "-c", &u->given->files);
    add_words(u, &n, "-E", &u->given->sets);
    u->words[n] = NULL;
}

/* The user's settings, and the server as the output. */
static void make_sensor_args(struct up *u)
{
    struct texts *sets = &u->args.sets;
    unsigned n = u->given->sets.n;
    u->args = *u->given;
    u->args.paths.data = u->data; /* whose owner it becomes, as the server does */
    sets->v = arena_zalloc(&u->mem, (n + 1) * sizeof *sets->v);
    BUG_ON(!sets->v);
    for (unsigned i = 0; i < n; i++)
        sets->v[i] = u->given->sets.v[i];
    sets->v[n] = u->output;
    sets->n = n + 1;
}

static err prepare(struct up *u, struct why *w)
{
    u->program = "/proc/self/exe";
    u->data = choose_data(u);
    err rc = doors_make_data(u->data, w);
    char *whole = rc ? NULL : arena_alloc(&u->mem, PATH_MAX);
    if (whole && realpath(u->data, whole))
        u->data = whole;
    choose_ports(u);
    u->output = text(u, "output.logstash.hosts=[\"127.0.0.1:%u\"]", u->beats);
    make_sensor_args(u);
    if (!rc)
        rc = write_config(u, w);
    write_words(u);
    return rc;
}

/* ---- the server */

/* What it says of itself; false: it does not answer. */
static bool ask_health(struct up *u, struct arena *a, struct slice *out)
{
    struct local_question q = {
        .data = u->data, .method = "GET", .path = "/api/v1/health", .wait_ns = 2 * NS_PER_S
    };
    struct local_answer answer;
    struct why ignored;
    if (local_ask(&q, a, &answer, &ignored) || answer.status != 200)
        return false;
    *out = answer.body;
    return true;
}

static err start_server(struct up *u, struct why *w)
{
    u->start_ns = 0;
    return keeper_start(&u->server, w);
}

/* Until it answers. ERR_END: a signal came; ERR_IO: it has ended, and said why. */
static err wait_for_server(struct up *u, int signal_fd, struct why *w)
{
    int64_t end_ns = clock_mono_ns() + READY_NS;
    struct arena a;
    struct slice body;
    arena_init(&a, NULL, 0);
    err rc = ERR_OK;
    while (!rc && !ask_health(u, &a, &body)) {
        struct pollfd p = { signal_fd, POLLIN, 0 };
        if (keeper_has_ended(&u->server))
            rc = why_set(w, ERR_IO, "the server has ended at once (%s/logs)", u->data);
        else if (clock_mono_ns() > end_ns)
            rc = why_set(w, ERR_IO, "the server does not answer (%s/logs)", u->data);
        else if (poll(&p, 1, (int)(LOOK_NS / 1000000)) > 0)
            rc = why_set(w, ERR_END, "interrupted");
        arena_reset(&a);
    }
    arena_free(&a);
    return rc;
}

/* It should run for ever: a server that ended is started again, later each time. */
static void keep_server(struct up *u)
{
    char how[32];
    struct why why;
    int64_t now = clock_mono_ns();
    if (keeper_has_ended(&u->server)) {
        u->pause_ns = u->pause_ns ? 2 * u->pause_ns : NS_PER_S;
        u->pause_ns = u->pause_ns < RESTART_NS ? u->pause_ns : RESTART_NS;
        u->start_ns = now + u->pause_ns;
        upline_say(&u->line, "up: the server has ended (%s; %s/logs); it is started again in %d s",
                   keeper_end_text(&u->server, how), u->data, (int)(u->pause_ns / NS_PER_S));
    }
    if (u->start_ns && now >= u->start_ns && start_server(u, &why)) {
        upline_say(&u->line, "up: %s", why.text);
        u->start_ns = now + RESTART_NS;
    }
}

/* ---- the status thread */

static void show_status(void *ctx)
{
    struct up *u = ctx;
    int64_t next_ns = clock_mono_ns();
    struct arena a;
    arena_init(&a, NULL, 0);
    while (!atomic_load(&u->over)) {
        struct slice body;
        keep_server(u);
        if (clock_mono_ns() >= next_ns) {
            next_ns += NS_PER_S;
            bool up = u->server.runs && ask_health(u, &a, &body);
            upline_show(&u->line, up ? body : slice_of(NULL, 0), clock_mono_ns());
            arena_reset(&a);
        }
        clock_sleep_until(clock_mono_ns() + LOOK_NS);
    }
    arena_free(&a);
}

static void on_progress(void *ctx, const struct tally *t)
{
    struct up *u = ctx;
    upline_count(&u->line, t->v[COUNTER_CAPTURE_PACKETS],
                 t->v[COUNTER_CAPTURE_KERNEL_DROPS] + t->v[COUNTER_OUTPUT_DROPPED]);
}

/* ---- the sample of the first run */

static void load_sample(struct up *u)
{
    const char *mark = text(u, "%s/" SAMPLE_LOADED, u->data);
    const char *sample = paths_sample(&u->mem);
    const char *words[] = {
        u->program, "import", "--now", "-E", u->output, "-E", "tags=[" SAMPLE_TAG "]", sample, NULL
    };
    struct child c = { 0 };
    struct why why;
    if (u->given->no_sample || !u->stores || file_exists(mark) || !sample)
        return;
    if (child_start(&c, words, true, &why)) {
        fprintf(stderr, "up: no sample: %s\n", why.text);
        return;
    }
    int64_t end_ns = clock_mono_ns() + 10 * NS_PER_S;
    while (!child_has_ended(&c) && clock_mono_ns() < end_ns)
        clock_sleep_until(clock_mono_ns() + LOOK_NS);
    child_stop(&c, NS_PER_S);
    if (c.status || file_replace(mark, SLICE("tagged " SAMPLE_TAG "\n"), FILE_MODE, &why))
        return;
    fputs("up: a sample capture is loaded, so that there is something to see; it is tagged: "
          "`wirelume sample remove` takes it out, NOT packetbeat_tags:" SAMPLE_TAG " hides it\n",
          stderr);
}

/* ---- what the server does without */

static bool has_store(struct up *u, struct arena *a)
{
    static const char none[] = "\"journal\":null";
    struct slice body;
    return !ask_health(u, a, &body) || !memmem(body.p, body.n, none, sizeof none - 1);
}

static void say_what_is_missing(struct up *u)
{
    u->stores = has_store(u, &u->mem);
    if (!u->stores)
        upline_say(&u->line, "up: no store: messages are kept as lines, and the dashboard has "
                             "nothing to show (mend: tools/fetch-duckdb, or wirelume-fetch-duckdb "
                             "of an installed one, then start again)");
    if (assets_n == 0)
        upline_say(&u->line, "up: the program was built without the dashboard (mend: "
                             "tools/build-ui, then make release)");
}

/* ---- */

static void wait_for_signal(void)
{
    int fd = signal_open();
    struct pollfd p = { fd, POLLIN, 0 };
    while (fd >= 0 && signal_next(fd) == 0)
        poll(&p, 1, -1);
    signal_close(fd);
}

/* Captures until a signal comes. Without the right to, it says so, and the server goes on. */
static int capture(struct up *u)
{
    const struct doors_need need = {
        .calls = CALLS_SENSOR, .traceless = true, .folder = u->data, .port = -1
    };
    struct why why;
    int status = 0;
    bool captures = replay_open_live(&u->sensor, &why) == ERR_OK;
    if (captures)
        upline_say(&u->line, "up: capturing on %s; Ctrl-C ends", u->sensor.live.device);
    else
        upline_say(&u->line, "up: no live capture: %s; all else goes on, Ctrl-C ends", why.text);
    if (replay_shut(&u->sensor, &need, &why))
        return start_refuse(&why);
    if (thread_start(&u->status, "status", show_status, u))
        return 1;
    if (captures) {
        status = replay_live(&u->sensor);
    } else {
        wait_for_signal();
    }
    atomic_store(&u->over, true);
    thread_join(&u->status);
    return status;
}

static int run(struct up *u)
{
    struct why why;
    int fd = signal_open();
    err rc = keeper_open(&u->server, u->words, &why);
    if (!rc)
        rc = start_server(u, &why);
    if (!rc)
        rc = wait_for_server(u, fd, &why);
    signal_close(fd);
    if (rc == ERR_END)
        return 0;
    if (rc) {
        fprintf(stderr, "up: %s\n", why.text);
        return 1;
    }
    wiring_block_signals();
    say_what_is_missing(u);
    load_sample(u);
    u->sensor.output = u->sensor.start.settings.output;
    u->sensor.output_conf = u->sensor.start.settings.output_conf;
    u->sensor.health = true;
    u->sensor.progress = on_progress;
    u->sensor.ctx = u;
    return capture(u);
}

int up_command(const struct args *a)
{
    static struct up u;
    struct why why;
    int status = 1;
    u.given = a;
    u.server.fd = -1;
    u.line.terminal = isatty(STDERR_FILENO);
    arena_init(&u.mem, NULL, 0);
    if (prepare(&u, &why))
        return start_refuse(&why);
    if (replay_begin(&u.sensor, &u.args) == 0) {
        status = run(&u);
        replay_end(&u.sensor);
    }
    keeper_close(&u.server);
    upline_end(&u.line);
    arena_free(&u.mem);
    return status;
}
