/* A small HTTP server in a process of its own, for programs that ask one. */
#pragma once

#include <stdio.h>

#include "base/attr.h"

/* What is answered to a request whose text begins with `begins` ("GET /a ") and holds `holds`
 * (NULL: anything). The whole answer as it goes over the wire; NULL: it never comes. */
struct fake_route {
    const char *begins, *holds, *answer;
};

struct fakehttp {
    int pid;
    uint16_t port; /* on 127.0.0.1; 0: a unix socket */
};

/* Routes end with a row without `begins`; what fits none is answered with 404. unix_path NULL: a
 * free port. Fails the test when it cannot be had. */
struct fakehttp fakehttp_start(const struct fake_route *routes, const char *unix_path);
void fakehttp_stop(struct fakehttp *f);

/* An answer that ends with its connection. */
#define FAKE_OK(body) "HTTP/1.1 200 OK\r\nServer: fake\r\n\r\n" body
