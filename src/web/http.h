/* The head of an HTTP/1.1 request (RFC 9112), read strictly: what two readers could understand in
 * two ways is refused, so that nothing can be smuggled past a proxy. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define HTTP_HEADERS_MAX 64
#define HTTP_PATH_MAX    1024 /* decoded */

/* clang-format off */
#define HTTP_METHODS(X) X(GET) X(HEAD) X(POST) X(PUT) X(DELETE)
/* clang-format on */

enum http_method {
#define HTTP_METHOD(name) HTTP_##name,
    HTTP_METHODS(HTTP_METHOD)
#undef HTTP_METHOD
        HTTP_METHODS_N
};
const char *http_method_name(enum http_method m);

struct http_header {
    struct slice name, value; /* the value without blanks around it */
};

struct http_head {
    enum http_method method;
    struct slice path;  /* decoded UTF-8: begins with '/', no NUL, no "." and ".." segments */
    struct slice query; /* behind the '?', as written */
    struct http_header header[HTTP_HEADERS_MAX];
    unsigned n;
    struct slice host; /* empty: none was sent */
    uint64_t body_bytes;
    bool keep_alive, expects_continue;
};

enum http_scan { HTTP_MORE, HTTP_WHOLE, HTTP_BROKEN };

/* Looks for the end of a head at the start of s. *n: bytes that were looked at before (0 at first),
 * then bytes of the whole head. HTTP_BROKEN: a line does not end with CR LF. */
enum http_scan http_head_scan(struct slice s, size_t *n);

/* Reads a whole head. 0, or the status that it is refused with; w says why. Slices point into text
 * and mem. */
int http_head_read(struct http_head *h, struct slice text, struct arena *mem, struct why *w);

/* The value of the header of that name (any case); empty when there is none. */
struct slice http_header(const struct http_head *h, struct slice name);

/* Is token one of a list apart by commas ("close, te")? Any case. */
bool http_list_has(struct slice list, struct slice token);

/* May the answer be packed with gzip (RFC 9110, 12.5.3)? */
bool http_takes_gzip(const struct http_head *h);

/* The value of a cookie; empty when there is none. */
struct slice http_cookie(const struct http_head *h, struct slice name);

/* The host of "host:port" or "[::1]:port"; empty when it is none. */
struct slice http_host_name(struct slice authority);

/* "OK", "Not Found" */
const char *http_reason(int status);
