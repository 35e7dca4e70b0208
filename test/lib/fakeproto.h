/* Protocols for tests of streams and dispatch, which write down what they are told. Linking this
 * replaces the program's table of protocols.
 *
 * "lines" speaks TCP and UDP on port 7000, one message a line; what the line begins with matters:
 *   >  a client's line     <  a server's line (for the probe)     !  PARSE_BAD
 *   .  PARSE_DONE          =N proto_skip(N)                       #N:  N bytes follow the colon
 *   +  text to keep        ?  writes down what was kept           ~  the sender is the client
 * "other" speaks both on port 7001 and knows text that begins with OTHER. "pings" gets ICMP. */
#pragma once

#include "net/dispatch.h"

struct fake {
    struct net_conf conf;
    struct proto_env env;
    struct slab slab;
    struct counters counters;
    struct chunk_pool chunks;
    struct arena scratch;
    struct dispatch dispatch;
    struct proto_conf lines, other, pings;
};

/* Everything that net needs but net itself; 8 MB of slab. Events are not taken. */
void fake_begin(struct fake *f);

/* Fails the test when slab memory is still in use. */
void fake_end(struct fake *f);

/* Only the conf, with the fake protocols' own: for net_new. */
void fake_conf(struct fake *f);

/* What the protocols have written down since the last call; lives until then. Messages look like
 * `c:hello@3` (client, text, time in ms of the first byte; `@3-5` when the last came later). */
const char *fake_log(void);
