/* Fuzz target: a connection of Beats from its socket to batches and back. The first byte chooses in
 * which pieces the rest is sent, the second what the pipe does with batches: at once, late, at the
 * very end, or refused now and then. Against a reading of the same bytes in one piece:
 * - an acknowledgement is the number of a ticket whose batch was answered durable, in their order,
 *   and none follows a batch that was not;
 * - when a ticket is given out, all messages of the events up to it are in the batches so far;
 * - unless the client was sent away, every event of the stream became a message or was counted. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "codec/lumberjack.h"
#include "in/beats_message.h"
#include "in/input.h"

#define EVENTS_MAX    8192
#define BATCHES       2
#define BATCH_BYTES   ((size_t)256 * 1024)
#define FRAME_BYTES   65536
#define INFLATED      ((size_t)4 << 20)
#define CONNECT_TRIES 8
#define RUNS_WITHOUT  1000
#define QUIET         3 /* rounds without any change: nothing more will happen by itself */

extern const struct input input_beats;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

/* ---- what the bytes hold, read in one piece */

struct expected {
    uint64_t window[EVENTS_MAX];
    uint32_t sequence[EVENTS_MAX];
    unsigned messages[EVENTS_MAX]; /* that the events up to and with this one gave */
    unsigned n;
};

static struct expected want;
static struct beats_reader *reader;
static struct inflater *inflater;

static unsigned is_message(struct slice json)
{
    struct chunk_pool pool = { .max_bytes = BATCH_BYTES + 2 * ARENA_CHUNK_BYTES };
    struct arena mem;
    struct message *m;
    arena_init(&mem, &pool, BATCH_BYTES);
    unsigned yes = beats_message(reader, json, &mem, &m) == BEATS_MESSAGE && message_is_complete(m);
    arena_free(&mem);
    chunk_pool_free(&pool);
    return yes;
}

/* False: more events than are looked at. */
static bool read_whole(struct slice bytes)
{
    struct lumberjack_limits limits = { .window = 4096,
                                        .frame_bytes = FRAME_BYTES,
                                        .packed_bytes = FRAME_BYTES,
                                        .inflated_bytes = INFLATED };
    struct chunk_pool pool = { .max_bytes = 16 * INFLATED };
    struct lumberjack l;
    struct lumberjack_item item;
    enum lumberjack_what what;
    struct cursor c = cur_of(bytes);
    uint64_t window = 0;
    unsigned messages = 0;
    want.n = 0;
    lumberjack_limits_default(&limits);
    lumberjack_init(&l, &limits, inflater, &pool);
    while ((what = lumberjack_next(&l, &c, &item)) <= LUMBERJACK_PAYLOAD) {
        if (what == LUMBERJACK_MORE || want.n == EVENTS_MAX)
            break;
        window += what == LUMBERJACK_ANNOUNCED;
        if (what == LUMBERJACK_ANNOUNCED)
            continue;
        messages += is_message(item.payload);
        want.window[want.n] = window;
        want.sequence[want.n] = item.sequence;
        want.messages[want.n++] = messages;
    }
    lumberjack_free(&l);
    chunk_pool_free(&pool);
    return want.n < EVENTS_MAX;
}

/* Events that a client numbered alike: a ticket may mean either. */
static bool is_same(unsigned a, unsigned b)
{
    return want.window[a] == want.window[b] && want.sequence[a] == want.sequence[b] &&
           want.messages[a] == want.messages[b];
}

/* ---- the receiver: one for all runs, its loop driven from here */

static struct intake *intake;
static uint16_t port;

static void no_log(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx, (void)level, (void)area, (void)text;
}

static struct node *section_of(struct arena *mem)
{
    static const char *const pairs[][2] = {
        { "port", "0" },           { "bind_address", "127.0.0.1" }, { "max_window", "4096" },
        { "max_frame", "65536" },  { "max_packed", "65536" },       { "max_inflated", "4194304" },
        { "ack_keepalive", "1h" }, { "memory", "16MiB" },
    };
    struct node *section = node_new(mem, NODE_MAP);
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct node *n = node_new(mem, NODE_STR);
        n->key = pairs[i][0];
        n->text = pairs[i][1];
        node_append(section, n);
    }
    return section;
}

