/* What this machine is, as add_host_metadata tells it: name, system, addresses. One thread. */
#pragma once

#include "base/addr.h"
#include "base/arena.h"

#define HOST_ADDRS 64 /* more than that are not told */

struct hostinfo {
    const char *name, *architecture, *id; /* id: machine-id; "" when there is none */
    const char *kernel;
    const char *os_name, *os_platform, *os_version, *os_family, *os_codename, *os_build;
    bool containerized;
    struct addr ip[HOST_ADDRS];
    struct slice mac[HOST_ADDRS]; /* AA-BB-CC-DD-EE-FF, sorted, each once */
    unsigned n_ip, n_mac;
};

/* Reads all of it. Texts are never NULL and live in a; what cannot be read is "". root: "" for this
 * machine, else a folder that stands for / (tests). */
void hostinfo_read(struct hostinfo *h, struct arena *a, const char *root);

/* The facts of this machine, kept for a time. mem: initialised and freed by the owner. */
struct host_facts {
    struct hostinfo info;
    struct arena mem;
    int64_t read_ns; /* clock_mono_ns; 0: not read yet */
};

/* Reads them when they are older than ttl_ns; true: they are new, and nothing may point to the old
 * ones. */
bool host_facts_refresh(struct host_facts *f, int64_t ttl_ns);
