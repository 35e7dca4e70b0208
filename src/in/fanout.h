/* The program by which the kernel shares packets out to the sockets of a group (packet(7),
 * PACKET_FANOUT_CBPF): classic BPF, run on each packet, its answer modulo the number of sockets. */
#pragma once

#include <linux/filter.h>

#include "base/attr.h"

#define FANOUT_MAX 2048 /* instructions */

/* Where a program finds its packets; NULL below: as the kernel hands them out. */
struct fanout_place {
    uint32_t network;  /* offset of the network layer */
    uint32_t protocol; /* offset of the EtherType */
};

/* Writes the program and gives its length. Its answer is equal for both directions of a flow and
 * for all fragments between two addresses: it is of the innermost addresses, of TCP with the ports,
 * as far as VLANs, PPPoE, MPLS, IP in IP, GRE, VXLAN, GENEVE and GTP-U have one or two layers below
 * them. What is no IP gives 0. The kernel gives 0 too where a packet ends inside a header. Values
 * are mixed with numbers that are the process's own. */
unsigned fanout_program(struct sock_filter *out, const struct fanout_place *place);