/* The loop's first turn ends itself: from then on it is turned from here. */
static void stop_turning(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    event_base_loopbreak(ctx);
}

static void begin(void)
{
    static struct arena mem;
    static const struct beats_conf plain;
    struct why w;
    struct intake_conf conf = { .batches = BATCHES, .batch_bytes = BATCH_BYTES };
    struct loading l = { "inputs.beats", &mem, &w };
    log_set_sink(no_log, NULL);
    intake = intake_new(&conf);
    inflater = inflater_new();
    reader = beats_reader_new(&plain);
    arena_init(&mem, NULL, 0);
    void *opened = arena_zalloc(&mem, input_beats.conf_size);
    require(option_load(input_beats.options, section_of(&mem), opened, &l) == ERR_OK);
    require(input_beats.open(intake, opened, &port, &w) == ERR_OK);
    struct timeval now = { 0, 0 };
    struct event_base *base = intake_base(intake);
    require(event_base_once(base, -1, EV_TIMEOUT, stop_turning, base, &now) == 0);
    require(intake_run(intake, &w) == ERR_OK);
}

/* ---- a run */

enum manner { AT_ONCE, AT_THE_END, LATE, NOW_AND_THEN };

struct run {
    int fd;
    enum manner manner;
    uint32_t random;
    struct message_batch *held[BATCHES];
    unsigned n_held, handed, at; /* messages handed over; event of the last ticket */
    uint32_t owed[EVENTS_MAX];   /* numbers of durable tickets, oldest first */
    unsigned n_owed, told;
    bool refused, ended; /* a batch was not taken; the receiver closed */
    uint8_t in[256];
    size_t in_n;
};

static uint32_t draw(struct run *r)
{
    r->random = r->random * 1664525 + 1013904223;
    return r->random >> 24;
}

/* All messages of the events up to the last ticket are in the batches so far. */
static void check_tickets(struct run *r, const struct message_batch *b)
{
    r->handed += b->n;
    require(b->n_tickets > 0 || b->n == 0);
    for (unsigned i = 0; i < b->n_tickets; i++) {
        bool last = i + 1 == b->n_tickets;
        const struct ticket *t = &b->ticket[i];
        while (r->at < want.n &&
               (want.window[r->at] != t->window || want.sequence[r->at] != t->sequence ||
                (last && want.messages[r->at] != r->handed)))
            r->at++;
        require(r->at < want.n && want.messages[r->at] <= r->handed);
        r->at++;
    }
}

static bool take(struct run *r)
{
    struct message_batch *b = r->n_held < BATCHES ? intake_take(intake) : NULL;
    if (!b)
        return false;
    check_tickets(r, b);
    r->held[r->n_held++] = b;
    return true;
}

static void answer(struct run *r, bool durable)
{
    struct message_batch *b = r->held[0];
    r->held[0] = r->held[1];
    r->n_held--;
    b->answer = durable ? ANSWER_DURABLE : ANSWER_RETRY;
    r->refused |= !durable;
    for (unsigned i = 0; i < b->n_tickets && !r->refused; i++)
        if (b->ticket[i].sequence && r->n_owed < EVENTS_MAX)
            r->owed[r->n_owed++] = b->ticket[i].sequence;
    intake_give_back(intake, b);
}

/* True when a batch was given back. */
static bool answer_some(struct run *r, bool end)
{
    if (!r->n_held || (r->manner == AT_THE_END && !end))
        return false;
    if (r->manner == LATE && !end && draw(r) & 3)
        return false;
    answer(r, r->manner != NOW_AND_THEN || draw(r) > 32);
    return true;
}

static void read_acks(struct run *r)
{
    struct cursor c = cur_of(slice_of(r->in, r->in_n));
    uint32_t sequence;
    bool bad = false;
    while (lumberjack_take_ack(&c, &sequence, &bad)) {
        if (sequence == 0)
            continue;
        require(r->told < r->n_owed && r->owed[r->told] == sequence);
        r->told++;
    }
    require(!bad);
    memmove(r->in, r->in + r->in_n - cur_left(&c), cur_left(&c));
    r->in_n = cur_left(&c);
}

