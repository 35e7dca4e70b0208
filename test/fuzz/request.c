/* Fuzz target: a connection of the web server from its socket to the bytes of its answers. The
 * first byte chooses in which pieces the rest is sent, and whether it comes over the local socket.
 * Handlers of the pool are answered at once, without a store. Answers have a head, and a body of
 * the length that it says; in other pieces the same requests get as many answers of the same
 * statuses; nothing that was cut short is left open. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/bug.h"
#include "base/cursor.h"
#include "base/log.h"
#include "os/clock.h"
#include "web/conn.h"

#define ANSWER_BYTES ((size_t)4 << 20)
#define ANSWERS_MAX  64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct answers {
    int status[ANSWERS_MAX];
    unsigned n;
};

static struct web *web;
static uint8_t *got;

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static void quiet(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx, (void)level, (void)area, (void)text;
}

static void start(void)
{
    const struct access_conf access = { .idle_ns = INT64_MAX, .life_ns = INT64_MAX };
    struct why why;
    log_set_sink(quiet, NULL);
    got = malloc(ANSWER_BYTES);
    web = xcalloc(1, sizeof *web);
    web->conf = (struct web_conf){ .connections = 4, .max_body = 4096, .query_ns = INT64_MAX / 4 };
    web->conf.connections_of_address = 4;
    web->conf.head_ns = web->conf.body_ns = web->conf.quiet_ns = INT64_MAX / 4;
    web->conf.queue = 1;
    web->sources.version = "1";
    web->sources.folder = "/nonexistent";
    web->sources.board = board_new();
    web->counters = xcalloc(1, sizeof *web->counters);
    web->base = event_base_new();
    web->local = -1;
    list_init(&web->conns);
    list_init(&web->pool.waiting);
    list_init(&web->pool.done);
    pthread_mutex_init(&web->pool.queue, NULL);
    pthread_cond_init(&web->pool.more, NULL);
    pthread_mutex_init(&web->health.points, NULL);
    web->pool.size = 4;
    require(web->base && !access_open(&web->access, &access, &why));
}

/* As the pool would, without asking. */
static void answer_waiting(void)
{
    for (struct list *l; (l = list_first(&web->pool.waiting));) {
        struct exchange *x = container_of(l, struct exchange, queued);
        list_remove(l);
        web->pool.n_waiting--;
        exchange_fail(x, 503, "there is no store");
        x->finish = NULL;
        conn_answer(x);
    }
}

static void let_it_work(void)
{
    for (unsigned i = 0; i < 4; i++) {
        event_base_loop(web->base, EVLOOP_NONBLOCK);
        answer_waiting();
    }
}

static size_t take(int fd, size_t have)
{
    ssize_t n;
    while ((n = recv(fd, got + have, ANSWER_BYTES - have, MSG_DONTWAIT)) > 0)
        have += (size_t)n;
    return have;
}

/* Sends in pieces of `step`, and takes what comes. */
static size_t talk(struct slice s, size_t step, bool local)
{
    struct addr ip;
    int fd[2];
    size_t have = 0;
    require(addr_parse(SLICE("127.0.0.1"), &ip));
    require(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd));
    conn_accept(web, fd[0], &ip, local);
    while (s.n) {
        size_t piece = s.n < step ? s.n : step;
        if (send(fd[1], s.p, piece, MSG_NOSIGNAL) != (ssize_t)piece)
            break;
        s = slice_after(s, piece);
        let_it_work();
        have = take(fd[1], have);
    }
    shutdown(fd[1], SHUT_WR);
    let_it_work();
    have = take(fd[1], have);
    for (struct list *l; (l = list_first(&web->conns));)
        conn_close(container_of(l, struct conn, all));
    let_it_work();
    close(fd[1]);
    require(atomic_load(&web->n_conns) == 0 && web->pool.n_waiting == 0);
    return have;
}

static uint64_t length_of(struct slice head)
{
    static const struct slice name = SLICE("\r\nContent-Length: ");
    ptrdiff_t at = slice_search(head, name);
    struct cursor c = cur_of(slice_after(head, at < 0 ? head.n : (size_t)at + name.n));
    uint64_t v = 0;
    struct slice digits = cur_line(&c);
    return at >= 0 && slice_to_u64(digits, &v) ? v : 0;
}

/* A head and its body off the front; `bodies`: how many answers may come without one (HEAD). */
static void read_answers(struct slice s, struct answers *out)
{
    while (s.n && out->n < ANSWERS_MAX) {
        ptrdiff_t end = slice_search(s, SLICE("\r\n\r\n"));
        require(slice_starts(s, SLICE("HTTP/1.1 ")) && end > 0);
        struct slice head = slice_first(s, (size_t)end + 2);
        int status = (s.p[9] - '0') * 100 + (s.p[10] - '0') * 10 + s.p[11] - '0';
        require(status == 100 || (status >= 200 && status < 600));
        s = slice_after(s, (size_t)end + 4);
        uint64_t n = length_of(head);
        bool is_next = slice_starts(s, SLICE("HTTP/1.1 ")); /* the answer to a HEAD has no body */
        if (n && s.n && !is_next) {
            bool live = slice_search(head, SLICE("event-stream")) >= 0;
            require(live || n <= s.n);
            s = slice_after(s, (size_t)n);
        }
        if (slice_search(head, SLICE("event-stream")) >= 0)
            s.n = 0;
        if (status != 100)
            out->status[out->n++] = status;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct answers whole = { .n = 0 }, pieces = { .n = 0 };
    if (!web)
        start();
    if (!n)
        return 0;
    bool local = data[0] & 1;
    struct slice s = slice_of(data + 1, n - 1);
    read_answers(slice_of(got, talk(s, s.n, local)), &whole);
    read_answers(slice_of(got, talk(s, 1 + (size_t)(data[0] >> 1), local)), &pieces);
    unsigned least = whole.n < pieces.n ? whole.n : pieces.n;
    require(memcmp(whole.status, pieces.status, least * sizeof *whole.status) == 0);
    return 0;
}
