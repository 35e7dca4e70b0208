/* The codecs of the receiver alone, on one core: DNS events of 1.5 KB as a Packetbeat sends them.
 * Usage: codec [ROUNDS]. A line for each: events a second of CPU time, nanoseconds an event. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "codec/lumberjack.h"
#include "in/beats_message.h"
#include "model/message_batch.h"
#include "model/message_json.h"

#define EVENTS      2048 /* a batch of Beats */
#define EVENT_BYTES 2048

struct fixture {
    struct slice event[EVENTS];
    uint8_t *memory, *frames, *packed, *lines;
    struct buf plain, window, out;
    struct deflater *deflater;
    struct inflater *inflater;
    struct beats_reader *beats;
    struct lumberjack_limits limits;
    struct chunk_pool pool;
    struct arena mem;
};

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* clang-format off */
/* $ is the number of the event, # its last digit. */
static const char event_form[] =
    "{\"@timestamp\":\"2024-02-14T21:18:29.78#Z\",\"@metadata\":{\"beat\":\"packetbeat\","
    "\"type\":\"_doc\",\"version\":\"8.12.1\"},"
    "\"server\":{\"ip\":\"172.31.0.2\",\"port\":53,\"bytes\":1$},"
    "\"destination\":{\"ip\":\"172.31.0.2\",\"port\":53,\"bytes\":1$},"
    "\"client\":{\"ip\":\"172.31.71.$\",\"port\":32$,\"bytes\":50},"
    "\"source\":{\"ip\":\"172.31.71.$\",\"port\":32$,\"bytes\":50},"
    "\"network\":{\"type\":\"ipv4\",\"transport\":\"udp\",\"protocol\":\"dns\","
    "\"direction\":\"egress\","
    "\"community_id\":\"1:kWwbe$VZZqN5hOQlRu8UEk8=\",\"bytes\":1$},\"type\":\"dns\","
    "\"status\":\"OK\",\"method\":\"QUERY\","
    "\"resource\":\"host$.us-east-1.amazonaws.com\","
    "\"query\":\"class IN, type A, host$.us-east-1.amazonaws.com\","
    "\"event\":{\"kind\":\"event\",\"category\":[\"network\"],\"type\":[\"connection\","
    "\"protocol\"],\"dataset\":\"dns\","
    "\"duration\":1717$,\"start\":\"2024-02-14T21:18:29.782Z\","
    "\"end\":\"2024-02-14T21:18:29.784Z\"},"
    "\"dns\":{\"id\":2$,\"op_code\":\"QUERY\",\"flags\":{\"authoritative\":false,"
    "\"truncated_response\":false,"
    "\"recursion_desired\":true,\"recursion_available\":true,\"authentic_data\":false,"
    "\"checking_disabled\":false},"
    "\"header_flags\":[\"RD\",\"RA\"],\"response_code\":\"NOERROR\",\"type\":\"answer\","
    "\"question\":{\"name\":\"host$.us-east-1.amazonaws.com\",\"type\":\"A\","
    "\"class\":\"IN\",\"etld_plus_one\":\"amazonaws.com\","
    "\"registered_domain\":\"amazonaws.com\",\"top_level_domain\":\"com\","
    "\"subdomain\":\"host$.us-east-1\"},"
    "\"answers_count\":1,\"authorities_count\":0,\"additionals_count\":0,"
    "\"answers\":[{\"name\":\"host$.us-east-1.amazonaws.com\",\"class\":\"IN\","
    "\"type\":\"A\",\"data\":\"3.218.180.2#\",\"ttl\":\"4\"}],"
    "\"resolved_ip\":[\"3.218.180.2#\"]},\"ecs\":{\"version\":\"8.0.0\"},"
    "\"host\":{\"name\":\"sensor-01\"},"
    "\"agent\":{\"name\":\"sensor-01\",\"type\":\"packetbeat\",\"version\":\"8.12.1\"}}";
/* clang-format on */

static void put_event(struct buf *b, unsigned i)
{
    for (const char *p = event_form; *p; p++) {
        if (*p == '$')
            buf_dec(b, i);
        else if (*p == '#')
            buf_dec(b, i % 10);
        else
            buf_u8(b, (uint8_t)*p);
    }
}

