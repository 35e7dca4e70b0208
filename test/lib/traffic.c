/* Lists of frames. */
#include "lib/traffic.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "in/capture.h"

struct frame *traffic_add(struct traffic *f, const struct frame *like, const void *p, size_t n)
{
    struct frame made = *like;
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->v = xrealloc(f->v, f->cap * sizeof *f->v);
    }
    made.p = xcalloc(1, n + !n);
    made.n = made.wire_len = (uint32_t)n;
    if (p && n)
        memcpy(made.p, p, n);
    f->v[f->n] = made;
    return &f->v[f->n++];
}

struct frame *traffic_copy(struct traffic *f, const struct frame *of)
{
    struct frame *made = traffic_add(f, of, of->p, of->n);
    made->wire_len = of->wire_len;
    return made;
}

static void take(struct traffic *f, const struct packet *p)
{
    struct frame like = { .ts_ns = p->ts_ns,
                          .link_type = p->link_type,
                          .iface = p->iface,
                          .vlan_tci = p->vlan_tci,
                          .vlan_valid = p->vlan_valid };
    traffic_add(f, &like, p->frame.p, p->frame.n)->wire_len = p->wire_len;
}

void traffic_read(struct traffic *f, const char *path)
{
    struct why why = { "" };
    struct capture *c = NULL;
    struct capture_file_conf conf = { .paths = &path, .n_paths = 1 };
    if (capture_open_files(&conf, &c, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(2);
    }
    struct packet p[32];
    int n;
    while ((n = c->ops->read(c, p, COUNT(p), &why)) >= 0)
        for (int i = 0; i < n; i++)
            take(f, &p[i]);
    c->ops->close(c);
}

size_t traffic_bytes(const struct traffic *f)
{
    size_t bytes = 0;
    for (size_t i = 0; i < f->n; i++)
        bytes += f->v[i].n;
    return bytes;
}

void traffic_free(struct traffic *f)
{
    for (size_t i = 0; i < f->n; i++)
        xfree(f->v[i].p);
    xfree(f->v);
    *f = (struct traffic){ 0 };
}

static int traffic_capture_read(struct capture *c, struct packet *p, unsigned max, struct why *w)
{
    struct traffic_capture *s = container_of(c, struct traffic_capture, base);
    unsigned n = 0;
    (void)w;
    for (; n < max && s->next < s->f->n; n++) {
        const struct frame *f = &s->f->v[s->next++];
        p[n] = (struct packet){ .ts_ns = f->ts_ns,
                                .frame = slice_of(f->p, f->n),
                                .wire_len = f->wire_len,
                                .link_type = f->link_type,
                                .iface = f->iface,
                                .vlan_tci = f->vlan_tci,
                                .vlan_valid = f->vlan_valid };
    }
    return n ? (int)n : CAPTURE_END;
}

struct traffic_capture traffic_capture_of(const struct traffic *f)
{
    static const struct capture_ops ops = { .read = traffic_capture_read };
    return (struct traffic_capture){ .base = { .ops = &ops, .fd = -1 }, .f = f };
}
