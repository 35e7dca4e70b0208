/* Prometheus text exposition of all counters and gauges. */
#include "app/stats.h"
#include "app/version.h"
#include "base/buf.h"
#include "host/self.h"
#include "os/clock.h"
#include "proto/proto.h"

#define PREFIX "wirelume_"

void stats_prometheus_name(const char *name, bool is_counter, char out[STAT_NAME + 32])
{
    size_t n =
        (size_t)snprintf(out, STAT_NAME + 32, PREFIX "%s%s", name, is_counter ? "_total" : "");
    for (size_t i = 0; i < n; i++)
        out[i] = out[i] == '.' || out[i] == '-' ? '_' : out[i];
}

/* HELP escapes what would end its line. */
static void put_head(struct buf *b, const char *name, const char *type, const char *doc)
{
    buf_printf(b, "# HELP %s ", name);
    for (; *doc; doc++) {
        if (*doc == '\\')
            buf_lit(b, "\\\\");
        else
            buf_u8(b, (uint8_t)*doc);
    }
    buf_printf(b, "\n# TYPE %s %s\n", name, type);
}

static void put_row(struct buf *b, const struct counter_row *row, bool is_counter, uint64_t v)
{
    char name[STAT_NAME + 32];
    stats_prometheus_name(row->name, is_counter, name);
    put_head(b, name, is_counter ? "counter" : "gauge", row->doc);
    buf_printf(b, "%s %llu\n", name, (unsigned long long)v);
}

static void put_protocols(struct buf *b, const struct tally *t)
{
    char part[STAT_NAME], name[STAT_NAME + 32];
    for (unsigned i = 0; i < PC_COUNT; i++) {
        snprintf(part, sizeof part, "protocol_%s", proto_counter_rows[i].name);
        stats_prometheus_name(part, true, name);
        put_head(b, name, "counter", proto_counter_rows[i].doc);
        for (unsigned p = 0; p < PROTO_COUNT; p++)
            buf_printf(b, "%s{protocol=\"%s\"} %llu\n", name, protos[p]->name,
                       (unsigned long long)t->proto[p][i]);
    }
}

static void put_real(struct buf *b, const char *name, const char *type, const char *doc, double v)
{
    put_head(b, name, type, doc);
    buf_printf(b, "%s %.10g\n", name, v);
}

/* The names that all Prometheus clients use. */
static void put_process(struct buf *b, const struct stats_facts *f)
{
    struct self s;
    self_read(&s);
    put_real(b, "process_cpu_seconds_total", "counter",
             "Total user and system CPU time spent in seconds.",
             (double)(s.user_ms + s.system_ms) / 1e3);
    put_real(b, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
             (double)s.resident_bytes);
    put_real(b, "process_open_fds", "gauge", "Number of open file descriptors.", (double)s.files);
    put_real(b, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
             (double)s.files_soft);
    put_real(b, "process_start_time_seconds", "gauge",
             "Start time of the process since unix epoch in seconds.",
             (double)(clock_real_ns() - (clock_mono_ns() - f->started_ns)) / 1e9);
}

void stats_prometheus(struct buf *b, const struct stats_facts *f, const struct tally *t)
{
    put_head(b, PREFIX "build_info", "gauge", "Always 1; the labels say what runs.");
    buf_printf(b, PREFIX "build_info{version=\"" WIRELUME_VERSION "\",output=\"%s\"} 1\n",
               f->output);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        put_row(b, &counter_rows[i], true, t->v[i]);
    put_protocols(b, t);
    for (unsigned i = 0; i < GAUGE_COUNT; i++)
        put_row(b, &gauge_rows[i], false, t->gauge[i]);
    put_process(b, f);
}
