/* Requests that wait for their answers: by key or first in, first out; bounded, with a timeout in
 * packet time. What gets no answer is given to the protocol's `orphan`. */
#pragma once

#include "base/hash.h"
#include "base/list.h"

struct proto_ctx;
struct proto_env;
struct flow;
struct pair_table;

#define PAIR_FLOW_MAX 4096 /* waiting requests of one flow */

/* `size` zeroed bytes for the protocol to fill, waiting under key in x->flow from now on; at most
 * the protocol's transaction_timeout after ts_ns. When a cap is reached the oldest request (of the
 * flow, else of all) is given up first (ORPHAN_EVICTED, counted). NULL when there is no memory
 * (counted): the request is then lost. A second request with the same key is a second entry. */
void *pair_add(struct proto_ctx *x, uint64_t key, int64_t ts_ns, size_t size);

/* The oldest waiting request of x->flow under key, or NULL. It goes on waiting. */
void *pair_find(struct proto_ctx *x, uint64_t key);

/* The oldest waiting request of x->flow, or NULL. */
void *pair_first(struct proto_ctx *x);

/* The time that a request was added with. */
int64_t pair_ts_ns(const void *request);

/* Number of requests waiting in x->flow. */
unsigned pair_count(const struct proto_ctx *x);

/* The answer has begun to come, or goes on: all waiting requests of x->flow wait anew from now_ns
 * on, so that a long answer does not time out. Cheap to call for every piece. */
void pair_touch(struct proto_ctx *x);

/* The request was sent again: it waits anew from now_ns on. Its time stays the first one's. */
void pair_renew(struct proto_ctx *x, void *request);

/* Ends the waiting and frees the memory; the answer has been dealt with. */
void pair_drop(struct proto_ctx *x, void *request);

/* Calls the protocol's orphan for it, then frees it. */
void pair_orphan(struct proto_ctx *x, void *request, unsigned orphan_reason);

/* For net. One table a worker; max_entries is its cap. */
struct pair_table *pair_table_new(struct proto_env *env, const struct hash_key *key,
                                  size_t max_entries);
void pair_table_free(struct pair_table *t);

/* Gives up what has waited too long at now_ns: in order of deadline, so that replays are equal. */
void pair_expire(struct pair_table *t, int64_t now_ns);

/* Gives up all requests of the flow, oldest first. */
void pair_flow_end(struct pair_table *t, struct flow *flow, unsigned orphan_reason, int64_t now_ns);

/* True when requests of the flow are waiting: the flow must then stay in memory. */
bool pair_flow_waits(const struct flow *flow);

/* The smallest deadline of all that wait, or INT64_MAX. */
int64_t pair_next_ns(const struct pair_table *t);
