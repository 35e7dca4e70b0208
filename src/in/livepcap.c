/* Live capture through libpcap (pcap(3PCAP)). Its frames live only in the callback: they are
 * copied, once. */
#include <poll.h>
#include <stdio.h>

#include <pcap/pcap.h>

#include "base/bug.h"
#include "in/device.h"
#include "in/live.h"

#define NS_PER_S   INT64_C(1000000000)
#define COPY_BYTES ((size_t)1024 * 1024)

struct livepcap {
    struct capture base;
    char name[DEVICE_NAME_MAX];
    pcap_t *handle;
    uint16_t link_type;
    uint64_t packets;
    struct capture_stats last; /* the numbers of libpcap have 32 bits */
    uint32_t last_drops;

    /* where the callback puts packets during one read */
    struct packet *p;
    unsigned n;
    size_t used;
    uint8_t copy[COPY_BYTES];
};

static void livepcap_packet(u_char *ctx, const struct pcap_pkthdr *h, const u_char *bytes)
{
    struct livepcap *s = (struct livepcap *)(void *)ctx;
    struct packet *p = &s->p[s->n++];
    size_t n = h->caplen < COPY_BYTES - s->used ? h->caplen : COPY_BYTES - s->used;
    memcpy(s->copy + s->used, bytes, n);
    p->ts_ns = h->ts.tv_sec * NS_PER_S + h->ts.tv_usec; /* the handle counts ns */
    p->frame = slice_of(s->copy + s->used, n);
    p->wire_len = h->len > n ? h->len : (uint32_t)n;
    p->link_type = s->link_type;
    p->vlan_valid = p->is_copy = false;
    p->clock_ns = 0;
    p->vlan_tci = 0;
    s->used += n;
    if (COPY_BYTES - s->used < (size_t)pcap_snapshot(s->handle))
        pcap_breakloop(s->handle);
}

static int livepcap_read(struct capture *c, struct packet *p, unsigned max, struct why *w)
{
    struct livepcap *s = container_of(c, struct livepcap, base);
    struct pollfd ready = { .fd = c->fd, .events = POLLIN };
    s->p = p;
    s->n = 0;
    s->used = 0;
    int r = pcap_dispatch(s->handle, (int)max, livepcap_packet, (u_char *)s);
    if (r == 0 && !c->no_wait) {
        poll(&ready, 1, LIVE_WAIT_MS);
        r = pcap_dispatch(s->handle, (int)max, livepcap_packet, (u_char *)s);
    }
    s->packets += s->n;
    if (r >= 0 || r == PCAP_ERROR_BREAK || s->n > 0)
        return (int)s->n;
    why_set(w, ERR_IO, "%s: %s", s->name, pcap_geterr(s->handle));
    return CAPTURE_FAILED;
}

static void livepcap_stats(struct capture *c, struct capture_stats *out)
{
    struct livepcap *s = container_of(c, struct livepcap, base);
    struct pcap_stat got;
    if (pcap_stats(s->handle, &got) == 0) {
        s->last.drops += got.ps_drop - s->last_drops;
        s->last_drops = got.ps_drop;
    }
    s->last.packets = s->packets;
    *out = s->last;
}

static void livepcap_close(struct capture *c)
{
    struct livepcap *s = container_of(c, struct livepcap, base);
    if (s->handle)
        pcap_close(s->handle);
    xfree(s);
}

static const struct capture_ops livepcap_ops = {
    .read = livepcap_read,
    .stats = livepcap_stats,
    .close = livepcap_close,
};

static err activation_failed(const struct livepcap *s, int status, struct why *w)
{
    if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED)
        return live_no_right(s->name, w);
    const char *more = pcap_geterr(s->handle);
    bool missing = status == PCAP_ERROR_NO_SUCH_DEVICE;
    return why_set(w, missing ? ERR_MISSING : ERR_IO, "%s: %s%s%s%s", s->name,
                   pcap_statustostr(status), more[0] ? " (" : "", more, more[0] ? ")" : "");
}

/* Always promiscuous, as Packetbeat is (packetbeat-core.md 5.2); the ring is as large as asked. */
static err activate(struct livepcap *s, const struct interface_conf *conf, struct why *w)
{
    char error[PCAP_ERRBUF_SIZE];
    s->handle = pcap_create(s->name, error);
    if (!s->handle)
        return why_set(w, ERR_IO, "%s: %s", s->name, error);
    int64_t mb = conf->buffer_size_mb < 2047 ? conf->buffer_size_mb : 2047;
    pcap_set_snaplen(s->handle, (int)conf->snaplen);
    pcap_set_promisc(s->handle, strcmp(s->name, "any") != 0);
    pcap_set_timeout(s->handle, LIVE_WAIT_MS);
    pcap_set_tstamp_precision(s->handle, PCAP_TSTAMP_PRECISION_NANO);
    if (mb > 0)
        pcap_set_buffer_size(s->handle, (int)mb * 1024 * 1024);
    int status = pcap_activate(s->handle);
    return status < 0 ? activation_failed(s, status, w) : ERR_OK;
}

static err prepare(struct livepcap *s, const struct interface_conf *conf, struct why *w)
{
    char error[PCAP_ERRBUF_SIZE];
    struct bpf_program program;
    err e = activate(s, conf, w);
    if (e != ERR_OK)
        return e;
    if (conf->bpf_filter && conf->bpf_filter[0]) {
        if (pcap_compile(s->handle, &program, conf->bpf_filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
            return why_set(w, ERR_CONFIG, "%s: bpf_filter \"%s\": %s", s->name, conf->bpf_filter,
                           pcap_geterr(s->handle));
        int r = pcap_setfilter(s->handle, &program);
        pcap_freecode(&program);
        if (r != 0)
            return why_set(w, ERR_IO, "%s: bpf_filter: %s", s->name, pcap_geterr(s->handle));
    }
    if (pcap_setnonblock(s->handle, 1, error) != 0)
        return why_set(w, ERR_IO, "%s: %s", s->name, error);
    int link = pcap_datalink(s->handle);
    s->link_type = link == DLT_RAW ? LINK_RAW : (uint16_t)link;
    s->base.fd = pcap_get_selectable_fd(s->handle);
    return ERR_OK;
}

err livepcap_open(const struct interface_conf *conf, const char *name, struct capture **out,
                  struct why *w)
{
    struct livepcap *s = xcalloc(1, sizeof(*s));
    s->base = (struct capture){ .ops = &livepcap_ops, .live = true, .realtime = true, .fd = -1 };
    snprintf(s->name, sizeof(s->name), "%s", name);
    err e = prepare(s, conf, w);
    *out = e == ERR_OK ? &s->base : NULL;
    if (e != ERR_OK)
        livepcap_close(&s->base);
    return e;
}
