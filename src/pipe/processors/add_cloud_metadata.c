/* add_cloud_metadata: which cloud the machine runs in, under `cloud`. Every provider is asked at
 * the first event, on a thread each; the first that answers is it. */
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/thread.h"
#include "pipe/cloud.h"
#include "pipe/processor.h"

#define PROVIDERS_MAX 16
#define FIRST_WAIT_MS 250               /* of the first event, for an answer that comes soon */
#define ANSWERS_BYTES ((size_t)2 << 20) /* of one provider */

struct add_cloud_metadata;

struct fetcher {
    struct add_cloud_metadata *of;
    unsigned provider;
    struct thread thread;
    struct arena mem;
    struct cloud_meta meta;
};

struct add_cloud_metadata {
    int64_t timeout_ns;
    struct texts providers;
    bool overwrite;
    const char *host;
    const struct node *ssl;
    char name[256], port[8]; /* of host */
    struct ref cloud, to[CLOUD_FACTS];
    struct fetcher fetcher[PROVIDERS_MAX];
    unsigned n;
    bool begun;
    int64_t deadline_ns;
    int done_fd, cancel_fd;
    struct cloud_ask ask;
    _Atomic(struct fetcher *) found; /* shared: set once by a fetcher, read by the pipe */
    atomic_uint running;             /* shared: fetchers that have not ended */
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_cloud_metadata, timeout_ns, DURATION, "timeout",   "3s",    1, INT64_C(600000000000), 0, "How long a provider may take to answer."),
    OPT(add_cloud_metadata, providers,  TEXTS,    "providers", NULL,    0, 0, 0,         "Providers that are asked; none: all but alibaba and tencent."),
    OPT(add_cloud_metadata, overwrite,  BOOL,     "overwrite", "false", 0, 0, 0,         "Also where the event has fields below cloud."),
    OPT(add_cloud_metadata, host,       TEXT,     "host",      NULL,    0, 0, 0,         "HOST:PORT that is asked in place of the providers' own."),
    OPT(add_cloud_metadata, ssl,        NODE,     "ssl",       NULL,    0, 0, OPT_INERT, "Metadata services are asked by plain HTTP."),
    { 0 }
};
/* clang-format on */

static err no_provider(const char *name, const struct loading *l)
{
    return why_set(l->why, ERR_CONFIG,
                   "%s: there is no provider \"%s\": aws, azure, gcp, digitalocean, openstack, "
                   "hetzner, huawei, alibaba, tencent",
                   l->prefix, name);
}

static void add_provider(struct add_cloud_metadata *c, unsigned i)
{
    for (unsigned k = 0; k < c->n; k++)
        if (c->fetcher[k].provider == i)
            return;
    c->fetcher[c->n++] = (struct fetcher){ .provider = i };
}

static err add_named(struct add_cloud_metadata *c, const char *name, const struct loading *l)
{
    bool found = false;
    for (unsigned i = 0; i < cloud_count(); i++)
        if (cloud_is_called(i, name)) {
            add_provider(c, i);
            found = true;
        }
    if (found)
        return ERR_OK;
    if (!strstr(name, "-ssl"))
        return no_provider(name, l);
    log_warn("config", "%s: %s is passed over: metadata services are asked by plain HTTP",
             l->prefix, name);
    return ERR_OK;
}

static err load_host(struct add_cloud_metadata *c, const struct loading *l)
{
    struct slice host = slice_cstr(c->host);
    size_t colon = host.n;
    while (colon > 0 && host.p[colon - 1] != ':')
        colon--;
    if (!host.n)
        return ERR_OK;
    if (colon < 2 || colon > sizeof c->name || host.n - colon >= sizeof c->port || host.n == colon)
        return why_set(l->why, ERR_CONFIG, "%s: host: \"%s\" is no HOST:PORT", l->prefix, c->host);
    memcpy(c->name, host.p, colon - 1);
    memcpy(c->port, host.p + colon, host.n - colon);
    return ERR_OK;
}

