/* wirelume run: capture, or read a capture file, into the configured output. */
#include <stdlib.h>

#include "app/budget.h"
#include "app/command.h"
#include "app/crew.h"
#include "app/doors.h"
#include "app/start.h"
#include "app/wiring.h"
#include "base/buf.h"
#include "base/log.h"
#include "in/filter.h"

#define CAPTURES_MAX 64

struct running {
    const struct args *a;
    struct start start; /* in force for all that is not reloaded */
    struct start fresh; /* what SIGHUP brought last */
    struct start next;  /* being tried */
    struct identity identity;
    /* Of each worker in turn, `n` for each (app/crew.h). */
    struct capture *capture[CAPTURES_MAX * CREW_MAX];
    unsigned n, workers;
    struct capture_dump *dump;
    struct monitoring *monitoring;
    struct doors doors;
};

/* The flags are the first interface's, where its section says nothing. */
static err apply_flags(struct interface_conf *i, const struct args *a, struct why *w)
{
    uint64_t loops = 1;
    if (!i->file || !*i->file)
        i->file = a->read_file;
    if (!i->dumpfile || !*i->dumpfile)
        i->dumpfile = a->dump;
    if (a->loops && !slice_to_u64(slice_cstr(a->loops), &loops))
        return why_set(w, ERR_USAGE, "invalid argument \"%s\" for -l: a number", a->loops);
    if (a->loops)
        i->loop = (int64_t)loops;
    i->oneatatime |= a->one_at_a_time;
    return ERR_OK;
}

static err open_file(struct running *r, unsigned at, struct why *w)
{
    const struct interface_conf *i = &r->start.settings.interface[at];
    struct capture_file_conf conf = { .paths = &i->file,
                                      .n_paths = 1,
                                      .filter = i->bpf_filter,
                                      .paced = r->a->paced,
                                      .one_at_a_time = i->oneatatime,
                                      .loops = i->loop };
    return capture_open_files(&conf, &r->capture[at], w);
}

/* Without flows and without recognition by content only the ports matter: the kernel may drop the
 * rest (packetbeat-core.md 2.3). NULL: everything is needed. */
static const char *port_filter(const struct settings *s, struct arena *a)
{
    static struct filter_port ports[PROTO_COUNT * PORTS_MAX];
    size_t n = 0;
    bool icmp = false;
    if (s->net.flows_enabled)
        return NULL;
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        const struct proto_conf *p = s->net.proto_conf[i];
        if (p && p->detect)
            return NULL;
        icmp |= p && protos[i]->l4 & L4_ICMP;
        for (unsigned k = 0; p && k < p->ports.n; k++)
            ports[n++] = (struct filter_port){ .tcp = protos[i]->l4 & L4_TCP,
                                               .udp = protos[i]->l4 & L4_UDP,
                                               .port = p->ports.v[k] };
    }
    size_t cap = n * 32 + 64;
    char *text = arena_zalloc(a, cap);
    if (!text)
        return NULL;
    struct buf b = buf_of(text, cap - 1);
    filter_ports(&b, ports, n, icmp);
    return b.n && !b.full ? text : NULL;
}

/* Capture `at` of each worker. */
static err open_live(struct running *r, unsigned at, struct why *w)
{
    struct interface_conf *i = &r->start.settings.interface[at];
    struct capture *share[CREW_MAX];
    if (!i->bpf_filter || !*i->bpf_filter)
        i->bpf_filter = port_filter(&r->start.settings, &r->start.config.mem);
    err rc = capture_open_shared(i, (uint16_t)at, share, r->workers, w);
    for (unsigned k = 0; k < r->workers && !rc; k++)
        r->capture[k * r->n + at] = share[k];
    return rc;
}

/* Link type of the first packet of a file, for --dump, which writes packets of one link type. */
static uint16_t first_link(const struct interface_conf *i)
{
    struct capture_file_conf conf = { .paths = &i->file, .n_paths = 1, .loops = 1 };
    struct capture *c;
    struct packet p;
    struct why ignored;
    uint16_t link = LINK_ETHERNET;
    if (!i->file || !*i->file || strcmp(i->file, "-") == 0 ||
        capture_open_files(&conf, &c, &ignored))
        return link;
    if (c->ops->read(c, &p, 1, &ignored) > 0)
        link = p.link_type;
    c->ops->close(c);
    return link;
}

static bool is_file(const struct interface_conf *i)
{
    return i->file && *i->file;
}

/* One writes a dump, or reads a file among interfaces: nothing is gained there by more. */
static unsigned workers_of(const struct settings *s)
{
    bool is_live = false, has_file = false, dumps = false;
    for (unsigned i = 0; i < s->n_interfaces; i++) {
        is_live |= !is_file(&s->interface[i]);
        has_file |= is_file(&s->interface[i]);
        dumps |= s->interface[i].dumpfile && *s->interface[i].dumpfile;
    }
    if (dumps || (has_file && s->n_interfaces > 1))
        return 1;
    unsigned n = (unsigned)s->general.workers;
    if (is_live)
        n = budget_live_workers(s);
    n = n ? n : 1;
    return n < CREW_MAX ? n : CREW_MAX;
}

