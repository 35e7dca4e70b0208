/* BPF filters (pcap-filter(7)): compiled by libpcap, run here on packets of files. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "model/packet.h"

struct filter;
struct bpf_program;

/* Checks the text as far as an Ethernet capture can tell. ERR_CONFIG; w is libpcap's sentence. */
MUST_CHECK err filter_check(const char *text, struct why *w);

/* A filter for packets of any link type; each gets its own program when it is met first. text is
 * copied. ERR_CONFIG as filter_check. */
MUST_CHECK err filter_new(const char *text, struct filter **out, struct why *w);
void filter_free(struct filter *f);

/* 1: the packet passes, 0: it does not, -1: the text has no meaning for its link type (w tells). */
int filter_match(struct filter *f, const struct packet *p, struct why *w);

/* The frames that a compiled filter will meet. */
struct filter_target {
    uint16_t link_type;
    int snaplen;     /* what passes is cut to it */
    bool vlan_aware; /* a kernel socket: VLAN tags are no longer in the frame */
};

/* A program for a kernel socket; the caller frees it (pcap_freecode). With vlan_aware the right to
 * capture is needed, else VLANs are looked for in the frame. ERR_CONFIG as filter_check. */
MUST_CHECK err filter_compile(const char *text, const struct filter_target *target,
                              struct bpf_program *out, struct why *w);

/* The filter for the ports of protocols (packetbeat-core.md 2.3), where no flow needs the rest. */
struct filter_port {
    bool tcp, udp;
    uint16_t port;
};

/* Writes "tcp port 80 or port 53 or icmp or icmp6"; with_vlans: also in VLANs. Nothing when there
 * is nothing to ask for. */
void filter_ports(struct buf *out, const struct filter_port *ports, size_t n, bool icmp);
void filter_with_vlans(struct buf *out, const char *text);
