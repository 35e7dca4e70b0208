/* The options of output.logstash, and what is made of them for the courier and for `test output`.
 */
#pragma once

#include "out/courier.h"
#include "pipe/pipe.h"

struct logstash_conf {
    struct texts hosts;
    bool loadbalance, slow_start, escape_html, local_resolver;
    int64_t worker, bulk_max_size, compression_level, pipelining, max_retries;
    int64_t ttl_ns, timeout_ns, backoff_init_ns, backoff_max_ns;
    const char *index, *proxy_url;
    struct tls_conf ssl;
};

/* Hosts, proxy and certificates read and checked. Boot memory. */
struct logstash_plan {
    struct post_conf post;
    struct endpoint *host;
    struct socks5_conf proxy;
    struct tls_client *tls;
};

MUST_CHECK err logstash_plan(const struct logstash_conf *conf, struct logstash_plan *out,
                             struct why *w);
void logstash_plan_free(struct logstash_plan *p);

/* `test output`: what works, step by step, for each host. The output's test of that name. */
err logstash_test(const void *conf, struct report *r, struct why *w);
