/* Lines from top to bottom: who, rates, losses, output, protocols, talkers, slow transactions. */
#include "app/topview.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "proto/proto.h"

#define LINE_BYTES 1024
#define LEAST_ROWS 4 /* of talkers and of slow transactions, when there are so many */

struct screen {
    struct buf *out;
    unsigned rows, cols, used;
    bool plain;
};

/* ---- lines */

/* Bytes of the next character; 0: one that must not reach a terminal, or no UTF-8. */
static size_t character(const unsigned char *p)
{
    if (p[0] < 0x80)
        return p[0] >= 0x20 && p[0] != 0x7f;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || (p[0] == 0xc2 && p[1] < 0xa0))
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* Cut to the width; what could move a cursor becomes a dot. */
static void put_line(struct screen *s, const char *text, bool head)
{
    unsigned col = 0;
    if (s->used == s->rows)
        return;
    if (s->used++ && !s->plain)
        buf_lit(s->out, "\r\n");
    if (head && !s->plain)
        buf_lit(s->out, "\033[7m");
    for (const unsigned char *p = (const unsigned char *)text; *p && col < s->cols; col++) {
        size_t n = character(p);
        if (n)
            buf_put(s->out, p, n);
        else
            buf_u8(s->out, '.');
        p += n ? n : 1;
    }
    for (; head && !s->plain && col < s->cols; col++)
        buf_u8(s->out, ' ');
    buf_cstr(s->out, s->plain ? "\n" : head ? "\033[0m\033[K" : "\033[K");
}

