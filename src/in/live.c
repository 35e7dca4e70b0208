/* A live capture as it was configured: opens the device, follows the default route, numbers the
 * packets' interface. */
#include "in/live.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "in/device.h"
#include "os/clock.h"

#define NS_PER_S INT64_C(1000000000)

struct live {
    struct capture base;
    const struct interface_conf *conf;
    struct capture *device; /* NULL: none at present, the route is looked for */
    char name[DEVICE_NAME_MAX];
    uint16_t iface;
    int64_t period_ns, look_ns;  /* of the default route; 0: it is not followed */
    struct capture_stats before; /* of devices that were closed */
};

err live_no_right(const char *name, struct why *w)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
    struct slice exe = n > 0 ? slice_of(path, (size_t)n) : SLICE("wirelume");
    return why_set(w, ERR_RIGHTS,
                   "%s: the right to capture is missing; run as root, or give it once with: "
                   "sudo setcap cap_net_raw,cap_net_admin=eip %.*s",
                   name, (int)exe.n, (const char *)exe.p);
}

static err open_device(struct live *s, struct why *w)
{
    err (*open)(const struct interface_conf *, const char *, struct capture **, struct why *) =
        capture_type_of(s->conf) == CAPTURE_PCAP ? livepcap_open : afpacket_open;
    err e = open(s->conf, s->name, &s->device, w);
    s->base.fd = e == ERR_OK ? s->device->fd : -1;
    return e;
}

static void close_device(struct live *s)
{
    struct capture_stats last;
    if (!s->device)
        return;
    s->device->ops->stats(s->device, &last);
    s->before.packets += last.packets;
    s->before.drops += last.drops;
    s->device->ops->close(s->device);
    s->device = NULL;
    s->base.fd = -1;
}

/* Looks the default route up and changes to its device when it is another one. */
static void follow_route(struct live *s)
{
    char name[DEVICE_NAME_MAX];
    struct why w;
    if (device_resolve(s->conf->device, name, &w) != ERR_OK)
        return;
    if (s->device && strcmp(name, s->name) == 0)
        return;
    close_device(s);
    memcpy(s->name, name, sizeof(name));
    if (open_device(s, &w) == ERR_OK)
        log_info("sniffer", "capturing on %s: the default route goes through it now", name);
    else
        log_warn("sniffer", "%s", w.text);
}

static int no_device(const struct live *s)
{
    if (!s->base.no_wait)
        clock_sleep_until(clock_mono_ns() + LIVE_WAIT_MS * (NS_PER_S / 1000));
    return CAPTURE_IDLE;
}

static int live_read(struct capture *c, struct packet *p, unsigned max, struct why *w)
{
    struct live *s = container_of(c, struct live, base);
    if (s->period_ns && clock_mono_ns() >= s->look_ns) {
        s->look_ns = clock_mono_ns() + s->period_ns;
        follow_route(s);
    }
    if (!s->device)
        return no_device(s);
    s->device->no_wait = c->no_wait;
    int n = s->device->ops->read(s->device, p, max, w);
    for (int i = 0; i < n; i++)
        p[i].iface = s->iface;
    if (n != CAPTURE_FAILED || !s->period_ns)
        return n;
    log_warn("sniffer", "%s; looking for the default route", w->text);
    close_device(s);
    s->look_ns = 0;
    return CAPTURE_IDLE;
}

static void live_stats(struct capture *c, struct capture_stats *out)
{
    struct live *s = container_of(c, struct live, base);
    *out = (struct capture_stats){ 0 };
    if (s->device)
        s->device->ops->stats(s->device, out);
    out->packets += s->before.packets;
    out->drops += s->before.drops;
}

static void live_close(struct capture *c)
{
    struct live *s = container_of(c, struct live, base);
    close_device(s);
    xfree(s);
}

static const struct capture_ops live_ops = {
    .read = live_read,
    .stats = live_stats,
    .close = live_close,
};

static struct live *live_new(const struct interface_conf *conf, uint16_t iface)
{
    struct live *s = xcalloc(1, sizeof(*s));
    s->base = (struct capture){ .ops = &live_ops, .live = true, .realtime = true, .fd = -1 };
    s->conf = conf;
    s->iface = iface;
    return s;
}

static bool can_be_shared(const struct interface_conf *conf)
{
    return capture_type_of(conf) == CAPTURE_AF_PACKET &&
           !(device_is_route(conf->device) && conf->poll_default_route_ns > 0);
}

err capture_open_shared(const struct interface_conf *conf, uint16_t iface, struct capture **out,
                        unsigned n, struct why *w)
{
    struct capture *device[CAPTURE_SHARES_MAX];
    char name[DEVICE_NAME_MAX];
    BUG_ON(n == 0 || n > COUNT(device));
    memset(out, 0, n * sizeof(*out));
    if (n == 1 || !can_be_shared(conf))
        return capture_open_live(conf, iface, out, w);
    err e = capture_check(conf, 1, w);
    if (e == ERR_OK)
        e = device_resolve(conf->device, name, w);
    if (e == ERR_OK)
        e = afpacket_open_group(conf, name, device, n, w);
    for (unsigned i = 0; e == ERR_OK && i < n; i++) {
        struct live *s = live_new(conf, iface);
        memcpy(s->name, name, sizeof(name));
        s->device = device[i];
        s->base.fd = device[i]->fd;
        out[i] = &s->base;
    }
    return e;
}

err capture_open_live(const struct interface_conf *conf, uint16_t iface, struct capture **out,
                      struct why *w)
{
    struct live *s = live_new(conf, iface);
    if (device_is_route(conf->device) && conf->poll_default_route_ns > 0)
        s->period_ns =
            conf->poll_default_route_ns < NS_PER_S ? NS_PER_S : conf->poll_default_route_ns;
    s->look_ns = clock_mono_ns() + s->period_ns;
    err e = capture_check(conf, 1, w);
    if (e == ERR_OK)
        e = device_resolve(conf->device, s->name, w);
    if (e == ERR_OK)
        e = open_device(s, w);
    *out = e == ERR_OK ? &s->base : NULL;
    if (e != ERR_OK)
        live_close(&s->base);
    return e;
}
