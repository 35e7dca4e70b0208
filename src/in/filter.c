/* BPF filters: libpcap compiles them (pcap-filter(7)), one program for each link type. */
#include "in/filter.h"

#include <pcap/pcap.h>

#include "base/bug.h"

#define LINK_TYPES 16 /* different ones in one capture */
#define SNAPLEN    262144

struct filter {
    char *text;
    unsigned n;
    struct {
        uint16_t link_type;
        struct bpf_program program;
    } of[LINK_TYPES];
};

/* libpcap's own number where it differs from the one in files. */
static int dlt_of(uint16_t link_type)
{
    return link_type == LINK_RAW ? DLT_RAW : link_type;
}

/* An Ethernet handle for which libpcap knows that the kernel takes VLAN tags off. The loopback
 * interface is one, and always there. NULL without the right to capture. */
static pcap_t *vlan_handle(int snaplen)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *handle = pcap_create("lo", error);
    if (!handle)
        return NULL;
    pcap_set_snaplen(handle, snaplen);
    pcap_set_buffer_size(handle, 256 * 1024);
    if (pcap_activate(handle) >= 0 && pcap_datalink(handle) == DLT_EN10MB)
        return handle;
    pcap_close(handle);
    return NULL;
}

err filter_compile(const char *text, const struct filter_target *target, struct bpf_program *out,
                   struct why *w)
{
    bool ask_kernel = target->vlan_aware && target->link_type == LINK_ETHERNET;
    pcap_t *handle = ask_kernel ? vlan_handle(target->snaplen) : NULL;
    if (!handle)
        handle = pcap_open_dead(dlt_of(target->link_type), target->snaplen);
    if (!handle)
        return why_set(w, ERR_LIMIT, "out of memory");
    err e = ERR_OK;
    if (pcap_compile(handle, out, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
        e = why_set(w, ERR_CONFIG, "%s", pcap_geterr(handle));
    pcap_close(handle);
    return e;
}

err filter_check(const char *text, struct why *w)
{
    const struct filter_target ethernet = { LINK_ETHERNET, SNAPLEN, false };
    struct bpf_program program;
    err e = filter_compile(text, &ethernet, &program, w);
    if (e == ERR_OK)
        pcap_freecode(&program);
    return e;
}

err filter_new(const char *text, struct filter **out, struct why *w)
{
    *out = NULL;
    err e = filter_check(text, w);
    if (e != ERR_OK)
        return e;
    struct filter *f = xcalloc(1, sizeof(*f));
    f->text = xstrdup(text);
    *out = f;
    return ERR_OK;
}

void filter_free(struct filter *f)
{
    if (!f)
        return;
    for (unsigned i = 0; i < f->n; i++)
        pcap_freecode(&f->of[i].program);
    xfree(f->text);
    xfree(f);
}

/* The program for a link type, made when it is met first; NULL with w. */
static struct bpf_program *program_of(struct filter *f, uint16_t link_type, struct why *w)
{
    for (unsigned i = 0; i < f->n; i++)
        if (f->of[i].link_type == link_type)
            return &f->of[i].program;
    if (f->n == LINK_TYPES) {
        why_set(w, ERR_LIMIT, "bpf_filter: more than %u link types in one capture", LINK_TYPES);
        return NULL;
    }
    struct why inner;
    struct bpf_program *program = &f->of[f->n].program;
    const struct filter_target target = { link_type, SNAPLEN, false };
    if (filter_compile(f->text, &target, program, &inner) != ERR_OK) {
        const char *name = pcap_datalink_val_to_name(dlt_of(link_type));
        why_set(w, ERR_CONFIG, "bpf_filter \"%s\" has no meaning for link type %u (%s): %s",
                f->text, link_type, name ? name : "unknown", inner.text);
        return NULL;
    }
    f->of[f->n++].link_type = link_type;
    return program;
}

int filter_match(struct filter *f, const struct packet *p, struct why *w)
{
    struct bpf_program *program = program_of(f, p->link_type, w);
    if (!program)
        return -1;
    struct pcap_pkthdr header = { .caplen = (bpf_u_int32)p->frame.n, .len = p->wire_len };
    return pcap_offline_filter(program, &header, p->frame.p) != 0;
}

void filter_ports(struct buf *out, const struct filter_port *ports, size_t n, bool icmp)
{
    size_t before = out->n;
    for (size_t i = 0; i < n; i++) {
        const char *l4 = ports[i].tcp && ports[i].udp ? "" : ports[i].tcp ? "tcp " : "udp ";
        buf_printf(out, "%s%sport %u", out->n > before ? " or " : "", l4, ports[i].port);
    }
    if (icmp)
        buf_printf(out, "%sicmp or icmp6", out->n > before ? " or " : "");
}

void filter_with_vlans(struct buf *out, const char *text)
{
    buf_printf(out, "%s or (vlan and (%s))", text, text);
}