static void line(struct screen *s, bool head, const char *fmt, ...) PRINTF(3);
static void line(struct screen *s, bool head, const char *fmt, ...)
{
    char text[LINE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    put_line(s, text, head);
}

/* ---- numbers */

static double number(const struct node *n, const char *path)
{
    const struct node *v = n ? node_path(n, path) : NULL;
    if (v && v->type == NODE_INT)
        return (double)v->i;
    return v && v->type == NODE_DOUBLE ? v->d : 0;
}

static double rate(const struct topview *v, const char *path)
{
    double d = v->before && v->seconds > 0
                   ? (number(v->now, path) - number(v->before, path)) / v->seconds
                   : 0;
    return d > 0 ? d : 0;
}

static const char *text_of(const struct node *n, const char *path)
{
    const struct node *v = n ? node_path(n, path) : NULL;
    return v && v->text ? v->text : "";
}

/* At most 7 characters: 12345, 1.23M, 0.4. */
static const char *short_number(double d, char out[16])
{
    static const char units[] = "kMGTP";
    unsigned unit = 0;
    if (d < 100000) {
        snprintf(out, 16, d < 10 && d != (double)(long)d ? "%.1f" : "%.0f", d);
        return out;
    }
    for (d /= 1000; d >= 1000 && unit + 2 < sizeof units; unit++)
        d /= 1000;
    snprintf(out, 16, d < 10 ? "%.2f%c" : d < 100 ? "%.1f%c" : "%.0f%c", d, units[unit]);
    return out;
}

static const char *short_time(double ns, char out[16])
{
    if (ns < 1e6)
        snprintf(out, 16, "%.0f us", ns / 1e3);
    else if (ns < 1e9)
        snprintf(out, 16, "%.1f ms", ns / 1e6);
    else
        snprintf(out, 16, "%.2f s", ns / 1e9);
    return out;
}

/* ---- the parts */

static void put_who(struct screen *s, const struct topview *v)
{
    char rss[16];
    long up = (long)(number(v->now, "beat.info.uptime.ms") / 1000);
    line(s, true, "wirelume top: %s%s, up %ld:%02ld:%02ld, %.0f workers, %sB memory, %.0f %% CPU",
         v->host, v->paused ? " [paused]" : "", up / 3600, up / 60 % 60, up % 60,
         number(v->now, "wirelume.capture.workers"),
         short_number(number(v->now, "beat.memstats.rss"), rss),
         rate(v, "beat.cpu.total.time.ms") / 10);
    if (v->trouble)
        line(s, false, "%s", v->trouble);
}

static void put_rates(struct screen *s, const struct topview *v)
{
    char a[16], b[16], c[16], d[16];
    line(s, false, "packets %s/s   bytes %s/s   events %s/s   flows %s",
         short_number(rate(v, "wirelume.capture.packets"), a),
         short_number(rate(v, "wirelume.capture.bytes"), b),
         short_number(rate(v, "libbeat.pipeline.events.total"), c),
         short_number(number(v->now, "wirelume.flow.active"), d));
    if (number(v->now, "wirelume.intake.connections") > 0)
        line(s, false, "received: messages %s/s   bytes %s/s   written %s/s   refused %s",
             short_number(rate(v, "wirelume.intake.messages"), a),
             short_number(rate(v, "wirelume.intake.bytes"), b),
             short_number(rate(v, "wirelume.events.written"), c),
             short_number(number(v->now, "wirelume.intake.refused"), d));
}

/* Since the start, and how fast it grows. */
static void put_losses(struct screen *s, const struct topview *v)
{
    static const struct {
        const char *name, *path;
    } losses[] = {
        { "kernel", "wirelume.capture.kernel_drops" }, { "queue", "wirelume.events.queue_full" },
        { "memory", "wirelume.events.no_memory" },     { "output", "wirelume.output.dropped" },
        { "failed", "wirelume.events.failed" },        { "gaps", "wirelume.tcp.gaps" },
    };
    char text[LINE_BYTES], a[16], b[16];
    struct buf t = buf_of(text, sizeof text - 1);
    buf_lit(&t, "lost:");
    for (size_t i = 0; i < COUNT(losses); i++) {
        double growth = rate(v, losses[i].path);
        buf_printf(&t, "  %s %s", losses[i].name, short_number(number(v->now, losses[i].path), a));
        if (growth > 0)
            buf_printf(&t, " (+%s/s)", short_number(growth, b));
    }
    text[t.n] = '\0';
    put_line(s, text, false);
}

static void put_output(struct screen *s, const struct topview *v)
{
    char a[16], b[16], c[16], d[16], e[16];
    line(s, false, "output %s: %s/s written, %s/s acknowledged, %s held, %s sent again",
         text_of(v->now, "libbeat.output.type"),
         short_number(rate(v, "wirelume.events.written"), a),
         short_number(rate(v, "libbeat.output.events.acked"), b),
         short_number(number(v->now, "wirelume.output.held"), c),
         short_number(number(v->now, "wirelume.output.retried"), d));
    if (number(v->now, "wirelume.queue.added") > 0 ||
        number(v->now, "wirelume.queue.disk_bytes") > 0)
        line(s, false, "queue on disk: %s events, %sB of %sB, %s/s added",
             short_number(number(v->now, "wirelume.queue.disk_events"), a),
             short_number(number(v->now, "wirelume.queue.disk_bytes"), b),
             short_number(number(v->now, "wirelume.queue.disk_max_bytes"), c),
             short_number(rate(v, "wirelume.queue.added"), e));
}

/* ---- protocols */

struct proto_line {
    const char *name;
    double messages, events, bad, gaps, unanswered;
    enum top_sort sort;
};

static double weight(const struct proto_line *p)
{
    if (p->sort == TOP_BY_MESSAGES)
        return p->messages;
    return p->sort == TOP_BY_TROUBLE ? p->bad + p->gaps + p->unanswered : p->events;
}

static int by_weight(const void *a, const void *b)
{
    const struct proto_line *x = a, *y = b;
    if (x->sort != TOP_BY_NAME && weight(x) != weight(y))
        return weight(x) < weight(y) ? 1 : -1;
    return strcmp(x->name, y->name);
}

static double proto_rate(const struct topview *v, const char *proto, enum proto_counter id)
{
    char path[96];
    snprintf(path, sizeof path, "wirelume.%s.%s", proto, proto_counter_rows[id].name);
    return rate(v, path);
}

static void put_protocols(struct screen *s, const struct topview *v, unsigned rows)
{
    static const char *const sorts[] = { "events", "messages", "trouble", "name" };
    struct proto_line all[PROTO_COUNT];
    char a[16], b[16], c[16], d[16], e[16];
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        const char *name = protos[i]->name;
        all[i] = (struct proto_line){ name,
                                      proto_rate(v, name, PC_MESSAGES),
                                      proto_rate(v, name, PC_EVENTS),
                                      proto_rate(v, name, PC_BAD),
                                      proto_rate(v, name, PC_GAPS),
                                      proto_rate(v, name, PC_UNMATCHED_REQUEST) +
                                          proto_rate(v, name, PC_UNMATCHED_RESPONSE),
                                      v->sort };
    }
    qsort(all, PROTO_COUNT, sizeof all[0], by_weight);
    line(s, true, "%-10s %11s %11s %9s %9s %11s  by %s", "PROTOCOL", "MESSAGES/s", "EVENTS/s",
         "BAD/s", "GAPS/s", "UNMATCHED/s", sorts[v->sort]);
    for (unsigned i = 0; i < PROTO_COUNT && i < rows; i++)
        line(s, false, "%-10s %11s %11s %9s %9s %11s", all[i].name,
             short_number(all[i].messages, a), short_number(all[i].events, b),
             short_number(all[i].bad, c), short_number(all[i].gaps, d),
             short_number(all[i].unanswered, e));
}

