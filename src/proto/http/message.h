/* The head of an HTTP message: start line and header fields (RFC 9112 sections 2 to 5). */
#pragma once

#include "proto/http/http.h"

/* A piece of a head block; it stays true when the block is copied. */
struct http_span {
    uint32_t at, n;
};

/* How the end of the body is found (RFC 9112 section 6.3). */
enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_UNTIL_CLOSE };

#define HTTP_CODINGS 4 /* content and transfer codings that are undone, at most, of each */

struct http_message {
    int64_t ts_ns;          /* of its first byte */
    uint64_t wire_bytes;    /* head and body as captured, chunk framing included */
    uint64_t body_bytes;    /* body without chunk framing; lost bytes included */
    int64_t content_length; /* as declared, or -1 */
    uint32_t head_bytes;
    uint16_t status; /* 0: a request, or a response without a status line (HTTP/0.9) */
    uint8_t version; /* 10 * major + minor */
    uint8_t framing; /* enum http_framing */
    bool is_request, lost /* bytes of it were not captured */;
    bool close, chunked, other_transfer, too_many_codings;
    bool expects; /* Expect: 100-continue */
    uint8_t n_content, n_transfer;
    struct http_span method, uri, phrase;
    struct http_span host, type, referrer, agent, authorization, real_ip;
    struct http_span content[HTTP_CODINGS], transfer[HTTP_CODINGS]; /* as applied */
};

enum http_kinds { HTTP_REQUESTS = 1, HTTP_RESPONSES = 2 }; /* bits: which messages may come */

/* False when no such message can begin with these bytes (maybe only the first of many). strict:
 * requests only with a well known method. */
bool http_start_plausible(struct slice bytes, unsigned kinds, bool strict);

/* True when the bytes begin with a well known method and a blank, or end before that. */
bool http_known_method(struct slice bytes);

/* Offset of the first place where such a message may begin (or its beginning is cut off by the end
 * of bytes); bytes.n when there is none. */
size_t http_find_start(struct slice bytes, unsigned kinds);

/* Length of the head at the start of bytes, its empty line included; 0 when it is not whole.
 * *scanned: how far earlier calls have looked. */
size_t http_head_end(struct slice bytes, uint32_t *scanned);

/* Reads a head; false when the start line is none. Framing, times and sizes are the caller's. */
bool http_message_parse(struct slice head, const struct http_conf *conf, struct http_message *m);

enum http_line {
    HTTP_LINE_BAD,
    HTTP_LINE_GOOD,
    HTTP_LINE_09, /* a request without version: HTTP/0.9 ("GET /path") */
};

/* What a first line is, its line end included. strict: a request target has no blanks. */
enum http_line http_start_line(struct slice line, bool strict);

/* How a request's body ends, and a response's to a request with that method (empty: unknown). */
enum http_framing http_request_framing(const struct http_message *m);
enum http_framing http_response_framing(const struct http_message *m, struct slice method);

/* The next header field; false at the end. A folded value spans its lines. */
bool http_header_next(struct cursor *c, struct slice *name, struct slice *value);

/* The value of content-length shown to users: declared, or counted when the framing tells it. */
uint64_t http_content_length(const struct http_message *m);

/* A piece of the head. */
static inline struct slice http_piece(struct slice head, struct http_span s)
{
    return slice_first(slice_after(head, s.at), s.n);
}

/* The next item of a comma separated list, trimmed; false at the end. */
bool http_list_next(struct slice *rest, struct slice *item);
