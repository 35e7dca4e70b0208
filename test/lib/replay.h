/* Runs frames through the whole path (net, proto, pipe) in memory and collects the events as JSON
 * lines, as the program writes them. One thread; time is the frames' own. */
#pragma once

#include "lib/lines.h"
#include "lib/traffic.h"
#include "model/batch.h"
#include "net/net.h"

/* What a test may ask for: a YAML file of the form
 *   flows: { enabled: true, timeout: 30s, period: 10s, delta: false }
 *   limits: { flows: 1000, memory: 64MiB, reorder: 1MiB, message: 10MiB, defrag: 4MiB }
 *   dns: { ports: [53], send_request: true }     # a protocol's own section; enabled: false
 * Protocols that it does not name are on with their defaults. */
struct replay_conf {
    struct net_conf net;
    struct chunk_pool pool;
    struct arena mem;
};

/* path NULL or not there: defaults. A mistake ends the program with a line. */
void replay_conf_load(struct replay_conf *c, const char *path);

/* The same from text; name stands in messages. */
void replay_conf_text(struct replay_conf *c, struct slice yaml, const char *name);
void replay_conf_free(struct replay_conf *c);

struct replay {
    struct net *net;
    struct counters *counters;
    struct chunk_pool pool;
    struct batch batch;
    struct lines *out; /* NULL: events are encoded and thrown away */
    size_t arena_peak; /* bytes of the fullest batch so far */
    uint64_t events;   /* handed on by net so far */
    int64_t shift_ns;  /* added to every frame's time */
    int64_t clock_ns;  /* of the frame to come (struct packet) */
    bool is_copy;      /* it too */
    const char *hide;  /* name of a field to leave out of the lines; NULL */
    /* Called with true where net, proto or pipe begin to run, with false where the test's own code
     * does. NULL: never. */
    void (*watch)(bool inside);
};

#define REPLAY_BATCH_BYTES ((size_t)64 * 1024 * 1024)

/* conf must outlive it. batch_bytes: cap of what a batch may take. */
struct replay *replay_new(const struct replay_conf *conf, size_t batch_bytes);

/* All frames. Each lies in a memory block of exactly its size, which is gone before the events are
 * encoded: what still points into a packet is found by AddressSanitizer. */
void replay_feed(struct replay *r, const struct traffic *f);
void replay_frame(struct replay *r, const struct frame *f);

/* The end of the capture; the tables are empty then and the replay may be fed again. */
void replay_finish(struct replay *r);

/* Sum of the counters that say that something was given up for want of memory or room. */
uint64_t replay_losses(const struct replay *r);
void replay_free(struct replay *r);

/* The same by n packet paths that share the frames (in/spread.h); the lines of all together. */
void replay_spread(const struct replay_conf *conf, const struct traffic *f, unsigned n,
                   struct lines *out);

/* The same where each reads the frames for itself (in/pick.h). */
void replay_pick(const struct replay_conf *conf, const struct traffic *f, unsigned n,
                 struct lines *out);

/* new, feed, finish, free. */
void replay_all(const struct replay_conf *conf, const struct traffic *f, struct lines *out);
