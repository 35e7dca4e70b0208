/* What is published, and the pages that show it. */
#include "app/monitoring.h"

#include <pthread.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/version.h"
#include "base/bug.h"
#include "base/log.h"
#include "codec/json.h"
#include "host/hostinfo.h"
#include "host/self.h"
#include "os/clock.h"
#include "pipe/glance.h"
#include "web/monitor.h"

#define PUBLISH_NS INT64_C(200000000)
#define JSON_TYPE  "application/json; charset=utf-8"
#define TEXT_TYPE  "text/plain; version=0.0.4; charset=utf-8"

/* clang-format off */
const struct option http_options[] = {
    OPT(http_conf, enabled, BOOL, "enabled", "false",     0, 0, 0,     "Serve numbers of the running program: /, /stats, /state, /inputs/ as Packetbeat, /metrics for Prometheus."),
    OPT(http_conf, host,    TEXT, "host",    "localhost", 0, 0, 0,     "Name or address to listen on, or unix:///path of a socket (mode 0740). No login: keep it to this machine."),
    OPT(http_conf, port,    INT,  "port",    "5066",      0, 65535, 0, "Port to listen on; 0: any that is free."),
    { "named_pipe", OPT_NODE, 0, NULL, 0, 0, OPT_INERT, NULL, "A named pipe of Windows." },
    { "pprof",      OPT_NODE, 0, NULL, 0, 0, OPT_INERT, NULL, "Profiles of Go programs." },
    { "buffer",     OPT_NODE, 0, NULL, 0, 0, OPT_INERT, NULL, "Samples of the recent past." },
    { 0 }
};
/* clang-format on */

struct monitoring {
    struct stats_facts facts;
    const struct identity *identity;
    const struct settings *settings;
    struct hostinfo host;
    struct arena mem;
    struct monitor *server; /* NULL: not enabled */
    struct glance *glance;
    int64_t next_ns; /* the pipe's */

    pthread_mutex_t now; /* guards what follows */
    struct tally tally;
    struct monitored_inputs inputs;

    struct stat_list list; /* the server's thread */
    char user[64], uid[16], gid[16];
};

/* ---- pages: the server's thread */

typedef void page(struct monitoring *m, struct buf *b, const struct http_head *h);

/* Rows made by hand, in order of their names. */
static void put_text(struct stat_list *l, const char *name, const char *text)
{
    struct figure *s = &l->v[l->n++];
    *s = (struct figure){ .kind = STAT_TEXT, .text = text };
    snprintf(s->name, sizeof s->name, "%s", name);
}

