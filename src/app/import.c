/* wirelume import FILE...: progress while it reads, a table by protocol at the end. A server that
 * runs gets the events, as from any agent: what it has acknowledged is durable. */
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/command.h"
#include "app/lines.h"
#include "app/replay.h"
#include "app/running.h"
#include "base/bug.h"
#include "os/clock.h"

#define BAR_WIDTH     24
#define RECORD_HEADER 16 /* of a packet in a pcap file */
#define SET_BYTES     400

struct progress {
    struct lines_conf lines;
    uint64_t total_bytes; /* of the files; 0: not known */
    int64_t started_ns;
    bool terminal, acknowledged; /* acknowledged: by a server */
};

/* What the files hold, when that can be compared with what was read. */
static uint64_t size_of(const char *const *paths, unsigned n)
{
    uint64_t total = 0;
    struct stat st;
    for (unsigned i = 0; i < n; i++) {
        struct slice path = slice_cstr(paths[i]);
        if (stat(paths[i], &st) || !S_ISREG(st.st_mode) || slice_ends(path, SLICE(".gz")) ||
            slice_ends(path, SLICE(".zst")))
            return 0;
        total += (uint64_t)st.st_size;
    }
    return total;
}

static void put_bar(double part)
{
    putc('[', stderr);
    for (int i = 0; i < BAR_WIDTH; i++)
        putc(i < (int)(part * BAR_WIDTH) ? '#' : '.', stderr);
    fprintf(stderr, "] %3.0f %%  ", part * 100);
}

static void show_progress(void *ctx, const struct tally *t)
{
    const struct progress *p = ctx;
    double seconds = (double)(clock_mono_ns() - p->started_ns) / 1e9;
    double packets = (double)t->v[COUNTER_CAPTURE_PACKETS];
    double bytes = (double)t->v[COUNTER_CAPTURE_BYTES] + packets * RECORD_HEADER;
    double part = p->total_bytes ? bytes / (double)p->total_bytes : 0;
    if (!p->terminal || seconds <= 0)
        return;
    fputs("\r\033[K", stderr);
    if (p->total_bytes)
        put_bar(part < 0.99 ? part : 0.99);
    fprintf(stderr, "%.1f MB/s  %.0f packets/s  ", bytes / 1e6 / seconds, packets / seconds);
    if (part > 0 && part < 1)
        fprintf(stderr, "ETA %.0f s  ", seconds / part - seconds);
    fprintf(stderr, "%llu events", (unsigned long long)t->v[COUNTER_EVENTS_EMITTED]);
    if (p->acknowledged)
        fprintf(stderr, ", %llu stored", (unsigned long long)t->v[COUNTER_OUTPUT_ACKED]);
    fflush(stderr);
}

static void put_row(FILE *out, const char *name, const uint64_t *v)
{
    fprintf(out, "%-10s %12llu %12llu %12llu %12llu %12llu\n", name,
            (unsigned long long)v[PC_EVENTS], (unsigned long long)v[PC_MESSAGES],
            (unsigned long long)v[PC_UNMATCHED_REQUEST],
            (unsigned long long)v[PC_UNMATCHED_RESPONSE], (unsigned long long)v[PC_BAD]);
}

static void put_table(FILE *out, const struct tally *t, double seconds)
{
    uint64_t flow_events = t->v[COUNTER_EVENTS_EMITTED];
    double packets = (double)t->v[COUNTER_CAPTURE_PACKETS];
    double bytes = (double)t->v[COUNTER_CAPTURE_BYTES];
    fprintf(out, "%-10s %12s %12s %12s %12s %12s\n", "protocol", "events", "messages", "no answer",
            "no request", "malformed");
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        put_row(out, protos[i]->name, t->proto[i]);
        flow_events -= t->proto[i][PC_EVENTS];
    }
    fprintf(out, "%-10s %12llu   of %llu flows\n", "flow", (unsigned long long)flow_events,
            (unsigned long long)t->v[COUNTER_FLOW_CREATED]);
    fprintf(out, "%.0f packets, %.1f MB in %.2f s: %.0f packets/s, %.1f MB/s\n", packets,
            bytes / 1e6, seconds, packets / seconds, bytes / 1e6 / seconds);
}

/* ---- a server that runs */

/* Where the configuration already sends events to; NULL: nowhere, or into the store itself. */
static const struct node *other_output(const struct config *c)
{
    const struct node *output = node_get(c->resolved, "output");
    for (const struct node *n = output ? output->child : NULL; n; n = n->next)
        if (strcmp(n->key, "store") != 0 && strcmp(n->key, "index") != 0)
            return n;
    return NULL;
}