/* ---- talkers, slow transactions */

static unsigned length(const struct node *list)
{
    unsigned n = 0;
    for (const struct node *c = list ? list->child : NULL; c; c = c->next)
        n++;
    return n;
}

static void put_talkers(struct screen *s, const struct topview *v, unsigned rows)
{
    const struct node *list = node_path(v->glance, "talkers");
    double seconds = number(v->glance, "seconds");
    char a[16], b[16];
    line(s, true, "%-40s %14s %18s", "TALKER", "BYTES/s", "TRANSACTIONS/s");
    for (const struct node *c = list ? list->child : NULL; c && rows; c = c->next, rows--)
        line(s, false, "%-40s %14s %18s", text_of(c, "address"),
             short_number(seconds > 0 ? number(c, "bytes") / seconds : 0, a),
             short_number(seconds > 0 ? number(c, "transactions") / seconds : 0, b));
}

static void put_slow(struct screen *s, const struct topview *v, unsigned rows)
{
    const struct node *list = node_path(v->glance, "slow");
    char took[16];
    line(s, true, "%10s %-8s %-9s %s", "SLOWEST", "TYPE", "STATUS", "SERVER AND REQUEST");
    for (const struct node *c = list ? list->child : NULL; c && rows; c = c->next, rows--)
        line(s, false, "%10s %-8.8s %-9.9s %s:%.0f %s", short_time(number(c, "duration_ns"), took),
             text_of(c, "type"), text_of(c, "status"), text_of(c, "server"), number(c, "port"),
             text_of(c, "query"));
}

/* What is left of the screen goes to protocols first, then to talkers and slow ones in equal parts.
 */
static void put_tables(struct screen *s, const struct topview *v)
{
    unsigned left = s->rows > s->used + 3 ? s->rows - s->used - 3 : 0;
    unsigned talkers = length(node_path(v->glance, "talkers"));
    unsigned slow = length(node_path(v->glance, "slow"));
    unsigned kept =
        (talkers < LEAST_ROWS ? talkers : LEAST_ROWS) + (slow < LEAST_ROWS ? slow : LEAST_ROWS);
    unsigned protocols = left > kept ? left - kept : left / 3;
    protocols = protocols < PROTO_COUNT ? protocols : PROTO_COUNT;
    left -= protocols;
    unsigned half = left / 2;
    unsigned first = talkers < half ? talkers : slow < half ? left - slow : half;
    put_protocols(s, v, protocols);
    put_talkers(s, v, first);
    put_slow(s, v, left - (first < talkers ? first : talkers));
}

void topview_write(struct buf *b, const struct topview *v, unsigned rows, unsigned cols, bool plain)
{
    struct screen s = { b, rows, cols, 0, plain };
    if (!plain)
        buf_lit(b, "\033[H");
    put_who(&s, v);
    put_rates(&s, v);
    put_losses(&s, v);
    put_output(&s, v);
    put_tables(&s, v);
    if (!plain)
        buf_lit(b, "\033[J");
}
