/* Numbers are sums since the start: what two events differ by is what happened between them, also
 * when one between them was lost. */
#include "app/health.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "os/clock.h"

#define EVENT_BYTES ((size_t)256 * 1024)
#define NS_PER_MS   1000000
#define NAME_MAX    64

/* clang-format off */
enum { UPTIME, PERIOD, MEMORY, CPU, WORKERS, INTERFACES };
static struct field fields[] = {
    [UPTIME]     = { "sensor.uptime", FT_LONG, 0, 0, "Time since the sensor started, in ms." },
    [PERIOD]     = { "sensor.period", FT_LONG, 0, 0, "Time between two of these events, in ms." },
    [MEMORY]     = { "sensor.memory", FT_LONG, 0, 0, "The most memory that the process has used so far, in bytes." },
    [CPU]        = { "sensor.cpu", FT_LONG, 0, 0, "Processor time that the process has used so far, in ms." },
    [WORKERS]    = { "sensor.workers", FT_OBJECTS, 0, 0, "Each worker: packets, drops, emitted, queue_full, waiting (batches for the pipe), flows, memory (of tables)." },
    [INTERFACES] = { "sensor.interfaces", FT_OBJECTS, 0, 0, "Each interface: name, packets taken, drops by the kernel." },
};

/* sensor.NAME of each, with the counter's own words. */
static const enum counter_id counted[] = {
    COUNTER_CAPTURE_PACKETS, COUNTER_CAPTURE_BYTES, COUNTER_CAPTURE_KERNEL_DROPS, COUNTER_CAPTURE_TRUNCATED,
    COUNTER_DECODE_SHORT, COUNTER_DECODE_BAD, COUNTER_DECODE_UNKNOWN_LINK, COUNTER_DECODE_TOO_DEEP,
    COUNTER_DEFRAG_TIMEOUT, COUNTER_DEFRAG_EVICTED, COUNTER_DEFRAG_BAD,
    COUNTER_FLOW_CREATED, COUNTER_FLOW_ENDED, COUNTER_FLOW_EVICTED, COUNTER_FLOW_REFUSED,
    COUNTER_TCP_GAPS, COUNTER_TCP_GAP_BYTES, COUNTER_TCP_BUFFER_REFUSED, COUNTER_TCP_BAD_STREAMS, COUNTER_SCRATCH_FULL,
    COUNTER_EVENTS_EMITTED, COUNTER_EVENTS_WRITTEN, COUNTER_EVENTS_QUEUE_FULL, COUNTER_EVENTS_NO_MEMORY,
    COUNTER_EVENTS_INVALID, COUNTER_EVENTS_FILTERED, COUNTER_EVENTS_FAILED,
    COUNTER_OUTPUT_ACKED, COUNTER_OUTPUT_RETRIED, COUNTER_OUTPUT_DROPPED, COUNTER_OUTPUT_ERRORS,
};
/* clang-format on */

static struct field counter_fields[COUNT(counted)];

void health_add_fields(void)
{
    static char names[COUNT(counted)][NAME_MAX];
    for (unsigned i = 0; i < COUNT(counted); i++) {
        const struct counter_row *row = &counter_rows[counted[i]];
        snprintf(names[i], sizeof names[i], "sensor.%s", row->name);
        counter_fields[i] = (struct field){ .name = names[i], .type = FT_LONG, .doc = row->doc };
    }
    schema_add(fields, COUNT(fields));
    schema_add(counter_fields, COUNT(counter_fields));
}

void health_begin(struct health *h, const struct settings *s, bool wanted)
{
    *h = (struct health){ .conf = &s->health,
                          .interface = s->interface,
                          .n_interfaces = s->n_interfaces,
                          .started_ns = clock_mono_ns(),
                          .pool.max_bytes = SIZE_MAX };
    batch_init(&h->batch, &h->pool, EVENT_BYTES, 0);
    if (wanted && s->health.enabled)
        h->next_ns = h->started_ns + s->health.period_ns;
}

bool health_is_due(const struct health *h)
{
    return h->next_ns && clock_mono_ns() >= h->next_ns;
}

static void put(struct event *e, struct object *o, const char *key, uint64_t v)
{
    object_int(e, o, slice_cstr(key), (int64_t)v);
}

