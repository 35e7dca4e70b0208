/* The live stream (HTML, section server-sent events). */
#include "web/live.h"
#include "os/clock.h"
#include "web/conn.h"
#include "web/handlers.h"

#define NS_PER_MS INT64_C(1000000)
#define QUIET_NS  INT64_C(15000000000) /* a comment shows proxies that somebody is there */

void live_begin(struct exchange *x)
{
    struct web *web = x->web;
    if (x->head.method == HTTP_HEAD || web->n_live < web->conf.live_clients) {
        x->status = 200;
        x->type = "text/event-stream";
        x->live = x->head.method != HTTP_HEAD;
        return;
    }
    web_count(web, COUNTER_WEB_BUSY);
    exchange_fail(x, 503, "too many pages watch already (web.live_clients)");
    exchange_header(x, "Retry-After", "10");
}

static void put_tick(struct buf *b, const struct web *web, const struct health_sums *s)
{
    buf_printf(b,
               "event: tick\ndata: {\"t\":%lld,\"received\":%llu,\"stored\":%llu,\"dropped\":%llu,",
               (long long)(clock_real_ns() / NS_PER_MS), (unsigned long long)s->received,
               (unsigned long long)s->stored, (unsigned long long)s->dropped);
    buf_lit(b, "\"latest\":");
    if (board_latest_ms(web->sources.board))
        buf_int(b, board_latest_ms(web->sources.board));
    else
        buf_lit(b, "null");
    buf_lit(b, "}\n\n");
}

/* live_sent: what the last event said, plus one, so that the first one is always sent. */
static void tick_one(struct conn *c, struct slice tick, uint64_t sum, int64_t now_ns)
{
    bool changed = c->live_sent != sum + 1;
    if (!changed && now_ns - c->live_ns < QUIET_NS)
        return;
    c->live_ns = now_ns;
    c->live_sent = sum + 1;
    (void)conn_send_live(c, changed ? tick : SLICE(": nothing new\n\n"));
}

void live_tick(struct web *web)
{
    uint8_t text[512];
    struct buf b = buf_of(text, sizeof text);
    struct health_sums s = health_sums_of(web);
    int64_t now_ns = clock_mono_ns();
    if (!web->n_live)
        return;
    put_tick(&b, web, &s);
    for (struct list *l = web->conns.next, *next; l != &web->conns; l = next) {
        struct conn *c = container_of(l, struct conn, all);
        next = l->next;
        if (c->state == CONN_LIVE)
            tick_one(c, buf_slice(&b), s.received + s.stored + s.dropped, now_ns);
    }
}