/* What is set beside what the user set: the server as the output, in place of its own files. */
static void set_output(struct args *a, struct config *c, const char *address)
{
    static const char *const own[] = { "output.store", "output.index" };
    const char **v = arena_zalloc(&c->mem, (a->sets.n + 1 + COUNT(own)) * sizeof *v);
    char *text = arena_alloc(&c->mem, SET_BYTES);
    BUG_ON(!v || !text);
    memcpy(v, a->sets.v, a->sets.n * sizeof *v);
    a->sets.v = v;
    snprintf(text, SET_BYTES, "output.logstash.hosts=[\"%s\"]", address);
    v[a->sets.n++] = text;
    if (node_path(c->resolved, own[0]))
        v[a->sets.n++] = "output.store.enabled=false";
    if (node_path(c->resolved, own[1]))
        v[a->sets.n++] = "output.index.enabled=false";
}

/* Makes a server that runs the output of *a. A server that cannot be asked is told of, and is no
 * reason not to read the files. */
static err find_server(struct args *a, struct config *c, struct running *server, struct why *w)
{
    const char *address;
    if (a->output || other_output(c))
        return ERR_OK;
    err rc = running_find(server, a, c, w);
    if (rc) {
        if (rc != ERR_MISSING)
            fprintf(stderr, "%s\n", w->text);
        return ERR_OK;
    }
    rc = running_beats(server, &c->mem, &address, w);
    if (!rc)
        set_output(a, c, address);
    return rc;
}

static err open_lines(void *ctx, struct why *w)
{
    struct progress *p = ctx;
    return lines_prepare(&p->lines, w);
}

/* --output, else the output of a configuration that was named, else nowhere. */
static void choose_output(struct replay *r, struct lines_conf *lines)
{
    const struct settings *s = &r->start.settings;
    r->output = &lines_output;
    r->output_conf = lines;
    if (!lines->path && s->output) {
        r->output = s->output;
        r->output_conf = s->output_conf;
    }
}

static int tell_stored(const struct tally *t, const struct running *server)
{
    unsigned long long stored = t->v[COUNTER_OUTPUT_ACKED], lost = t->v[COUNTER_OUTPUT_DROPPED];
    unsigned long long twice = t->v[COUNTER_OUTPUT_DUPLICATES];
    fprintf(stderr, "%llu events are stored by the server of %s\n", stored, server->folder);
    if (twice)
        fprintf(stderr,
                "%llu of them may be there twice: they were sent again to a server that had not "
                "acknowledged them\n",
                twice);
    if (lost)
        fprintf(stderr,
                "%llu were given up, unacknowledged (mend: import the file again, which stores "
                "the others once more)\n",
                lost);
    return lost > 0;
}

static int import(const struct args *a, const struct running *server)
{
    static struct replay r;
    struct progress p = { .lines.path = a->output,
                          .terminal = isatty(STDERR_FILENO),
                          .acknowledged = server->folder };
    if (replay_begin(&r, a))
        return 1;
    choose_output(&r, &p.lines);
    r.opened = open_lines;
    r.closes = true;
    p.total_bytes = size_of(a->rest.v, a->rest.n);
    p.started_ns = clock_mono_ns();
    r.progress = show_progress;
    r.ctx = &p;
    int status = replay_files(&r, a->rest.v, a->rest.n);
    double seconds = (double)(clock_mono_ns() - p.started_ns) / 1e9;
    if (p.terminal)
        fputs("\r\033[K", stderr);
    bool counted = r.output == &lines_output && !p.lines.path;
    if (r.sums.v[COUNTER_CAPTURE_PACKETS] || !status)
        put_table(counted ? stdout : stderr, &r.sums, seconds);
    if (counted && !status)
        puts("events were counted, not written: --output FILE writes them, and a server that runs "
             "(wirelume up) stores them");
    if (server->folder)
        status |= tell_stored(&r.sums, server);
    replay_end(&r);
    return status;
}

int import_command(const struct args *given)
{
    struct args a = *given;
    struct config c;
    struct running server = { NULL, NULL };
    struct why w;
    if (!a.rest.n) {
        fputs("Error: import needs a capture file\n", stderr);
        return 1;
    }
    struct config_source source = start_source(given);
    source.bare = true;
    err rc = config_load(&c, &source, &w);
    if (rc)
        return start_refuse(&w);
    rc = find_server(&a, &c, &server, &w);
    int status = rc ? start_refuse(&w) : import(&a, &server);
    config_free(&c);
    return status;
}
