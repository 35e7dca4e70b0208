/* The sockets of this network namespace, from the kernel (sock_diag(7)). */
#pragma once

#include "base/addr.h"
#include "base/err.h"

struct socket_row {
    uint8_t ip_proto;          /* 6, 17 */
    struct addr local, remote; /* remote: none when it is not connected */
    uint16_t local_port, remote_port;
    uint64_t inode;
};

/* Calls each for every TCP and UDP socket, IPv4 and IPv6, that belongs to a process. */
MUST_CHECK err sockdiag_each(void (*each)(void *ctx, const struct socket_row *row), void *ctx,
                             struct why *w);
