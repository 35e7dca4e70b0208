/* The server: its options, sockets, loop and end. */
#include "web/web.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "codec/deflate.h"
#include "os/clock.h"
#include "store/query.h"
#include "web/conn.h"
#include "web/live.h"

#define KIB     INT64_C(1024)
#define MIB     (1024 * KIB)
#define SECOND  INT64_C(1000000000)
#define DAY     (86400 * SECOND)
#define ACCEPTS 64
#define TICK_US 250000
#define BACKLOG 128

/* clang-format off */
const struct option web_options[] = {
    OPT(web_conf, enabled,      BOOL,     "enabled",                "true",      0, 0, 0, "Serve the API and the dashboard."),
    OPT(web_conf, host,         TEXTS,    "host",                   "127.0.0.1", 0, 0, 0, "Addresses to listen on (any: all). Beyond this machine only with TLS and users."),
    OPT(web_conf, port,         INT,      "port",                   "8514",      0, 65535, 0, "Port to listen on; 0: any that is free."),
    TLS_OPTIONS(web_conf),
    OPT(web_conf, users,        TEXTS,    "users",                  NULL,        0, 0, OPT_MASKED, "Who may log in: lines of `wirelume web user NAME`. None: no login is needed."),
    OPT(web_conf, tokens,       TEXTS,    "tokens",                 NULL,        0, 0, OPT_MASKED, "Tokens of programs: lines of `wirelume web token NAME`."),
    OPT(web_conf, names,        TEXTS,    "names",                  NULL,        0, 0, 0, "Host names that it is asked by, beside localhost and addresses; others are refused."),
    OPT(web_conf, idle_ns,      DURATION, "session.idle",           "2h",        SECOND, 365 * DAY, 0, "A session that is not used this long is over."),
    OPT(web_conf, life_ns,      DURATION, "session.lifetime",       "24h",       SECOND, 365 * DAY, 0, "A session is over after this time, used or not."),
    OPT(web_conf, connections,  INT,      "connections",            "512",       1, 100000, 0, "Connections at a time; more are closed."),
    OPT(web_conf, connections_of_address, INT, "connections_of_address", "128",  1, 100000, 0, "Connections of one address at a time; more are closed."),
    OPT(web_conf, max_body,     SIZE,     "max_body",               "1MiB",      KIB, 64 * MIB, 0, "Largest body of a request."),
    OPT(web_conf, head_ns,      DURATION, "head_timeout",           "10s",       SECOND, DAY, 0, "How long the head of a request may take to come."),
    OPT(web_conf, body_ns,      DURATION, "body_timeout",           "30s",       SECOND, DAY, 0, "How long the body of a request may take to come."),
    OPT(web_conf, quiet_ns,     DURATION, "idle_timeout",           "60s",       SECOND, DAY, 0, "A connection without a request this long is closed."),
    OPT(web_conf, threads,      INT,      "threads",                "2",         1, POOL_THREADS_MAX, 0, "Queries that are answered at a time."),
    OPT(web_conf, queue,        INT,      "queue",                  "64",        1, 100000, 0, "Queries that may wait; more are answered with 503."),
    OPT(web_conf, query_ns,     DURATION, "query_timeout",          "60s",       SECOND, DAY, 0, "A query that takes longer is ended."),
    OPT(web_conf, live_clients, INT,      "live_clients",           "64",        0, 100000, 0, "Pages that may watch the live stream at a time."),
    { 0 }
};
/* clang-format on */

/* ---- accepting */

/* Out of descriptors: the listeners rest, so that the loop does not spin. */
static void rest(struct web *web)
{
    web->resting = true;
    for (unsigned i = 0; i < web->sockets.n; i++)
        event_del(web->accept[i]);
    if (web->accept_local)
        event_del(web->accept_local);
}

static void end_rest(struct web *web)
{
    web->resting = false;
    for (unsigned i = 0; i < web->sockets.n; i++)
        event_add(web->accept[i], NULL);
    if (web->accept_local)
        event_add(web->accept_local, NULL);
}

