/* --dump: packets into a pcap file with nanoseconds (draft-ietf-opsawg-pcap), in this machine's
 * byte order. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "in/capture.h"
#include "os/clock.h"
#include "os/file.h"

#define DUMP_BYTES   ((size_t)256 * 1024) /* written at a time */
#define DUMP_SNAPLEN 65535
#define MAC_BYTES    12
#define TPID_VLAN    0x8100
#define NS_PER_S     INT64_C(1000000000)

struct capture_dump {
    int fd;
    uint16_t link_type;
    bool said; /* that packets of another link type are left out */
    char path[PATH_MAX];
    struct buf out;
    uint8_t memory[DUMP_BYTES];
};

static void put32(struct buf *b, uint32_t v)
{
    buf_put(b, &v, sizeof(v));
}

err capture_dump_flush(struct capture_dump *d, struct why *w)
{
    bool ok = file_write_all(d->fd, buf_slice(&d->out));
    d->out = buf_of(d->memory, sizeof(d->memory));
    return ok ? ERR_OK : why_set(w, ERR_IO, "%s: %s", d->path, strerror(errno));
}

static void put_header(struct capture_dump *d)
{
    static const uint16_t version[] = { 2, 4 };
    put32(&d->out, 0xa1b23c4d);
    buf_put(&d->out, version, sizeof(version));
    put32(&d->out, 0);
    put32(&d->out, 0);
    put32(&d->out, DUMP_SNAPLEN);
    put32(&d->out, d->link_type);
}

struct capture_dump *capture_dump_open(const char *prefix, uint16_t link_type, struct why *w)
{
    struct capture_dump *d = xmalloc(sizeof(*d));
    *d = (struct capture_dump){ .link_type = link_type };
    d->out = buf_of(d->memory, sizeof(d->memory));
    struct buf path = buf_of(d->path, sizeof(d->path) - 1);
    buf_printf(&path, "%s-", prefix);
    clock_format(&path, clock_real_ns(), "%Y%m%d%H%M%S");
    buf_lit(&path, ".pcap");
    d->path[path.n] = '\0';
    d->fd = path.full ? -1 : open(d->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (d->fd < 0) {
        why_set(w, ERR_IO, "%s: %s", d->path, strerror(path.full ? ENAMETOOLONG : errno));
        xfree(d);
        return NULL;
    }
    put_header(d);
    return d;
}

/* The frame, cut to the snaplen, with the tag that the kernel took off put back. */
static void put_frame(struct buf *b, const struct packet *p, bool tag, size_t n)
{
    if (!tag) {
        buf_put(b, p->frame.p, n);
        return;
    }
    const uint8_t vlan[] = { TPID_VLAN >> 8, TPID_VLAN & 0xff, (uint8_t)(p->vlan_tci >> 8),
                             (uint8_t)p->vlan_tci };
    buf_put(b, p->frame.p, MAC_BYTES);
    buf_put(b, vlan, sizeof(vlan));
    buf_put(b, p->frame.p + MAC_BYTES, n - MAC_BYTES - sizeof(vlan));
}

err capture_dump_write(struct capture_dump *d, const struct packet *p, struct why *w)
{
    if (p->link_type != d->link_type) {
        if (!d->said)
            log_warn("dump", "%s holds link type %u; packets of type %u are left out", d->path,
                     d->link_type, p->link_type);
        d->said = true;
        return ERR_OK;
    }
    bool tag = p->vlan_valid && p->link_type == LINK_ETHERNET && p->frame.n >= MAC_BYTES;
    size_t n = p->frame.n + (tag ? 4 : 0);
    n = n < DUMP_SNAPLEN ? n : DUMP_SNAPLEN;
    if (d->out.cap - d->out.n < 16 + n) {
        err e = capture_dump_flush(d, w);
        if (e != ERR_OK)
            return e;
    }
    put32(&d->out, (uint32_t)(p->ts_ns / NS_PER_S));
    put32(&d->out, (uint32_t)(p->ts_ns % NS_PER_S));
    put32(&d->out, (uint32_t)n);
    put32(&d->out, p->wire_len);
    put_frame(&d->out, p, tag, n);
    return ERR_OK;
}

void capture_dump_close(struct capture_dump *d)
{
    struct why w;
    if (!d)
        return;
    if (capture_dump_flush(d, &w) != ERR_OK)
        log_error("dump", "%s", w.text);
    close(d->fd);
    xfree(d);
}
