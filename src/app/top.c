/* wirelume top: what a running program does, on one screen, asked over its http endpoint. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "app/command.h"
#include "app/monitoring.h"
#include "app/start.h"
#include "app/topview.h"
#include "base/bug.h"
#include "codec/json.h"
#include "host/httpget.h"
#include "os/clock.h"
#include "os/signal.h"

#define SECOND_NS    INT64_C(1000000000)
#define WAIT_NS      (3 * SECOND_NS)
#define ANSWER_MAX   ((size_t)4 * 1024 * 1024)
#define SCREEN_BYTES ((size_t)256 * 1024)
#define PLAIN_ROWS   1000 /* all there is */
#define PLAIN_COLS   200
#define UNIX_PREFIX  "unix://"

struct sample {
    struct arena mem;
    const struct node *stats, *glance;
    int64_t time_ns;
};

struct top {
    char host[256], port[8], path[256], shown[300]; /* path: of a socket; "": host and port */
    struct sample sample[2];
    unsigned now; /* which of them is newer */
    struct topview view;
    struct why why;
    struct buf screen;
    struct termios before;
    int signal_fd;
};

/* ---- whom to ask */

/* Cut to what fits. */
static void copy(char *out, size_t cap, struct slice s)
{
    struct buf b = buf_of(out, cap - 1);
    buf_add(&b, slice_first(s, s.n < cap - 1 ? s.n : cap - 1));
    out[b.n] = '\0';
}

/* "unix:///path", "http://host:port/", "host:port", "[::1]:port" */
static err take_address(struct top *t, const char *text, struct why *w)
{
    static const struct slice http = SLICE("http://");
    struct slice s = slice_cstr(text);
    uint64_t port = 0;
    if (slice_starts(s, SLICE(UNIX_PREFIX))) {
        s = slice_after(s, strlen(UNIX_PREFIX));
        copy(t->path, sizeof t->path, s);
        copy(t->shown, sizeof t->shown, s);
        return ERR_OK;
    }
    if (slice_starts(s, http))
        s = slice_after(s, http.n);
    while (s.n && s.p[s.n - 1] == '/')
        s.n--;
    copy(t->shown, sizeof t->shown, s);
    size_t colon = s.n;
    while (colon && s.p[colon - 1] != ':')
        colon--;
    if (!colon || !slice_to_u64(slice_after(s, colon), &port) || !port || port > UINT16_MAX)
        return why_set(w, ERR_USAGE,
                       "\"%s\" is no address of a running program (mend: localhost:5066, or "
                       "unix:///path, as http.host and http.port say)",
                       text);
    struct slice host = slice_first(s, colon - 1);
    if (host.n > 1 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = slice_of(host.p + 1, host.n - 2);
    copy(t->host, sizeof t->host, host);
    snprintf(t->port, sizeof t->port, "%u", (unsigned)port);
    return ERR_OK;
}

/* As the configuration has it. */
static err find_address(struct top *t, const struct args *a, struct why *w)
{
    char text[300];
    struct http_conf conf;
    struct start start = { 0 };
    struct start_conf how = { .bare = true };
    if (a->rest.n)
        return take_address(t, a->rest.v[0], w);
    err rc = start_load(&start, a, &how, w);
    if (rc)
        return rc;
    struct loading l = { "http", &start.config.mem, w };
    rc = option_load(http_options, node_path(start.config.resolved, "http"), &conf, &l);
    bool local = !rc && strncmp(conf.host, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
    if (!rc) {
        int n = snprintf(text, sizeof text, "%s", conf.host);
        if (!local && n > 0 && (size_t)n < sizeof text)
            snprintf(text + n, sizeof text - (size_t)n, ":%u", (unsigned)conf.port);
        rc = take_address(t, text, w);
    }
    start_free(&start);
    return rc;
}

/* ---- asking */

static err ask(const struct top *t, const char *path, struct arena *a, const struct node **out,
               struct why *w)
{
    struct http_request r = { .unix_path = t->path[0] ? t->path : NULL,
                              .host = t->path[0] ? "localhost" : t->host,
                              .port = t->port,
                              .method = "GET",
                              .path = path,
                              .headers = "",
                              .deadline_ns = clock_mono_ns() + WAIT_NS,
                              .cancel_fd = -1,
                              .max_bytes = ANSWER_MAX };
    struct http_answer answer = { 0 };
    struct node *n = NULL;
    err rc = http_get(&r, a, &answer, w);
    if (!rc && answer.status != 200)
        rc = why_set(w, ERR_FORMAT, "it answers %s with status %u", path, answer.status);
    if (!rc)
        rc = json_read(a, answer.body, path, &n, w);
    *out = n;
    return rc;
}

/* The older of the two becomes the new one. */
static err take_sample(struct top *t)
{
    struct sample *s = &t->sample[!t->now];
    struct why w;
    arena_reset(&s->mem);
    s->stats = s->glance = NULL;
    s->time_ns = clock_mono_ns();
    err rc = ask(t, "/stats", &s->mem, &s->stats, &w);
    if (!rc)
        rc = ask(t, "/glance", &s->mem, &s->glance, &w);
    if (rc)
        return why_set(&t->why, rc,
                       "%s: %s (mend: http.enabled: true where it runs, and its address here)",
                       t->shown, w.text);
    const struct sample *before = &t->sample[t->now];
    t->now = !t->now;
    t->view.now = s->stats;
    t->view.glance = s->glance;
    t->view.before = before->stats;
    t->view.seconds = (double)(s->time_ns - before->time_ns) / (double)SECOND_NS;
    return ERR_OK;
}

/* ---- once, for a pipe */

static int print_once(struct top *t)
{
    err rc = take_sample(t);
    if (!rc) {
        clock_sleep_until(clock_mono_ns() + SECOND_NS);
        rc = take_sample(t);
    }
    if (rc) {
        fprintf(stderr, "%s\n", t->why.text);
        return 1;
    }
    topview_write(&t->screen, &t->view, PLAIN_ROWS, PLAIN_COLS, true);
    fwrite(t->screen.p, 1, t->screen.n, stdout);
    return 0;
}

/* ---- on a terminal */

static void write_out(const void *p, size_t n)
{
    const char *at = p;
    while (n) {
        ssize_t put = write(STDOUT_FILENO, at, n);
        if (put < 0 && errno != EINTR)
            return;
        at += put > 0 ? put : 0;
        n -= put > 0 ? (size_t)put : 0;
    }
}

static void begin_screen(struct top *t)
{
    struct termios raw;
    tcgetattr(STDIN_FILENO, &t->before);
    raw = t->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    static const char begin[] = "\033[?1049h\033[?25l\033[2J";
    write_out(begin, sizeof begin - 1);
}

static void end_screen(struct top *t)
{
    static const char end[] = "\033[?25h\033[?1049l";
    write_out(end, sizeof end - 1);
    tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
}

static void draw(struct top *t)
{
    struct winsize size = { .ws_row = 24, .ws_col = 80 };
    struct winsize real;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &real) == 0 && real.ws_row && real.ws_col)
        size = real;
    buf_reset(&t->screen);
    topview_write(&t->screen, &t->view, size.ws_row, size.ws_col, false);
    write_out(t->screen.p, t->screen.n);
}