static void on_accept(evutil_socket_t fd, short what, void *ctx)
{
    struct web *web = ctx;
    (void)what;
    for (unsigned i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage sa = { 0 };
        socklen_t n = sizeof sa;
        struct addr ip;
        uint16_t port;
        int peer = accept4(fd, (struct sockaddr *)&sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer >= 0) {
            listener_peer((struct sockaddr *)&sa, &ip, &port);
            conn_accept(web, peer, &ip, fd == web->local);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            rest(web);
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

static void on_done(evutil_socket_t fd, short what, void *ctx)
{
    struct web *web = ctx;
    struct exchange *x;
    (void)fd, (void)what;
    bell_sleep_soon(&web->pool.bell);
    while ((x = pool_take(&web->pool)))
        conn_answer(x);
}

static void on_stop(evutil_socket_t fd, short what, void *ctx)
{
    struct web *web = ctx;
    (void)fd, (void)what;
    event_base_loopbreak(web->base);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    struct web *web = ctx;
    (void)fd, (void)what;
    if (web->resting)
        end_rest(web);
    conns_tick(web, clock_mono_ns());
    pool_tick(&web->pool);
}

static void on_second(evutil_socket_t fd, short what, void *ctx)
{
    struct web *web = ctx;
    (void)fd, (void)what;
    health_tick(web, clock_mono_ns());
    live_tick(web);
}

static void run_loop(void *ctx)
{
    struct web *web = ctx;
    if (event_base_dispatch(web->base) < 0)
        log_error("web", "the loop of the HTTP server failed: it answers no more");
}

/* ---- who may bind where */

static bool is_this_machine(const char *host)
{
    struct addr ip;
    if (strcmp(host, "localhost") == 0)
        return true;
    if (!addr_parse(slice_cstr(host), &ip))
        return false;
    static const struct addr one = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
    return addr_is_v4(&ip) ? ip.b[12] == 127 : addr_eq(&ip, &one);
}

static err check_reach(const struct web_conf *conf, struct why *w)
{
    for (unsigned i = 0; i < conf->host.n; i++) {
        if (is_this_machine(conf->host.v[i]) || (conf->tls.enable && conf->users.n))
            continue;
        return why_set(
            w, ERR_CONFIG,
            "web.host: %s is reached from other machines, and that needs TLS and a login "
            "(mend: web.tls_enable: true with tls_cert_file and tls_key_file, and "
            "web.users with a line of `wirelume web user NAME`)",
            conf->host.v[i]);
    }
    return conf->host.n ? ERR_OK : why_set(w, ERR_CONFIG, "web.host: no address is given");
}

/* ---- sockets */

/* The path fits. */
static bool bind_local(int fd, const char *path)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    memcpy(sa.sun_path, path, strlen(path) + 1);
    unlink(path); /* the folder is locked: it was left behind by a server that was killed */
    return fchmod(fd, S_IRUSR | S_IWUSR) == 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 &&
           listen(fd, BACKLOG) == 0;
}

/* Without it commands ask nobody; the rest goes on. */
static void open_local(struct web *web)
{
    struct sockaddr_un sa;
    int n = snprintf(web->local_path, sizeof web->local_path, "%s/" WEB_SOCKET_NAME,
                     web->sources.folder);
    if (n < 0 || (size_t)n >= sizeof sa.sun_path) {
        log_warn("web", "%s: the path is too long for a socket: commands cannot ask this server",
                 web->local_path);
        web->local_path[0] = '\0';
        return;
    }
    web->local = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (web->local >= 0 && bind_local(web->local, web->local_path))
        return;
    log_warn("web", "%s: %s: commands cannot ask this server", web->local_path, strerror(errno));
    if (web->local >= 0)
        close(web->local);
    web->local = -1;
    web->local_path[0] = '\0';
}

static void set_address(struct web *web)
{
    const char *host = web->conf.host.v[0];
    bool any = strcmp(host, "any") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    bool colon = strchr(host, ':') != NULL;
    if (any && web->conf.names.n)
        host = web->conf.names.v[0];
    else if (any)
        host = "localhost";
    snprintf(web->address, sizeof web->address, "%s://%s%s%s:%u/", web->tls ? "https" : "http",
             colon && !any ? "[" : "", host, colon && !any ? "]" : "", web->sockets.port);
}

static err open_sockets(struct web *web, struct why *w)
{
    struct listen_conf listen = { .addresses = web->conf.host,
                                  .port = web->conf.port,
                                  .key = "host" };
    err rc = listener_open(&listen, "web", &web->sockets, w);
    if (rc)
        return rc;
    set_address(web);
    open_local(web);
    return ERR_OK;
}

err web_open(struct web **out, const struct web_conf *conf, const struct web_sources *sources,
             struct why *w)
{
    struct web *web = xcalloc(1, sizeof *web);
    struct access_conf access = { conf->users, conf->tokens, conf->idle_ns, conf->life_ns };
    web->conf = *conf;
    web->sources = *sources;
    web->local = -1;
    list_init(&web->conns);
    err rc = access_open(&web->access, &access, w);
    if (!rc)
        rc = check_reach(conf, w);
    if (!rc)
        rc = tls_new(&conf->tls, "web", &web->tls, w);
    if (!rc)
        rc = open_sockets(web, w);
    if (rc) {
        tls_free(web->tls);
        xfree(web);
        web = NULL;
    }
    *out = web;
    return rc;
}

const char *web_address(const struct web *web)
{
    return web->address;
}

/* ---- the loop */

static struct event *event_for(struct web *web, int fd, event_callback_fn call)
{
    struct event *e = event_new(web->base, fd, EV_READ | EV_PERSIST, call, web);
    xneed(e && !event_add(e, NULL), "memory for the web server");
    return e;
}

static struct event *timer_for(struct web *web, event_callback_fn call, const struct timeval *t)
{
    struct event *e = event_new(web->base, -1, EV_PERSIST, call, web);
    xneed(e && !event_add(e, t), "memory for the web server");
    return e;
}

static void interrupt_worker(struct worker *w)
{
    if (w->session)
        query_cancel(w->session);
}

static void close_worker(struct worker *w)
{
    query_session_close(w->session);
    state_close(w->state);
    deflater_free(w->deflater);
}

err web_start(struct web *web, struct why *w)
{
    static const struct timeval tick = { 0, TICK_US }, second = { 1, 0 };
    web->base = event_base_new();
    xneed(web->base, "event loop for the web server");
    web->counters = xcalloc(1, sizeof *web->counters);
    web->started_ns = clock_mono_ns();
    pthread_mutex_init(&web->health.points, NULL);
    bell_init(&web->stop_bell);
    web->pool.close = close_worker;
    web->pool.interrupt = interrupt_worker;
    err rc = pool_start(&web->pool, (unsigned)web->conf.threads, (unsigned)web->conf.queue, w);
    if (rc)
        return rc;
    for (unsigned i = 0; i < web->sockets.n; i++)
        web->accept[i] = event_for(web, web->sockets.fd[i], on_accept);
    if (web->local >= 0)
        web->accept_local = event_for(web, web->local, on_accept);
    web->pool_done = event_for(web, web->pool.bell.fd, on_done);
    web->stop = event_for(web, web->stop_bell.fd, on_stop);
    web->tick = timer_for(web, on_tick, &tick);
    web->second = timer_for(web, on_second, &second);
    health_tick(web, web->started_ns);
    if (thread_start(&web->loop, "web", run_loop, web))
        return why_set(w, ERR_LIMIT, "web: cannot start a thread");
    return ERR_OK;
}

/* ---- the end */

static void free_event(struct event *e)
{
    if (e)
        event_free(e);
}

static void stop_loop(struct web *web)
{
    bell_ring_always(&web->stop_bell);
    thread_join(&web->loop);
    for (struct list *l; (l = list_first(&web->conns));)
        conn_close(container_of(l, struct conn, all));
    pool_stop(&web->pool);
    for (unsigned i = 0; i < web->sockets.n; i++)
        free_event(web->accept[i]);
    free_event(web->accept_local);
    free_event(web->pool_done);
    free_event(web->stop);
    free_event(web->tick);
    free_event(web->second);
    event_base_free(web->base);
    bell_close(&web->stop_bell);
    pthread_mutex_destroy(&web->health.points);
}

void web_free(struct web *web)
{
    if (!web)
        return;
    if (web->base)
        stop_loop(web);
    listener_close(&web->sockets);
    if (web->local >= 0) {
        close(web->local);
        unlink(web->local_path);
    }
    tls_free(web->tls);
    xfree(web->counters);
    xfree(web);
}
