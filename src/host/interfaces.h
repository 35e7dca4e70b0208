/* Addresses of this machine's interfaces, without loopback. One thread. */
#pragma once

#include "base/addr.h"

#define INTERFACES_ADDRS 256 /* more than that are not looked at */

struct interfaces {
    struct addr addr[INTERFACES_ADDRS];
    unsigned n;
    int64_t read_ns;    /* when they were last read, monotonic; 0: never */
    int64_t refresh_ns; /* how long they stand; 0: read once */
};

/* Reads the addresses. On failure the ones read before stay. */
void interfaces_read(struct interfaces *i);

/* Reads them again when refresh_ns has passed. Cheap when it has not. */
void interfaces_refresh(struct interfaces *i);

bool interfaces_has(const struct interfaces *i, const struct addr *a);