static bool receive(struct run *r)
{
    ssize_t n = recv(r->fd, r->in + r->in_n, sizeof r->in - r->in_n, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        r->ended = true;
    if (n <= 0)
        return false;
    r->in_n += (size_t)n;
    read_acks(r);
    return true;
}

/* Lets the receiver work until nothing changes any more. */
static void settle(struct run *r, bool end)
{
    for (unsigned quiet = 0; quiet < QUIET; quiet++) {
        uint64_t before = counter_get(intake_counters(intake), COUNTER_INTAKE_BYTES);
        event_base_loop(intake_base(intake), EVLOOP_NONBLOCK);
        bool moved = before != counter_get(intake_counters(intake), COUNTER_INTAKE_BYTES);
        moved |= take(r);
        moved |= answer_some(r, end);
        moved |= receive(r);
        if (moved)
            quiet = 0;
    }
}

/* From another address each time: where the receiver closes first, the pair of ports rests. */
static bool connect_once(struct run *r)
{
    static uint32_t last;
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in from = { .sin_family = AF_INET };
    int one = 1;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + ++last % 0xfffff);
    r->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (r->fd < 0)
        return false;
    setsockopt(r->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(r->fd, (struct sockaddr *)&from, sizeof from) == 0 &&
        connect(r->fd, (struct sockaddr *)&sa, sizeof sa) == 0)
        return true;
    int code = errno;
    close(r->fd);
    errno = code;
    return false;
}

/* False: the machine has no connection to give now (ports rest, others use them up), which says
 * nothing about the receiver. A machine that never has one is a fault of the run. */
static bool connect_to(struct run *r)
{
    static unsigned without;
    struct linger reset = { 1, 0 };
    int one = 1;
    for (unsigned i = 0; i < CONNECT_TRIES; i++) {
        if (!connect_once(r))
            continue;
        without = 0;
        setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset); /* no port stays behind */
        setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);  /* no piece waits for one */
        return true;
    }
    fprintf(stderr, "beats-stream: a run is passed: cannot connect: %s\n", strerror(errno));
    require(++without < RUNS_WITHOUT);
    return false;
}

static void send_all(struct run *r, struct slice bytes, size_t step)
{
    while (bytes.n && !r->ended) {
        size_t n = bytes.n < step ? bytes.n : step;
        ssize_t sent = send(r->fd, bytes.p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return;
        bytes = slice_after(bytes, sent > 0 ? (size_t)sent : 0);
        settle(r, sent < 0); /* the socket is full: only answers make room */
    }
}

static uint64_t events_counted(void)
{
    const struct counters *c = intake_counters(intake);
    return counter_get(c, COUNTER_INTAKE_MESSAGES) + counter_get(c, COUNTER_INTAKE_INCOMPLETE) +
           counter_get(c, COUNTER_INTAKE_REFUSED);
}

static void finish(struct run *r)
{
    unsigned left = 0;
    close(r->fd);
    r->ended = true;
    r->manner = AT_ONCE;
    while (intake_clients(intake)->n || r->n_held) {
        event_base_loop(intake_base(intake), EVLOOP_NONBLOCK);
        take(r);
        if (r->n_held)
            answer(r, true);
        require(++left < 100000);
    }
    event_base_loop(intake_base(intake), EVLOOP_NONBLOCK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct run r;
    if (n < 2)
        return 0;
    if (!intake)
        begin();
    struct slice bytes = slice_of(data + 2, n - 2);
    if (!read_whole(bytes))
        return 0;
    uint64_t before = events_counted();
    r = (struct run){ .manner = data[1] & 3, .random = data[1] };
    if (!connect_to(&r))
        return 0;
    send_all(&r, bytes, data[0] ? data[0] * 8u : n);
    settle(&r, true);
    if (!r.refused) {
        require(events_counted() - before == want.n);
        bool all = want.n == 0 || (r.at && is_same(r.at - 1, want.n - 1));
        require(r.ended || (all && r.told == r.n_owed));
    }
    finish(&r);
    return 0;
}