static void refresh(struct top *t)
{
    t->view.trouble = take_sample(t) ? t->why.text : NULL;
    if (t->view.trouble)
        t->view.before = NULL; /* its memory is used for the next try */
}

/* False: the end. */
static bool read_keys(struct top *t)
{
    char keys[16];
    ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
    for (ssize_t i = 0; i < n; i++) {
        if (keys[i] == 'q' || keys[i] == 'Q')
            return false;
        if (keys[i] == 'p')
            t->view.paused = !t->view.paused;
        if (keys[i] == 's')
            t->view.sort = (t->view.sort + 1) % TOP_SORTS;
    }
    return n != 0; /* the terminal is gone */
}

/* Waits up to the next second. False: the end. */
static bool wait_for_key(struct top *t, int64_t until_ns)
{
    struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { t->signal_fd, POLLIN, 0 } };
    int64_t left = until_ns - clock_mono_ns();
    poll(fds, COUNT(fds), left > 0 ? (int)(left / 1000000) + 1 : 0);
    if (fds[1].revents && signal_next(t->signal_fd))
        return false;
    return !fds[0].revents || read_keys(t);
}

static int show(struct top *t)
{
    if (take_sample(t)) {
        fprintf(stderr, "%s\n", t->why.text);
        return 1;
    }
    t->signal_fd = signal_open();
    begin_screen(t);
    int64_t next_ns = clock_mono_ns() + SECOND_NS;
    do {
        if (clock_mono_ns() >= next_ns) {
            if (!t->view.paused)
                refresh(t);
            next_ns = clock_mono_ns() + SECOND_NS;
        }
        draw(t);
    } while (wait_for_key(t, next_ns));
    end_screen(t);
    signal_close(t->signal_fd);
    return 0;
}

int top_command(const struct args *a)
{
    struct top t = { .signal_fd = -1 };
    struct why w;
    if (find_address(&t, a, &w)) {
        fprintf(stderr, "Error: %s\n", w.text);
        return 1;
    }
    for (unsigned i = 0; i < 2; i++)
        arena_init(&t.sample[i].mem, NULL, 0);
    t.view.host = t.shown;
    t.screen = buf_of(xmalloc(SCREEN_BYTES), SCREEN_BYTES);
    int status = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) ? show(&t) : print_once(&t);
    xfree(t.screen.p);
    for (unsigned i = 0; i < 2; i++)
        arena_free(&t.sample[i].mem);
    return status;
}
