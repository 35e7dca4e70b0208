/* The names of all numbers, from the tables, and nested JSON of them. */
#include "app/stats.h"

#include <stdlib.h>

#include "app/version.h"
#include "base/bug.h"
#include "codec/json.h"
#include "host/self.h"
#include "os/clock.h"
#include "proto/proto.h"

#define OWN   "wirelume."
#define NS_MS INT64_C(1000000)

const struct stat_row stat_rows[] = {
#define STAT(kind, name, value, doc) { name, doc, STAT_##kind },
#include "app/stats.def"
#undef STAT
};
const unsigned stat_rows_n = COUNT(stat_rows);

/* ---- collecting */

static struct figure *add(struct stat_list *l, enum stat_kind kind, const char *group,
                          const char *name)
{
    BUG_ON(l->n == COUNT(l->v));
    struct figure *s = &l->v[l->n++];
    *s = (struct figure){ .kind = kind };
    int n = snprintf(s->name, sizeof s->name, "%s%s", group, name);
    BUG_ON(n < 0 || (size_t)n >= sizeof s->name);
    return s;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* The rows of stats.def. */
static void add_known(const struct stats_facts *f, const struct tally *t, struct stat_list *l)
{
    struct self self;
    self_read(&self);
#define C(id)      t->v[COUNTER_##id]
#define G(id)      t->gauge[GAUGE_##id]
#define P(member)  (uint64_t) self.member
#define LESS(a, b) less(a, b)
#define UPTIME     (uint64_t)((clock_mono_ns() - f->started_ns) / NS_MS)
#define ACKED      (f->output_acks ? C(OUTPUT_ACKED) : C(EVENTS_WRITTEN))
#define MADE       (C(EVENTS_EMITTED) + C(INTAKE_MESSAGES) + C(PACK_CREATED))
    const uint64_t values[] = {
#define STAT(kind, name, value, doc) value,
#include "app/stats.def"
#undef STAT
    };
#undef C
#undef G
#undef P
    for (unsigned i = 0; i < stat_rows_n; i++)
        add(l, stat_rows[i].kind, "", stat_rows[i].name)->n = values[i];
    for (unsigned i = 0; i < 3; i++) {
        static const char *const minutes[] = { "1", "5", "15" };
        add(l, STAT_REAL, "system.load.", minutes[i])->real = self.load[i];
        add(l, STAT_REAL, "system.load.norm.", minutes[i])->real =
            self.cores > 0 ? self.load[i] / (double)self.cores : 0;
    }
}

static void add_protocols(const struct tally *t, struct stat_list *l)
{
    char name[STAT_NAME];
    for (unsigned p = 0; p < PROTO_COUNT; p++) {
        for (unsigned i = 0; i < PC_COUNT; i++) {
            snprintf(name, sizeof name, "%s.%s", protos[p]->name, proto_counter_rows[i].name);
            add(l, STAT_COUNT, OWN, name)->n = t->proto[p][i];
            if (i == PC_UNMATCHED_REQUEST || i == PC_UNMATCHED_RESPONSE)
                add(l, STAT_COUNT, "", name)->n = t->proto[p][i];
        }
    }
}

static int by_name(const void *a, const void *b)
{
    const unsigned char *x = (const unsigned char *)((const struct figure *)a)->name;
    const unsigned char *y = (const unsigned char *)((const struct figure *)b)->name;
    while (*x && *x == *y)
        x++, y++;
    int cx = *x == '.' ? 1 : *x, cy = *y == '.' ? 1 : *y; /* groups stay together */
    return cx - cy;
}

void stats_collect(const struct stats_facts *f, const struct tally *t, struct stat_list *out)
{
    out->n = 0;
    add_known(f, t, out);
    add(out, STAT_TEXT, "", "beat.info.name")->text = EVENTS_BEAT;
    add(out, STAT_TEXT, "", "beat.info.version")->text = EVENTS_VERSION;
    add(out, STAT_TEXT, "", "beat.info.ephemeral_id")->text = f->ephemeral_id;
    add(out, STAT_TEXT, "", "libbeat.output.type")->text = f->output;
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        add(out, STAT_COUNT, OWN, counter_rows[i].name)->n = t->v[i];
    for (unsigned i = 0; i < GAUGE_COUNT; i++)
        add(out, STAT_GAUGE, OWN, gauge_rows[i].name)->n = t->gauge[i];
    add_protocols(t, out);
    qsort(out->v, out->n, sizeof *out->v, by_name);
}

/* Both lists have the same names in the same order. */
bool stats_changes(const struct stat_list *now, const struct stat_list *before,
                   struct stat_list *out)
{
    bool changed = false;
    out->n = 0;
    for (unsigned i = 0; i < now->n; i++) {
        struct figure s = now->v[i];
        bool counts = s.kind == STAT_COUNT;
        if (counts && before)
            s.n -= before->v[i].n;
        if ((counts && !s.n) || (s.kind == STAT_GAUGE && !s.n && !strncmp(s.name, OWN, 9)))
            continue;
        changed |= counts && strncmp(s.name, "beat.", 5) != 0;
        out->v[out->n++] = s;
    }
    return changed;
}

/* ---- JSON */

static void new_line(struct buf *b, unsigned depth, bool pretty)
{
    if (!pretty)
        return;
    buf_u8(b, '\n');
    for (unsigned i = 0; i <= depth; i++)
        buf_lit(b, "  ");
}

static void put_value(struct buf *b, const struct figure *s)
{
    if (s->kind == STAT_TEXT)
        json_string(b, slice_cstr(s->text ? s->text : ""), false);
    else if (s->kind == STAT_BOOL)
        buf_cstr(b, s->n ? "true" : "false");
    else if (s->kind == STAT_REAL)
        buf_printf(b, "%.4g", s->real);
    else
        buf_dec(b, s->n);
}

/* How many bytes of whole groups ("a.b.") two names begin with alike; *depth: how many groups. */
static size_t shared_groups(const char *a, const char *b, unsigned *depth)
{
    size_t shared = 0;
    *depth = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++) {
        if (a[i] != '.')
            continue;
        shared = i + 1;
        ++*depth;
    }
    return shared;
}

static void close_groups(struct buf *b, unsigned from, unsigned to, bool pretty)
{
    while (from-- > to) {
        new_line(b, from, pretty);
        buf_u8(b, '}');
    }
}

/* Opens the groups of name from byte `at` on, and puts the last part as a key. */
static unsigned open_groups(struct buf *b, const char *name, size_t at, unsigned depth, bool pretty)
{
    for (;;) {
        size_t n = strcspn(name + at, ".");
        new_line(b, depth, pretty);
        json_string(b, slice_of(name + at, n), false);
        buf_cstr(b, pretty ? ": " : ":");
        if (!name[at + n])
            return depth;
        buf_u8(b, '{');
        depth++;
        at += n + 1;
    }
}

void stats_json(struct buf *b, const struct stat_list *l, bool pretty)
{
    const char *before = "";
    unsigned depth = 0, common;
    for (unsigned i = 0; i < l->n; i++) {
        size_t at = shared_groups(before, l->v[i].name, &common);
        close_groups(b, depth, common, pretty);
        if (i)
            buf_u8(b, ',');
        depth = open_groups(b, l->v[i].name, at, common, pretty);
        put_value(b, &l->v[i]);
        before = l->v[i].name;
    }
    close_groups(b, depth, 0, pretty);
}
