/* Beats clients for measuring: processes of their own that send windows over loopback and wait for
 * each to be acknowledged. */
#pragma once

#include <sys/types.h>

#include "base/slice.h"

#define BEATS_CLIENTS_MAX 16
#define BEATS_ZLIB_LEVEL  3 /* compression_level of Beats */

/* A window of n JSON events, as bytes to be sent; memory that stays. Packed: by zlib, whose blocks
 * are cut otherwise than ISA-L's. */
struct slice beats_window(const struct slice *events, unsigned n);
struct slice beats_window_packed(const struct slice *events, unsigned n);

struct beats_client_conf {
    unsigned clients;
    unsigned port;
    bool tls;
    const struct slice *window; /* sent in turn, each as often as it comes */
    unsigned windows, events;   /* how many; events of each */
};

struct beats_clients {
    unsigned n;
    pid_t pid[BEATS_CLIENTS_MAX];
    int order_fd, done_fd; /* how many windows to send; a byte of each client when it has */
};

void beats_clients_start(struct beats_clients *c, const struct beats_client_conf *conf);

/* Each client sends n windows, from the first byte to the last acknowledgement. False: they were
 * turned away. */
bool beats_clients_send(const struct beats_clients *c, uint32_t n);

void beats_clients_stop(const struct beats_clients *c);
