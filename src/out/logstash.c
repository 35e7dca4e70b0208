/* Logstash output: Lumberjack version 2 to Logstash, Graylog, wirelume serve and others
 * (packetbeat-core.md 2.11, 3.6). Events are held until they are acknowledged. */
#include "out/logstash.h"

#include "base/bug.h"
#include "base/log.h"

#define DEFAULT_PORT 5044
#define NO_SPLITTING 16384 /* events of a window when bulk_max_size is 0 or less */
#define BULK_MAX     65536
#define HOUR         (3600 * INT64_C(1000000000))

struct logstash {
    struct logstash_plan plan;
    struct courier *courier;
};

/* clang-format off */
static const struct option options[] = {
    OPT(logstash_conf, hosts,             TEXTS,    "hosts",                    NULL,         0, 0,        OPT_REQUIRED,
        "Receivers as host:port; the port is 5044 unless given."),
    OPT(logstash_conf, loadbalance,       BOOL,     "loadbalance",              "false",      0, 0,        0,
        "Send to all hosts at a time; else to one, and to another when it fails."),
    OPT(logstash_conf, worker,            INT,      "worker",                   "1",          1, 64,       0, "Connections to each host, with loadbalance."),
    OPT(logstash_conf, bulk_max_size,     INT,      "bulk_max_size",            "2048",       -1, BULK_MAX, 0,
        "Events in a window at most; 0 or less: as many as there are."),
    OPT(logstash_conf, pipelining,        INT,      "pipelining",               "2",          0, LINK_WINDOWS_MAX, 0,
        "Windows under way on a connection; 0: the next one waits for the acknowledgement."),
    OPT(logstash_conf, compression_level, INT,      "compression_level",        "3",          0, 9,        0, "0 is none, 9 the smallest."),
    OPT(logstash_conf, slow_start,        BOOL,     "slow_start",               "false",      0, 0,        0,
        "Begin with windows of 10 events and grow while all goes well."),
    OPT(logstash_conf, ttl_ns,            DURATION, "ttl",                      "0",          0, 0,        0,
        "A connection that old is made anew; only with pipelining: 0. 0: never."),
    OPT(logstash_conf, timeout_ns,        DURATION, "timeout",                  "30s",        1000000, HOUR, 0,
        "How long to wait for a connection and for any acknowledgement."),
    OPT(logstash_conf, max_retries,       INT,      "max_retries",              "3",          -1, 1000000, 0,
        "Times that a window may fail again before it is dropped; -1: no limit. Hosts that cannot be reached do not count."),
    OPT(logstash_conf, backoff_init_ns,   DURATION, "backoff.init",             "1s",         1000000, HOUR, 0, "Wait after a failure, doubled each time."),
    OPT(logstash_conf, backoff_max_ns,    DURATION, "backoff.max",              "60s",        1000000, 24 * HOUR, 0, "The longest such wait."),
    OPT(logstash_conf, index,             TEXT,     "index",                    "packetbeat", 0, 0,        0, "Becomes @metadata.beat of every event."),
    OPT(logstash_conf, escape_html,       BOOL,     "escape_html",              "false",      0, 0,        0, "Write & < > as \\u0026 \\u003c \\u003e."),
    OPT(logstash_conf, proxy_url,         TEXT,     "proxy_url",                NULL,         0, 0,        0, "socks5://user:password@host:port to go through."),
    OPT(logstash_conf, local_resolver,    BOOL,     "proxy_use_local_resolver", "false",      0, 0,        0, "Look names up here, not at the proxy."),
    TLS_OPTIONS(logstash_conf),
    { 0 }
};
/* clang-format on */

/* ---- the plan */

static err plan_hosts(const struct logstash_conf *conf, struct logstash_plan *p, struct why *w)
{
    struct why own;
    if (conf->hosts.n == 0)
        return why_set(w, ERR_CONFIG, "output.logstash.hosts: no hosts are given");
    p->host = xcalloc(conf->hosts.n, sizeof *p->host);
    for (unsigned i = 0; i < conf->hosts.n; i++)
        if (endpoint_parse(conf->hosts.v[i], DEFAULT_PORT, &p->host[i], &own))
            return why_set(w, ERR_CONFIG, "output.logstash.hosts: %s", own.text);
    p->post.host = p->host;
    p->post.n_hosts = conf->hosts.n;
    return ERR_OK;
}