static err open_captures(struct running *r, struct why *w)
{
    struct settings *s = &r->start.settings;
    err rc = apply_flags(&s->interface[0], r->a, w);
    r->n = s->n_interfaces < CAPTURES_MAX ? s->n_interfaces : CAPTURES_MAX;
    r->workers = workers_of(s);
    for (unsigned i = 0; i < r->n && !rc; i++)
        rc = is_file(&s->interface[i]) ? open_file(r, i, w) : open_live(r, i, w);
    if (rc || !s->interface[0].dumpfile || !*s->interface[0].dumpfile)
        return rc;
    r->dump = capture_dump_open(s->interface[0].dumpfile, first_link(&s->interface[0]), w);
    return r->dump ? ERR_OK : ERR_IO;
}

/* SIGHUP: what is in the files now. Flows, protocols and interfaces stay as they are. */
static const struct settings *reload(void *ctx)
{
    struct running *r = ctx;
    struct start_conf conf = { .need.output = true };
    struct why why;
    if (start_load(&r->next, r->a, &conf, &why)) {
        log_error("config", "reload refused, the old configuration stays: %s", why.text);
        return NULL;
    }
    return &r->next.settings;
}

static void reloaded(void *ctx, bool taken)
{
    struct running *r = ctx;
    if (!taken) {
        start_free(&r->next);
        return;
    }
    start_relog(&r->next, r->a);
    start_free(&r->fresh);
    r->fresh = r->next;
}

static int finish(struct running *r, err rc, bool interrupted, struct why *w)
{
    struct why damage;
    int status = 0;
    if (rc)
        status = start_refuse(w);
    for (unsigned i = 0; i < r->n && !rc && !interrupted; i++) {
        if (!capture_was_damaged(r->capture[i], &damage))
            continue;
        fprintf(stderr, "%s\n", damage.text);
        status = 1;
    }
    return status;
}

static void close_all(struct running *r)
{
    monitoring_free(r->monitoring);
    doors_end(&r->doors);
    for (unsigned i = 0; i < r->n * r->workers; i++)
        if (r->capture[i])
            r->capture[i]->ops->close(r->capture[i]);
    if (r->dump)
        capture_dump_close(r->dump);
    identity_close(&r->identity);
    logfile_close();
    start_free(&r->fresh);
    start_free(&r->start);
}

static void log_start(const struct running *r)
{
    const struct paths *p = &r->start.config.paths;
    log_info("beat", "Home path: [%s] Config path: [%s] Data path: [%s] Logs path: [%s]", p->home,
             p->config, p->data, p->logs);
    log_info("beat", "Beat ID: %s", r->identity.id);
}

static err run(struct running *r, bool *interrupted, struct why *w)
{
    static const struct doors_need need = { .calls = CALLS_SENSOR, .port = -1 };
    struct tally sums;
    err rc = doors_user(&r->doors, &r->start, r->a, &need, w);
    if (!rc)
        rc = start_log(&r->start, r->a, false, w);
    if (!rc)
        rc = identity_open(&r->identity, r->start.config.paths.data, w);
    if (!rc)
        rc = monitoring_open(&r->monitoring, &r->start.config, &r->start.settings, &r->identity, w);
    if (rc)
        return rc;
    log_start(r);
    rc = open_captures(r, w);
    if (!rc)
        rc = doors_shut(&r->doors, w);
    if (!rc)
        rc = monitoring_start(r->monitoring, w);
    if (rc)
        return rc;
    const struct settings *s = &r->start.settings;
    for (unsigned i = 0; i < r->n; i++)
        if (!is_file(&s->interface[i]))
            log_info("sniffer", "capturing on %s; workers: %u", s->interface[i].device, r->workers);
    struct job job = { .settings = s,
                       .identity = &r->identity,
                       .captures = r->capture,
                       .n_captures = r->n,
                       .workers = r->workers,
                       .output = s->output,
                       .output_conf = s->output_conf,
                       .dump = r->dump,
                       .dry_run = r->a->dry_run,
                       .data = r->start.config.paths.data,
                       .monitoring = r->monitoring,
                       .health = true,
                       .broker = r->doors.broker,
                       .reload = reload,
                       .reloaded = reloaded,
                       .ctx = r };
    return wiring_run(&job, &sums, interrupted, w);
}

int run_command(const struct args *a)
{
    static struct running r;
    struct start_conf conf = { .need.output = true };
    struct why why = { "" };
    bool interrupted = false;
    r.a = a;
    r.identity.lock = -1;
    if (a->rest.n) {
        fprintf(stderr, "Error: run takes no \"%s\": a capture file is named with -I\n",
                a->rest.v[0]);
        return 1;
    }
    wiring_block_signals();
    if (start_load(&r.start, a, &conf, &why))
        return start_refuse(&why);
    err rc = run(&r, &interrupted, &why);
    int status = finish(&r, rc, interrupted, &why);
    close_all(&r);
    return status;
}
