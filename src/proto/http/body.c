/* Bodies by length, until close, or chunked (RFC 9112 sections 6 and 7). Nothing is buffered but
 * chunk-size and trailer lines; what is wanted goes to proto_keep. */
#include "proto/http/body.h"

#define LINE_MAX_BYTES    4096u /* chunk-size line with its extensions, trailer line */
#define TRAILER_MAX_BYTES (64u * 1024)

void http_body_begin(struct http_side *s)
{
    s->left = s->m.framing == HTTP_LENGTH ? (uint64_t)s->m.content_length : UINT64_MAX;
    s->trailer = 0;
    s->phase = s->m.framing == HTTP_CHUNKED ? HTTP_CHUNK_SIZE : HTTP_BODY;
}

/* Up to s->left bytes of data. */
static void take_data(struct proto_ctx *x, struct http_side *s, struct cursor *c, enum dir d)
{
    const struct http_conf *conf = x->conf;
    size_t n = cur_left(c) < s->left ? cur_left(c) : (size_t)s->left;
    struct slice data = cur_bytes(c, n);
    if (s->keep && n)
        proto_keep(x, d, data, s->m.head_bytes + (size_t)conf->max_message);
    s->left -= s->left == UINT64_MAX ? 0 : n;
    s->m.wire_bytes += n;
    s->m.body_bytes += n;
}

/* A line of the framing; false when it is not whole yet (bad: it is too long to be one). */
static bool take_line(struct http_side *s, struct cursor *c, struct slice *line, bool *bad)
{
    struct cursor ahead = *c;
    *line = cur_line(&ahead);
    size_t n = cur_ok(&ahead) ? (size_t)(ahead.p - c->p) : cur_left(c);
    *bad = n > LINE_MAX_BYTES;
    if (!cur_ok(&ahead) || *bad)
        return false;
    s->m.wire_bytes += n;
    *c = ahead;
    return true;
}

static int hex_digit(uint8_t b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    b = ascii_lower(b);
    return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

/* chunk-size [ chunk-ext ]: extensions begin with ";" or blanks and are passed over. */
static bool chunk_size(struct slice line, uint64_t *size)
{
    size_t n = 0;
    *size = 0;
    line = slice_trim(line);
    for (; n < line.n && n < 16 && hex_digit(line.p[n]) >= 0; n++)
        *size = *size << 4 | (unsigned)hex_digit(line.p[n]);
    bool ended = n == line.n || line.p[n] == ';' || line.p[n] == ' ' || line.p[n] == '\t';
    return n > 0 && ended && *size <= INT64_MAX;
}

static enum http_body_result eat_size(struct http_side *s, struct cursor *c)
{
    struct slice line;
    uint64_t size;
    bool bad;
    if (!take_line(s, c, &line, &bad))
        return bad ? HTTP_BODY_BROKEN : HTTP_BODY_MORE;
    if (!chunk_size(line, &size))
        return HTTP_BODY_BROKEN;
    s->left = size;
    s->phase = size ? HTTP_CHUNK_DATA : HTTP_TRAILER;
    return HTTP_BODY_WHOLE;
}

static enum http_body_result eat_chunk_end(struct http_side *s, struct cursor *c)
{
    struct slice rest = cur_rest(c);
    size_t n = slice_starts(rest, SLICE("\r\n")) ? 2 : slice_starts(rest, SLICE("\n")) ? 1 : 0;
    if (n == 0)
        return rest.n == 0 || (rest.n == 1 && rest.p[0] == '\r') ? HTTP_BODY_MORE
                                                                 : HTTP_BODY_BROKEN;
    cur_skip(c, n);
    s->m.wire_bytes += n;
    s->phase = HTTP_CHUNK_SIZE;
    return HTTP_BODY_WHOLE;
}

/* Trailer fields are counted, not shown (RFC 9110 section 6.5.1). */
static enum http_body_result eat_trailer(struct http_side *s, struct cursor *c, bool *last)
{
    struct slice line;
    bool bad;
    if (!take_line(s, c, &line, &bad))
        return bad ? HTTP_BODY_BROKEN : HTTP_BODY_MORE;
    s->trailer += (uint32_t)line.n;
    *last = line.n == 0;
    return s->trailer > TRAILER_MAX_BYTES ? HTTP_BODY_BROKEN : HTTP_BODY_WHOLE;
}

/* One step in the chunked coding; WHOLE: go on with the next, if not *last. */
static enum http_body_result eat_chunked(struct proto_ctx *x, struct http_side *s, struct cursor *c,
                                         enum dir d, bool *last)
{
    switch ((enum http_phase)s->phase) {
    case HTTP_CHUNK_SIZE:
        return eat_size(s, c);
    case HTTP_CHUNK_DATA:
        take_data(x, s, c, d);
        if (s->left)
            return HTTP_BODY_MORE;
        s->phase = HTTP_CHUNK_END;
        return HTTP_BODY_WHOLE;
    case HTTP_CHUNK_END:
        return eat_chunk_end(s, c);
    case HTTP_TRAILER:
        return eat_trailer(s, c, last);
    case HTTP_HEAD:
    case HTTP_BODY:
        break;
    }
    BUG_ON(true);
    return HTTP_BODY_BROKEN;
}

enum http_body_result http_body_eat(struct proto_ctx *x, struct http_side *s, struct cursor *c,
                                    enum dir d)
{
    if (s->phase == HTTP_BODY) {
        take_data(x, s, c, d);
        return s->left ? HTTP_BODY_MORE : HTTP_BODY_WHOLE;
    }
    bool last = false;
    enum http_body_result got;
    do
        got = eat_chunked(x, s, c, d, &last);
    while (got == HTTP_BODY_WHOLE && !last);
    return got;
}

enum http_body_result http_body_gap(struct http_side *s, size_t missing)
{
    s->m.lost = true;
    if (s->phase == HTTP_BODY && s->left == UINT64_MAX) {
        s->m.body_bytes += missing;
        return HTTP_BODY_MORE;
    }
    if (s->phase != HTTP_BODY && s->phase != HTTP_CHUNK_DATA)
        return HTTP_BODY_BROKEN;
    uint64_t in_body = missing < s->left ? missing : s->left;
    s->m.body_bytes += in_body;
    s->left -= in_body;
    if (s->left)
        return HTTP_BODY_MORE;
    if (s->phase == HTTP_CHUNK_DATA) {
        s->phase = HTTP_CHUNK_END;
        return in_body < missing ? HTTP_BODY_BROKEN : HTTP_BODY_MORE;
    }
    s->hole = in_body < missing;
    return HTTP_BODY_WHOLE;
}
