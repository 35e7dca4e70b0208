/* All numbers of a run, by name: what /stats, /metrics, the log's metrics line and the reference
 * are made of. The names are in model/counters.def, model/gauges.def and app/stats.def. */
#pragma once

#include "app/tally.h"

struct stats_facts {
    const char *name, *id, *ephemeral_id; /* of this agent */
    const char *output;                   /* its kind */
    bool output_acks;                     /* it counts what was acknowledged */
    unsigned batch, clients;              /* of it: events in a window, connections */
    int64_t started_ns;                   /* clock_mono_ns */
};

enum stat_kind { STAT_COUNT, STAT_GAUGE, STAT_REAL, STAT_BOOL, STAT_TEXT };

#define STAT_NAME 64

struct figure {
    char name[STAT_NAME]; /* dotted */
    enum stat_kind kind;
    uint64_t n;
    double real;
    const char *text;
};

struct stat_list {
    struct figure v[1024];
    unsigned n;
};

struct buf;

/* Fills the list, sorted. Own names stand below "wirelume", numbers of protocols also where
 * Packetbeat has them (dns.unmatched_requests). Reads facts of the process: one thread at a time.
 */
void stats_collect(const struct stats_facts *f, const struct tally *t, struct stat_list *out);

/* Nested JSON, without its outer braces; pretty: indented by two.  */
void stats_json(struct buf *b, const struct stat_list *l, bool pretty);

/* Only what changed since `before` (NULL: since the start), counts as differences: the list that
 * the log shows. True: some count did. */
bool stats_changes(const struct stat_list *now, const struct stat_list *before,
                   struct stat_list *out);

/* Rows of stats.def, for the reference. */
struct stat_row {
    const char *name, *doc;
    enum stat_kind kind;
};
extern const struct stat_row stat_rows[];
extern const unsigned stat_rows_n;

/* Prometheus text exposition (version 0.0.4). */
void stats_prometheus(struct buf *b, const struct stats_facts *f, const struct tally *t);

/* The name there of a counter or gauge: wirelume_capture_packets_total. */
void stats_prometheus_name(const char *name, bool is_counter, char out[STAT_NAME + 32]);
