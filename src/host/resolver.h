/* Names looked up on threads, with a cache in front. */
#pragma once

#include "host/dnsask.h"

#define RESOLVER_SERVERS 8

struct resolver_conf {
    struct name_server server[RESOLVER_SERVERS];
    unsigned n_servers;
    enum dns_question type;
    int64_t timeout_ns;             /* of each server */
    int64_t min_ttl_ns, failure_ns; /* how long answers, and failures, stand at least */
    unsigned max;                   /* names in the cache; the oldest give way */
};

struct resolver;

/* NULL: no thread could be started. */
struct resolver *resolver_open(const struct resolver_conf *conf);
void resolver_close(struct resolver *r); /* NULL is accepted */

enum resolver_found {
    RESOLVER_FOUND,   /* *out, with its texts in a */
    RESOLVER_FAILED,  /* no such name, no answer, or no name at all */
    RESOLVER_PENDING, /* not known yet */
};

/* Waits for the answer as long as the servers may take, but after one that did not come in time
 * not again until a server has answered. One thread. */
enum resolver_found resolver_find(struct resolver *r, struct slice name, struct arena *a,
                                  struct dns_answers *out);
