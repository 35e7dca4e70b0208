/* Listening sockets of an input: bound at start, before rights are given up. */
#pragma once

#include "base/addr.h"
#include "model/option.h"

#define LISTENER_SOCKETS 16

struct listen_conf {
    struct texts addresses; /* each bound ("any" alone: 0.0.0.0 and ::); one that this machine's
                               kernel has no family for is passed over when others are there */
    int64_t port;
    int64_t receive_bytes; /* SO_RCVBUF; 0: as the system has it */
    bool datagrams;
    const char *key; /* of the addresses in messages; NULL: bind_address */
};

struct sockets {
    int fd[LISTENER_SOCKETS];
    unsigned n;
    uint16_t port; /* of the first: asked for as 0 it is one that was free */
};

/* Non-blocking. name stands in messages ("inputs.beats"). On failure nothing is open. */
MUST_CHECK err listener_open(const struct listen_conf *conf, const char *name, struct sockets *out,
                             struct why *w);
void listener_close(struct sockets *s);

struct sockaddr;

/* Address and port of the other side. */
void listener_peer(const struct sockaddr *sa, struct addr *ip, uint16_t *port);
