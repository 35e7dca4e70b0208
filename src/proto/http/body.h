/* Message bodies: finding their end, piece by piece (RFC 9112 sections 6 and 7). */
#pragma once

#include "proto/http/message.h"

enum http_phase {
    HTTP_HEAD,       /* between messages, or in a head */
    HTTP_BODY,       /* of known length, or until the connection closes */
    HTTP_CHUNK_SIZE, /* before a chunk-size line */
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_END, /* before the line end behind a chunk's data */
    HTTP_TRAILER,   /* in the trailer section */
};

/* One direction of a connection: the message that is coming, when it is not whole yet. */
struct http_side {
    uint64_t left; /* bytes to come of the body or chunk (HTTP_BODY with a length, _CHUNK_DATA) */
    uint32_t scanned; /* bytes behind the cursor's start that hold no end of head */
    uint32_t trailer; /* bytes of the trailer section so far */
    uint32_t strange; /* bytes since the last message that were none */
    uint8_t phase;    /* enum http_phase */
    bool line_seen;   /* the first line of the head that is coming was read and is good */
    bool keep;        /* the body is wanted */
    bool guess;       /* a response whose body may not come at all */
    bool hole;        /* since the last message, bytes were lost or were none of HTTP's */
    bool reported;    /* a request whose answer came before its end: already in an event */
    struct http_message m;
};

enum http_body_result { HTTP_BODY_MORE, HTTP_BODY_WHOLE, HTTP_BODY_BROKEN };

/* Begins the body that m's framing tells; the head is passed. */
void http_body_begin(struct http_side *s);

/* Consumes what belongs to the body. MORE: x->need more, the cursor stands where it must go on.
 * Bytes are kept with proto_keep when s->keep. */
enum http_body_result http_body_eat(struct proto_ctx *x, struct http_side *s, struct cursor *c,
                                    enum dir d);

/* `missing` bytes were lost here. WHOLE: the body ended in the hole. BROKEN: its framing is lost.
 * Sets s->hole when bytes behind the body were lost too. */
enum http_body_result http_body_gap(struct http_side *s, size_t missing);
