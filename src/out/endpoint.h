/* "host:port" as outputs are given it. */
#pragma once

#include "base/err.h"

struct endpoint {
    char host[256]; /* name or address, without brackets */
    char port[6];
    char shown[272]; /* host:port, for people */
};

/* Reads host, host:port, [IPv6]:port, an IPv6 address alone, or a URL with `scheme` (NULL: any),
 * whose path is left out. */
MUST_CHECK err endpoint_parse(const char *text, unsigned default_port, struct endpoint *out,
                              struct why *w);
