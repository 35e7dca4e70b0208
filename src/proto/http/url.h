/* Request targets and Host fields, in the form that Packetbeat's url.* have. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "model/option.h"

/* A request target (RFC 9112 section 3.2). Slices point into the target or into mem. */
struct http_url {
    struct slice scheme;    /* of an absolute target, as sent; else empty */
    struct slice authority; /* of an absolute target or of CONNECT; else empty */
    struct slice path;      /* decoded; empty when the target cannot be read */
    struct slice query;     /* as sent, without "?" */
};

/* connect: the target is an authority. Memory from mem; without memory pieces are empty. */
void http_url_parse(struct slice target, bool connect, struct arena *mem, struct http_url *u);

/* Splits "host", "host:port", "[v6]:port" into a name without brackets and a port (0: none). A port
 * that is no number of 1 to 65535 makes the whole text the host, as Packetbeat has it. */
void http_host_split(struct slice text, struct slice *host, uint16_t *port);

#define HTTP_PARAMS_MAX 4096 /* parameters shown; what is over is left out */

/* The parameters of query and of form (a body; may be empty), sorted by name, encoded anew; a name
 * in both is form's. The values of names in hide (lower case) are "xxxxx". What is no parameter
 * (";" inside, bad escapes) is left out of query; in form it says that form is none. From mem. */
struct slice http_url_params(struct slice query, struct slice form, const struct texts *hide,
                             struct arena *mem);

/* path as it stands in a URL: all but unreserved bytes and $&+,/:;=@ as %XX. From mem. */
struct slice http_url_escape(struct slice path, struct arena *mem);