static err plan_way(const struct logstash_conf *conf, struct logstash_plan *p, struct why *w)
{
    struct why own;
    p->post.dial.timeout_ns = conf->timeout_ns;
    p->post.dial.local_resolver = conf->local_resolver;
    if (conf->proxy_url && *conf->proxy_url) {
        if (socks5_parse(conf->proxy_url, &p->proxy, &own))
            return why_set(w, ERR_CONFIG, "output.logstash.proxy_url: %s", own.text);
        p->post.dial.proxy = &p->proxy;
    }
    if (!tls_wanted(&conf->ssl))
        return ERR_OK;
    err e = tls_client_new(&conf->ssl, "output.logstash.ssl", &p->tls, w);
    p->post.dial.tls = p->tls;
    return e;
}

static void plan_pace(const struct logstash_conf *conf, struct post_conf *post)
{
    post->workers = (unsigned)conf->worker;
    post->balance = conf->loadbalance;
    post->window = conf->bulk_max_size > 0 ? (unsigned)conf->bulk_max_size : NO_SPLITTING;
    post->windows = conf->pipelining > 0 ? (unsigned)conf->pipelining : 1;
    post->level = (int)conf->compression_level;
    post->max_retries = (int)conf->max_retries;
    post->slow_start = conf->slow_start;
    post->ttl_ns = conf->pipelining > 0 ? 0 : conf->ttl_ns;
    post->timeout_ns = conf->timeout_ns;
    post->backoff = (struct backoff){ conf->backoff_init_ns, conf->backoff_max_ns, 0 };
}

err logstash_plan(const struct logstash_conf *conf, struct logstash_plan *out, struct why *w)
{
    *out = (struct logstash_plan){ 0 };
    plan_pace(conf, &out->post);
    err e = plan_hosts(conf, out, w);
    if (!e)
        e = plan_way(conf, out, w);
    if (e)
        logstash_plan_free(out);
    return e;
}

void logstash_plan_free(struct logstash_plan *p)
{
    tls_client_free(p->tls);
    xfree(p->host);
    p->tls = NULL;
    p->host = NULL;
}

/* ---- the output */

static err logstash_open(void *ctx, const void *conf, struct why *w)
{
    struct logstash *o = ctx;
    const struct logstash_conf *c = conf;
    err e = logstash_plan(c, &o->plan, w);
    if (e)
        return e;
    if (c->ttl_ns > 0 && c->pipelining > 0)
        log_warn("output", "logstash: ttl has no effect unless pipelining is 0");
    e = courier_new(&o->plan.post, &o->courier, w);
    if (e)
        logstash_plan_free(&o->plan);
    return e;
}

static err logstash_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    struct logstash *o = ctx;
    (void)e, (void)w;
    courier_add(o->courier, line);
    return ERR_OK;
}

static err logstash_flush(void *ctx, struct why *w)
{
    (void)w;
    courier_flush(((struct logstash *)ctx)->courier);
    return ERR_OK;
}

static void logstash_close(void *ctx)
{
    struct logstash *o = ctx;
    courier_free(o->courier);
    logstash_plan_free(&o->plan);
}

static void logstash_encoding(const void *conf, struct event_json_conf *json)
{
    const struct logstash_conf *c = conf;
    json->escape_html = c->escape_html;
    json->pretty = false;
    json->beat = c->index;
}

static void logstash_shape(const void *conf, unsigned *window, unsigned *connections)
{
    const struct logstash_conf *c = conf;
    struct post_conf post = { .n_hosts = c->hosts.n };
    plan_pace(c, &post);
    *window = post.window;
    *connections = post.balance ? post.n_hosts * post.workers : 1;
}

static int logstash_wake_fd(void *ctx)
{
    return courier_wake_fd(((struct logstash *)ctx)->courier);
}

static bool logstash_has_room(void *ctx)
{
    return courier_has_room(((struct logstash *)ctx)->courier);
}

static size_t logstash_held(void *ctx)
{
    return courier_held(((struct logstash *)ctx)->courier);
}

static uint64_t logstash_done(void *ctx)
{
    return courier_done(((struct logstash *)ctx)->courier);
}

static const struct counters *logstash_counters(void *ctx)
{
    return courier_counters(((struct logstash *)ctx)->courier);
}

static const struct holding holding = {
    .wake_fd = logstash_wake_fd,
    .has_room = logstash_has_room,
    .held = logstash_held,
    .done = logstash_done,
    .counters = logstash_counters,
};

const struct output output_logstash = {
    .name = "logstash",
    .doc = "Events to Logstash, Graylog and others that speak Lumberjack 2, held until they are "
           "acknowledged.",
    .options = options,
    .conf_size = sizeof(struct logstash_conf),
    .ctx_size = sizeof(struct logstash),
    .open = logstash_open,
    .write = logstash_write,
    .flush = logstash_flush,
    .close = logstash_close,
    .encoding = logstash_encoding,
    .shape = logstash_shape,
    .test = logstash_test,
    .holding = &holding,
};