static err prepare(void *conf, const struct loading *l)
{
    struct add_cloud_metadata *c = conf;
    BUG_ON(cloud_count() > PROVIDERS_MAX);
    c->done_fd = c->cancel_fd = -1;
    c->cloud = ref_of("cloud");
    for (unsigned i = 0; i < CLOUD_FACTS; i++)
        c->to[i] = ref_for_writing(cloud_names[i]);
    err e = load_host(c, l);
    for (unsigned i = 0; i < cloud_count() && !c->providers.n; i++)
        if (cloud_is_default(i))
            add_provider(c, i);
    for (unsigned i = 0; i < c->providers.n && !e; i++)
        e = add_named(c, c->providers.v[i], l);
    return e;
}

static void ring_bell(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* a counter that is full rings already */
}

static void fetch(void *ctx)
{
    struct fetcher *f = ctx;
    struct add_cloud_metadata *c = f->of;
    struct fetcher *nobody = NULL;
    bool first = cloud_fetch(f->provider, &c->ask, &f->mem, &f->meta) &&
                 atomic_compare_exchange_strong(&c->found, &nobody, f);
    if (first)
        log_info("add_cloud_metadata", "this machine runs at %.*s",
                 (int)f->meta.fact[CLOUD_PROVIDER].n, (const char *)f->meta.fact[CLOUD_PROVIDER].p);
    bool last = atomic_fetch_sub(&c->running, 1) == 1;
    if (first)
        ring_bell(c->cancel_fd); /* the others need not go on */
    if (last && !atomic_load(&c->found))
        log_info("add_cloud_metadata", "no cloud provider answers");
    if (first || last)
        ring_bell(c->done_fd);
}

static void begin(struct add_cloud_metadata *c)
{
    c->begun = true;
    c->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->cancel_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->ask = (struct cloud_ask){ .host = *c->name ? c->name : NULL,
                                 .port = *c->port ? c->port : NULL,
                                 .deadline_ns = clock_mono_ns() + c->timeout_ns,
                                 .cancel_fd = c->cancel_fd };
    atomic_store(&c->running, c->n);
    for (unsigned i = 0; i < c->n; i++) {
        struct fetcher *f = &c->fetcher[i];
        f->of = c;
        arena_init(&f->mem, NULL, ANSWERS_BYTES);
        if (thread_start(&f->thread, "cloud", fetch, f))
            atomic_fetch_sub(&c->running, 1);
    }
    struct pollfd done = { c->done_fd, POLLIN, 0 };
    if (c->n)
        poll(&done, 1, FIRST_WAIT_MS);
}

static enum step run(void *conf, struct event *e)
{
    struct add_cloud_metadata *c = conf;
    if (!c->begun)
        begin(c);
    const struct fetcher *f = atomic_load_explicit(&c->found, memory_order_acquire);
    if (!f || (!c->overwrite && ref_is_there(&c->cloud, e)))
        return STEP_OK;
    bool all = true;
    for (unsigned i = 0; i < CLOUD_FACTS; i++)
        if (f->meta.fact[i].n)
            all &= ref_set_str(&c->to[i], e, f->meta.fact[i]);
    return all ? STEP_OK : STEP_FAILED;
}

static void give_back(void *conf)
{
    struct add_cloud_metadata *c = conf;
    if (!c->begun)
        return;
    ring_bell(c->cancel_fd);
    for (unsigned i = 0; i < c->n; i++) {
        thread_join(&c->fetcher[i].thread);
        arena_free(&c->fetcher[i].mem);
    }
    close(c->done_fd);
    close(c->cancel_fd);
}

const struct processor processor_add_cloud_metadata = {
    .name = "add_cloud_metadata",
    .doc = "Tells of the cloud that the machine runs in.",
    .options = options,
    .conf_size = sizeof(struct add_cloud_metadata),
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
