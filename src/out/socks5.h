/* The client's side of SOCKS 5 (RFC 1928, RFC 1929): bytes in, bytes out. */
#pragma once

#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

struct socks5_conf {
    char host[256], port[6];
    char user[256], password[256]; /* empty: none */
};

/* socks5://[user[:password]@]host[:port]; the port is 1080 unless given. */
MUST_CHECK err socks5_parse(const char *url, struct socks5_conf *out, struct why *w);

enum socks5_step { SOCKS5_METHOD, SOCKS5_AUTH, SOCKS5_REQUEST, SOCKS5_DONE };

struct socks5 {
    const struct socks5_conf *conf;
    const char *host, *port; /* where to: a name, or an address in digits */
    enum socks5_step step;
};

/* Appends the greeting. */
void socks5_begin(struct socks5 *s, struct buf *out);

/* What came stands at c, which is moved behind whole answers; appends what is to be sent. Step
 * SOCKS5_DONE: the connection is the caller's from there on. ERR_FORMAT, ERR_IO with why. */
MUST_CHECK err socks5_read(struct socks5 *s, struct cursor *c, struct buf *out, struct why *w);
