/* Frames shared out to several packet paths, as several workers have them. */
#include "base/bug.h"
#include "in/pick.h"
#include "in/spread.h"
#include "lib/replay.h"
#include "os/thread.h"

/* The paths are on the test's thread; the spread has its own. */

static void run(void *ctx)
{
    struct why w;
    BUG_ON(spread_run(ctx, &w) != ERR_OK);
}

/* One read of a part; false when it has ended. */
static bool feed(struct replay *r, struct capture *part)
{
    struct packet p[64];
    struct why w;
    int n = part->ops->read(part, p, COUNT(p), &w);
    for (int i = 0; i < n; i++) {
        const struct frame f = { .ts_ns = p[i].ts_ns,
                                 .p = (uint8_t *)(uintptr_t)p[i].frame.p,
                                 .n = (uint32_t)p[i].frame.n,
                                 .wire_len = p[i].wire_len,
                                 .link_type = p[i].link_type,
                                 .iface = p[i].iface,
                                 .vlan_tci = p[i].vlan_tci,
                                 .vlan_valid = p[i].vlan_valid };
        r->clock_ns = p[i].clock_ns;
        r->is_copy = p[i].is_copy;
        replay_frame(r, &f);
    }
    return n != CAPTURE_END;
}

void replay_spread(const struct replay_conf *conf, const struct traffic *f, unsigned n,
                   struct lines *out)
{
    struct traffic_capture from = traffic_capture_of(f);
    struct spread *s = spread_new(&from.base, n, &conf->net);
    struct replay *r[SPREAD_MAX];
    struct thread thread = { .running = false };
    bool open[SPREAD_MAX];
    unsigned left = n;
    for (unsigned i = 0; i < n; i++) {
        r[i] = replay_new(conf, REPLAY_BATCH_BYTES);
        r[i]->out = out;
        net_take_share(r[i]->net, i, n);
        spread_part(s, i)->no_wait = true;
        open[i] = true;
    }
    BUG_ON(thread_start(&thread, "spread", run, s) != ERR_OK);
    while (left)
        for (unsigned i = 0; i < n; i++)
            if (open[i] && !feed(r[i], spread_part(s, i))) {
                open[i] = false;
                left--;
            }
    thread_join(&thread);
    for (unsigned i = 0; i < n; i++) {
        if (spread_part(s, i)->passed_ns)
            net_tick(r[i]->net, spread_part(s, i)->passed_ns);
        replay_finish(r[i]);
        replay_free(r[i]);
    }
    spread_free(s);
}

void replay_pick(const struct replay_conf *conf, const struct traffic *f, unsigned n,
                 struct lines *out)
{
    for (unsigned i = 0; i < n; i++) {
        struct traffic_capture from = traffic_capture_of(f);
        struct capture *part = pick_new(&from.base, i, n, &conf->net);
        struct replay *r = replay_new(conf, REPLAY_BATCH_BYTES);
        r->out = out;
        net_take_share(r->net, i, n);
        while (feed(r, part))
            ;
        if (part->passed_ns)
            net_tick(r->net, part->passed_ns);
        replay_finish(r);
        replay_free(r);
        part->ops->close(part);
    }
}