static uint64_t get(const _Atomic uint64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

static void put_worker(struct event *e, struct object *o, const struct worker *w, unsigned n)
{
    const struct gauges *g = worker_gauges(w);
    const struct counters *c = worker_counted(w);
    uint64_t packets = 0, drops = 0;
    for (unsigned i = 0; i < n && i < WORKER_CAPTURES; i++) {
        packets += get(&g->capture[i].packets);
        drops += get(&g->capture[i].drops);
    }
    put(e, o, "packets", packets);
    put(e, o, "drops", drops);
    put(e, o, "emitted", counter_get(c, COUNTER_EVENTS_EMITTED));
    put(e, o, "queue_full", counter_get(c, COUNTER_EVENTS_QUEUE_FULL));
    put(e, o, "waiting", worker_waiting(w));
    put(e, o, "flows", get(&g->flows));
    put(e, o, "memory", get(&g->table_bytes));
}

static void put_interface(const struct health *h, struct event *e, struct object *o, unsigned i,
                          const struct crew *crew)
{
    uint64_t packets, drops;
    crew_interface(crew, i, &packets, &drops);
    object_str_ref(e, o, SLICE("name"), slice_cstr(h->interface[i].device));
    put(e, o, "packets", packets);
    put(e, o, "drops", drops);
}

static void put_parts(const struct health *h, struct event *e, const struct crew *crew)
{
    unsigned workers = crew_size(crew);
    struct object *o = event_objects(e, &fields[WORKERS], workers);
    for (unsigned i = 0; o && i < workers; i++)
        if (object_room(e, &o[i], 7))
            put_worker(e, &o[i], crew_worker(crew, i), h->n_interfaces);
    o = event_objects(e, &fields[INTERFACES], h->n_interfaces);
    for (unsigned i = 0; o && i < h->n_interfaces; i++)
        if (object_room(e, &o[i], 3))
            put_interface(h, e, &o[i], i, crew);
}

static int64_t ms_of(const struct timeval *t)
{
    return (int64_t)t->tv_sec * 1000 + t->tv_usec / 1000;
}

static void put_process(const struct health *h, struct event *e)
{
    struct rusage u;
    event_int(e, &fields[UPTIME], (clock_mono_ns() - h->started_ns) / NS_PER_MS);
    event_int(e, &fields[PERIOD], h->conf->period_ns / NS_PER_MS);
    if (getrusage(RUSAGE_SELF, &u))
        return;
    event_int(e, &fields[MEMORY], (int64_t)u.ru_maxrss * 1024);
    event_int(e, &fields[CPU], ms_of(&u.ru_utime) + ms_of(&u.ru_stime));
}

struct batch *health_event(struct health *h, const struct crew *crew, const struct tally *t)
{
    static const struct slice category[] = { { (const uint8_t *)"host", 4 } };
    static const struct slice types[] = { { (const uint8_t *)"info", 4 } };
    struct event *e = event_make(&h->batch.arena, 64);
    h->next_ns = clock_mono_ns() + h->conf->period_ns;
    if (!e)
        return NULL;
    e->ts_ns = clock_real_ns();
    e->dataset = "sensor";
    e->source = EVENT_SOURCE_SENSOR;
    event_cstr_ref(e, &ecs[ECS_TYPE], "sensor");
    event_cstr_ref(e, &ecs[ECS_EVENT_KIND], "metric");
    event_cstr_ref(e, &ecs[ECS_EVENT_DATASET], "sensor");
    event_strs_ref(e, &ecs[ECS_EVENT_CATEGORY], category, 1);
    event_strs_ref(e, &ecs[ECS_EVENT_TYPE], types, 1);
    put_process(h, e);
    for (unsigned i = 0; i < COUNT(counted); i++)
        event_int(e, &counter_fields[i], (int64_t)t->v[counted[i]]);
    put_parts(h, e, crew);
    h->batch.event[0] = e;
    h->batch.n = 1;
    return &h->batch;
}

void health_done(struct health *h)
{
    batch_reset(&h->batch);
}

void health_end(struct health *h)
{
    batch_free(&h->batch);
    chunk_pool_free(&h->pool);
}