static struct figure *put_number(struct stat_list *l, const char *name, uint64_t n)
{
    struct figure *s = &l->v[l->n++];
    *s = (struct figure){ .kind = STAT_GAUGE, .n = n };
    snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

static void put_object(struct monitoring *m, struct buf *b, const struct http_head *h)
{
    bool pretty = slice_eq(slice_first(h->query, 6), SLICE("pretty")) &&
                  !slice_eq(h->query, SLICE("pretty=false"));
    buf_u8(b, '{');
    stats_json(b, &m->list, pretty);
    buf_cstr(b, pretty ? "\n}\n" : "}");
}

static void root_page(struct monitoring *m, struct buf *b, const struct http_head *h)
{
    struct stat_list *l = &m->list;
    const char *arch = m->host.architecture;
    l->n = 0;
    put_text(l, "beat", EVENTS_BEAT);
    put_text(l, "binary_arch",
             strcmp(arch, "x86_64") == 0    ? "amd64"
             : strcmp(arch, "aarch64") == 0 ? "arm64"
                                            : arch);
    put_text(l, "ephemeral_id", m->facts.ephemeral_id);
    put_text(l, "gid", m->gid);
    put_text(l, "hostname", m->host.name);
    put_text(l, "name", m->facts.name);
    put_text(l, "uid", m->uid);
    put_text(l, "username", m->user);
    put_text(l, "uuid", m->facts.id);
    put_text(l, "version", EVENTS_VERSION);
    put_text(l, "wirelume", WIRELUME_VERSION);
    put_object(m, b, h);
}

static void state_page(struct monitoring *m, struct buf *b, const struct http_head *h)
{
    struct stat_list *l = &m->list;
    const struct hostinfo *host = &m->host;
    l->n = 0;
    put_text(l, "beat.name", m->facts.name);
    put_text(l, "host.architecture", host->architecture);
    put_text(l, "host.hostname", host->name);
    put_text(l, "host.id", host->id);
    put_text(l, "host.os.family", host->os_family);
    put_text(l, "host.os.kernel", host->kernel);
    put_text(l, "host.os.name", host->os_name);
    put_text(l, "host.os.platform", host->os_platform);
    put_text(l, "host.os.version", host->os_version);
    put_number(l, "management.enabled", 0)->kind = STAT_BOOL;
    put_number(l, "module.count", 0);
    put_text(l, "monitoring.cluster_uuid", "");
    put_number(l, "output.batch_size", m->facts.batch);
    put_number(l, "output.clients", m->facts.clients);
    put_text(l, "output.name", m->facts.output);
    put_text(l, "outputs.elasticsearch.cluster_uuid", "");
    put_text(l, "queue.name", m->settings->queue.on_disk ? "disk" : "mem");
    put_text(l, "service.id", m->facts.id);
    put_text(l, "service.name", EVENTS_BEAT);
    put_text(l, "service.version", EVENTS_VERSION);
    put_object(m, b, h);
}

static void stats_page(struct monitoring *m, struct buf *b, const struct http_head *h)
{
    stats_collect(&m->facts, &m->tally, &m->list);
    put_object(m, b, h);
}

static void prometheus_page(struct monitoring *m, struct buf *b, const struct http_head *h)
{
    (void)h;
    stats_prometheus(b, &m->facts, &m->tally);
}

/* ---- inputs */

/* The id as Packetbeat makes it: NUMBER-KIND::DEVICE. */
static void put_input(struct buf *b, const struct monitored_input *in, unsigned number)
{
    buf_lit(b, "{\"id\":\"");
    buf_printf(b, "%u-%s%s", number, in->kind, in->device ? "::" : "");
    for (const char *p = in->device ? in->device : ""; *p; p++)
        buf_u8(b, *p == '"' || *p == '\\' || (uint8_t)*p < 0x20 ? '_' : (uint8_t)*p);
    buf_lit(b, "\",\"input\":");
    json_string(b, slice_cstr(in->kind), false);
    if (in->device) {
        buf_lit(b, ",\"device\":");
        json_string(b, slice_cstr(in->device), false);
    }
    if (in->device)
        buf_printf(b, ",\"packets\":%llu,\"socket_packets\":%llu,\"socket_drops\":%llu",
                   (unsigned long long)in->packets, (unsigned long long)(in->packets + in->drops),
                   (unsigned long long)in->drops);
    buf_u8(b, '}');
}

/* ?type= chooses. */
static void inputs_page(struct monitoring *m, struct buf *b, const struct http_head *h)
{
    static const struct slice type = SLICE("type=");
    struct slice wanted =
        slice_starts(h->query, type) ? slice_after(h->query, type.n) : slice_of(NULL, 0);
    bool first = true;
    buf_u8(b, '[');
    for (unsigned i = 0; i < m->inputs.n; i++) {
        if (wanted.n && !slice_eq_nocase(slice_cstr(m->inputs.v[i].kind), wanted))
            continue;
        if (!first)
            buf_u8(b, ',');
        put_input(b, &m->inputs.v[i], i);
        first = false;
    }
    buf_u8(b, ']');
}

/* The same by id. */
static void dataset_page(struct monitoring *m, struct buf *b, const struct http_head *h)
{
    (void)h;
    buf_u8(b, '{');
    for (unsigned i = 0; i < m->inputs.n; i++) {
        const struct monitored_input *in = &m->inputs.v[i];
        char id[128];
        snprintf(id, sizeof id, "%u-%s%s%s", i, in->kind, in->device ? "::" : "",
                 in->device ? in->device : "");
        if (i)
            buf_u8(b, ',');
        json_string(b, slice_cstr(id), false);
        buf_u8(b, ':');
        put_input(b, in, i);
    }
    buf_u8(b, '}');
}

static void glance_page(struct monitoring *m, struct buf *b, const struct http_head *h)
{
    (void)h;
    glance_json(m->glance, b, clock_mono_ns());
}

/* ---- the table of pages */

static const struct {
    const char *path;
    page *run;
    const char *type;
} pages[] = {
    { "/", root_page, JSON_TYPE },           { "/stats", stats_page, JSON_TYPE },
    { "/state", state_page, JSON_TYPE },     { "/inputs", inputs_page, JSON_TYPE },
    { "/dataset", dataset_page, JSON_TYPE }, { "/metrics", prometheus_page, TEXT_TYPE },
    { "/glance", glance_page, JSON_TYPE },
};

/* "pretty" and, of inputs, "type". */
static bool query_ok(const struct http_head *h, bool inputs)
{
    struct slice q = h->query;
    return q.n == 0 || slice_eq(q, SLICE("pretty")) || slice_eq(q, SLICE("pretty=true")) ||
           slice_eq(q, SLICE("pretty=false")) || (inputs && slice_starts(q, SLICE("type=")));
}

static void refuse(struct monitor_answer *a, int status, const char *text)
{
    a->status = status;
    a->type = JSON_TYPE;
    buf_lit(a->body, "{\"error\":");
    json_string(a->body, slice_cstr(text), false);
    buf_u8(a->body, '}');
}

static void answer(void *ctx, const struct http_head *h, struct monitor_answer *a)
{
    struct monitoring *m = ctx;
    struct slice path = h->path;
    if (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    for (size_t i = 0; i < COUNT(pages); i++) {
        if (!slice_eq(path, slice_cstr(pages[i].path)))
            continue;
        if (!query_ok(h, pages[i].run == inputs_page)) {
            refuse(a, 400, "unknown or wrong parameter");
            return;
        }
        a->type = pages[i].type;
        pthread_mutex_lock(&m->now);
        pages[i].run(m, a->body, h);
        pthread_mutex_unlock(&m->now);
        return;
    }
    refuse(a, 404, "there is nothing here");
}

/* ---- the pipe */

const struct stats_facts *monitoring_facts(const struct monitoring *m)
{
    return &m->facts;
}

struct glance *monitoring_glance(struct monitoring *m)
{
    return m->glance;
}

bool monitoring_is_due(const struct monitoring *m)
{
    return m->server && clock_mono_ns() >= m->next_ns;
}

void monitoring_publish(struct monitoring *m, const struct tally *t,
                        const struct monitored_inputs *inputs)
{
    m->next_ns = clock_mono_ns() + PUBLISH_NS;
    pthread_mutex_lock(&m->now);
    m->tally = *t;
    m->inputs = *inputs;
    pthread_mutex_unlock(&m->now);
}

/* ---- birth and end */

static void read_facts(struct monitoring *m)
{
    struct passwd *user = getpwuid(geteuid());
    hostinfo_read(&m->host, &m->mem, "");
    snprintf(m->uid, sizeof m->uid, "%u", geteuid());
    snprintf(m->gid, sizeof m->gid, "%u", getegid());
    snprintf(m->user, sizeof m->user, "%s", user ? user->pw_name : m->uid);
    const struct settings *s = m->settings;
    m->facts = (struct stats_facts){ .name = s->general.name,
                                     .id = m->identity->id,
                                     .ephemeral_id = m->identity->ephemeral_id,
                                     .output = s->output ? s->output->name : "none",
                                     .output_acks = s->output && s->output->holding,
                                     .started_ns = clock_mono_ns() };
    if (s->output && s->output->shape)
        s->output->shape(s->output_conf, &m->facts.batch, &m->facts.clients);
    self_open();
}

static err open_server(struct monitoring *m, const struct config *c, struct why *w)
{
    struct http_conf conf = { 0 };
    struct loading l = { "http", &m->mem, w };
    err rc = option_load(http_options, node_path(c->resolved, "http"), &conf, &l);
    if (rc || !conf.enabled)
        return rc;
    m->glance = glance_new();
    struct monitor_conf server = { conf.host, conf.port, answer, m };
    rc = monitor_open(&m->server, &server, w);
    if (!rc)
        log_info("api", "numbers are served at %s", monitor_address(m->server));
    return rc;
}

err monitoring_open(struct monitoring **out, const struct config *c, const struct settings *s,
                    const struct identity *identity, struct why *w)
{
    struct monitoring *m = xcalloc(1, sizeof *m);
    m->settings = s;
    m->identity = identity;
    arena_init(&m->mem, NULL, 0);
    pthread_mutex_init(&m->now, NULL);
    read_facts(m);
    err rc = open_server(m, c, w);
    if (rc) {
        monitoring_free(m);
        return rc;
    }
    *out = m;
    return ERR_OK;
}

err monitoring_start(struct monitoring *m, struct why *w)
{
    return m->server ? monitor_start(m->server, w) : ERR_OK;
}

void monitoring_free(struct monitoring *m)
{
    if (!m)
        return;
    monitor_free(m->server);
    glance_free(m->glance);
    pthread_mutex_destroy(&m->now);
    arena_free(&m->mem);
    xfree(m);
}