static void prepare(struct fixture *f)
{
    size_t total = (size_t)EVENTS * EVENT_BYTES;
    f->memory = malloc(total);
    f->frames = malloc(total);
    f->packed = malloc(total);
    f->lines = malloc(2 * total);
    struct buf b = buf_of(f->memory, total);
    f->plain = buf_of(f->frames, total);
    f->window = buf_of(f->packed, total);
    f->out = buf_of(f->lines, 2 * total);
    for (unsigned i = 0; i < EVENTS; i++) {
        size_t start = b.n;
        put_event(&b, i);
        f->event[i] = buf_since(&b, start);
        lumberjack_put_json(&f->plain, i + 1, f->event[i]);
    }
    f->deflater = deflater_new(3);
    f->inflater = inflater_new();
    f->beats = beats_reader_new(&(struct beats_conf){ 0 });
    f->pool.max_bytes = (size_t)256 << 20;
    arena_init(&f->mem, &f->pool, 0);
    lumberjack_limits_default(&f->limits);
    lumberjack_put_window(&f->window, EVENTS);
    if (b.full || !lumberjack_put_compressed(&f->window, buf_slice(&f->plain), f->deflater))
        exit(1);
    printf("event %zu bytes, batch %zu packed to %zu (ratio %.1f)\n", b.n / EVENTS, f->plain.n,
           f->window.n, (double)f->plain.n / (double)f->window.n);
}

/* Documents to messages. */
static unsigned run_document(struct fixture *f)
{
    unsigned fields = 0;
    for (unsigned i = 0; i < EVENTS; i++) {
        struct message *m;
        if (beats_message(f->beats, f->event[i], &f->mem, &m) != BEATS_MESSAGE)
            exit(1);
        fields += m->n;
        if (i % MESSAGE_BATCH_MAX == 0)
            arena_reset(&f->mem);
    }
    return fields;
}

/* A compressed window to its payloads; `messages`: and to messages. */
static unsigned run_window(struct fixture *f, bool messages)
{
    struct lumberjack reader;
    struct lumberjack_item item;
    struct cursor c = cur_of(buf_slice(&f->window));
    enum lumberjack_what what;
    unsigned events = 0;
    lumberjack_init(&reader, &f->limits, f->inflater, &f->pool);
    while ((what = lumberjack_next(&reader, &c, &item)) != LUMBERJACK_MORE) {
        struct message *m;
        if (what == LUMBERJACK_ANNOUNCED)
            continue;
        if (what != LUMBERJACK_PAYLOAD)
            exit(1);
        if (messages && beats_message(f->beats, item.payload, &f->mem, &m) != BEATS_MESSAGE)
            exit(1);
        if (++events % MESSAGE_BATCH_MAX == 0)
            arena_reset(&f->mem);
    }
    lumberjack_free(&reader);
    arena_reset(&f->mem);
    return events;
}

static unsigned run_frames(struct fixture *f)
{
    return run_window(f, false);
}

static unsigned run_whole(struct fixture *f)
{
    return run_window(f, true);
}

/* Documents to messages to index form. */
static unsigned run_index(struct fixture *f)
{
    struct message_form form = { .message_id = SLICE("01HPM7F2D8Z3Y4X5W6V7T8S9R0") };
    buf_reset(&f->out);
    for (unsigned i = 0; i < EVENTS; i++) {
        struct message *m;
        if (beats_message(f->beats, f->event[i], &f->mem, &m) != BEATS_MESSAGE ||
            !message_json(m, &form, &f->out))
            exit(1);
        if (i % MESSAGE_BATCH_MAX == 0)
            arena_reset(&f->mem);
    }
    return f->out.n > 0;
}

static unsigned run_pack(struct fixture *f)
{
    f->window.n = 0;
    lumberjack_put_window(&f->window, EVENTS);
    return lumberjack_put_compressed(&f->window, buf_slice(&f->plain), f->deflater);
}

static const struct {
    const char *name;
    unsigned (*run)(struct fixture *f);
    double goal; /* events a second; 0: a figure without a goal */
} cases[] = {
    { "codec", run_document, 300000 }, { "frames", run_frames, 0 },
    { "inflate+codec", run_whole, 0 }, { "codec+index", run_index, 0 },
    { "pack", run_pack, 0 },
};

int main(int argc, char **argv)
{
    static struct fixture f;
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 30;
    prepare(&f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        double best = 1e9;
        cases[i].run(&f);
        for (unsigned r = 0; r < rounds; r++) {
            double start = cpu_s();
            if (!cases[i].run(&f))
                return 1;
            double took = cpu_s() - start;
            best = took < best ? took : best;
        }
        double rate = EVENTS / best;
        printf("bench %s %.0f events/s %.0f ns/event", cases[i].name, rate, 1e9 / rate);
        if (cases[i].goal > 0)
            printf(" goal %.0f %s", cases[i].goal, rate >= cases[i].goal ? "ok" : "short");
        printf("\n");
    }
    return 0;
}
