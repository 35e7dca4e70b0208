/* HTTP/1.x and 0.9 (RFC 9112): one event per transaction. TCP 80, 8080, 8000, 5000, 8002.
 * Requests wait in pair.h; a message that comes in pieces is described by its side's state, what is
 * wanted of it is in proto_keep; all other bytes are passed as they come. */
#include "proto/http/http.h"

#include "base/buf.h"
#include "proto/http/body.h"
#include "proto/http/message.h"
#include "proto/http/report.h"

#define PROBE_LINE_MAX 8192 /* longest first line that is waited for before a guess is given up */
#define MESSAGE_MAX    ((int64_t)16 * 1024 * 1024)
#define STRANGE_MAX                                                                                \
    (64u * 1024 * 1024) /* bytes in a row that are no message: a stream is given up */

/* clang-format off */
struct field http_fields[HTTP_FIELDS] = {
    [HTTP_VERSION]               = { "http.version", FT_KEYWORD, FF_INDEX, 0, "Version of the request: 1.1, 1.0 or 0.9." },
    [HTTP_REQUEST_METHOD]        = { "http.request.method", FT_KEYWORD, FF_INDEX, 0, "Method of the request, as sent." },
    [HTTP_REQUEST_REFERRER]      = { "http.request.referrer", FT_KEYWORD, FF_INDEX | FF_PRIVATE, 0, "Referer header: the page that the request came from." },
    [HTTP_REQUEST_BYTES]         = { "http.request.bytes", FT_LONG, FF_INDEX, 0, "Bytes of the request, head and body as captured." },
    [HTTP_REQUEST_BODY_BYTES]    = { "http.request.body.bytes", FT_LONG, FF_INDEX, 0, "Bytes of the body." },
    [HTTP_REQUEST_BODY_CONTENT]  = { "http.request.body.content", FT_TEXT, FF_PRIVATE, 0, "Body of the request, decoded, of the content types configured." },
    [HTTP_REQUEST_HEADERS]       = { "http.request.headers", FT_OBJECT, FF_PRIVATE, 0, "Header fields of the request by lower-case name." },
    [HTTP_RESPONSE_STATUS]       = { "http.response.status_code", FT_LONG, FF_INDEX, 0, "Status code of the response." },
    [HTTP_RESPONSE_PHRASE]       = { "http.response.status_phrase", FT_KEYWORD, FF_INDEX, 0, "Reason phrase of the response, in lower case." },
    [HTTP_RESPONSE_BYTES]        = { "http.response.bytes", FT_LONG, FF_INDEX, 0, "Bytes of the response, head and body as captured." },
    [HTTP_RESPONSE_BODY_BYTES]   = { "http.response.body.bytes", FT_LONG, FF_INDEX, 0, "Bytes of the response's body." },
    [HTTP_RESPONSE_BODY_CONTENT] = { "http.response.body.content", FT_TEXT, FF_PRIVATE, 0, "Body of the response, decoded, of the content types configured." },
    [HTTP_RESPONSE_HEADERS]      = { "http.response.headers", FT_OBJECT, FF_PRIVATE, 0, "Header fields of the response by lower-case name." },
};

static const struct option options[] = {
    OPT(http_conf, send_all_headers,     BOOL,  "send_all_headers",          "false", 0, 0, 0, "Put all header fields into the event."),
    OPT(http_conf, send_headers,         TEXTS, "send_headers",              NULL,    0, 0, 0, "Names of the header fields to put into the event."),
    OPT(http_conf, split_cookie,         BOOL,  "split_cookie",              "false", 0, 0, 0, "Show cookies as an object by name, where header fields are sent."),
    OPT(http_conf, real_ip_header,       TEXT,  "real_ip_header",            NULL,    0, 0, 0, "Header field that names the first client (network.forwarded_ip)."),
    OPT(http_conf, body_for,             TEXTS, "include_body_for",          NULL,    0, 0, 0, "Parts of content types whose bodies are sent; an empty text is all."),
    OPT(http_conf, request_body_for,     TEXTS, "include_request_body_for",  NULL,    0, 0, 0, "As include_body_for, for requests only."),
    OPT(http_conf, response_body_for,    TEXTS, "include_response_body_for", NULL,    0, 0, 0, "As include_body_for, for responses only."),
    OPT(http_conf, hide_keywords,        TEXTS, "hide_keywords",             NULL,    0, 0, 0, "Names of URL and form parameters whose values are shown as xxxxx."),
    OPT(http_conf, redact_authorization, BOOL,  "redact_authorization",      "false", 0, 0, 0, "Show stars instead of credentials in authorization fields."),
    OPT(http_conf, redact_headers,       TEXTS, "redact_headers",            NULL,    0, 0, 0, "Names of header fields whose values are shown as REDACTED."),
    OPT(http_conf, max_message,          SIZE,  "max_message_size",          "10485760", 1, INT64_MAX, 0, "Bytes of a head, and of a kept body, at most."),
    OPT(http_conf, decode_body,          BOOL,  "decode_body",               "true",  0, 0, 0, "Undo gzip, deflate, br and zstd of bodies that are put into the event."),
    { 0 }
};
/* clang-format on */

/* Per flow. */
struct http_state {
    struct http_side side[2]; /* by enum dir */
    bool known;               /* a message told who is the client */
};

/* A request that waits: its message, then head and body. */
struct http_request {
    struct http_message m;
    uint32_t body_n;
    bool answer_lost; /* the capture lost the response */
    uint8_t text[];
};

static struct http_text request_text(const struct http_request *q)
{
    struct slice all = slice_of(q->text, q->m.head_bytes + q->body_n);
    return (struct http_text){ &q->m, slice_first(all, q->m.head_bytes),
                               slice_after(all, q->m.head_bytes) };
}

/* Puts a request aside; NULL without memory. It waits from now on, however long it took to come. */
static struct http_request *request_wait(struct proto_ctx *x, const struct http_text *t)
{
    struct http_request *q = pair_add(x, 0, x->now_ns, sizeof *q + t->head.n + t->body.n);
    if (!q)
        return NULL;
    q->m = *t->m;
    q->body_n = (uint32_t)t->body.n;
    struct buf text = buf_of(q->text, t->head.n + t->body.n);
    buf_add(&text, t->head);
    buf_add(&text, t->body);
    return q;
}

/* The head and body of a side's message that came in pieces. */
static struct http_text kept_text(struct proto_ctx *x, const struct http_side *s, enum dir d)
{
    struct slice all = proto_kept(x, d);
    return (struct http_text){ &s->m, slice_first(all, s->m.head_bytes),
                               slice_after(all, s->m.head_bytes) };
}

/* As much as there is of a head whose end is missing: its whole lines. */
static struct slice whole_lines(struct slice bytes)
{
    while (bytes.n > 0 && bytes.p[bytes.n - 1] != '\n')
        bytes.n--;
    return bytes;
}

/* The request whose head is still coming, of which at least the first line is there. */
static bool request_begun(struct proto_ctx *x, struct http_message *m, struct slice *head)
{
    struct http_state *st = x->state;
    int64_t ts_ns;
    if (st->side[DIR_CLIENT].phase != HTTP_HEAD || st->side[DIR_CLIENT].reported)
        return false;
    *head = whole_lines(proto_waiting(x, DIR_CLIENT, &ts_ns));
    if (!head->n || !http_message_parse(*head, x->conf, m) || !m->is_request)
        return false;
    m->ts_ns = ts_ns;
    m->wire_bytes = head->n;
    return true;
}

/* A refusal that does not wait for the end of the head: 408, 431 (RFC 9110 section 15.5.9). */
static struct http_request *request_refused(struct proto_ctx *x, unsigned status)
{
    struct http_state *st = x->state;
    struct http_message m;
    struct slice head;
    if (status < 400 || !request_begun(x, &m, &head))
        return NULL;
    st->side[DIR_CLIENT].reported = true;
    struct http_text t = { &m, head, slice_of(NULL, 0) };
    return request_wait(x, &t);
}

/* The request that a response is for: the oldest that waits; else the one that is still coming (a
 * refusal before its end), which then waits as it is; else NULL. */
static struct http_request *request_for_response(struct proto_ctx *x, unsigned status)
{
    struct http_state *st = x->state;
    struct http_side *s = &st->side[DIR_CLIENT];
    struct http_request *q = pair_first(x);
    if (q || s->reported)
        return q;
    if (s->phase == HTTP_HEAD)
        return request_refused(x, status);
    struct http_text t = kept_text(x, s, DIR_CLIENT);
    s->reported = true;
    s->keep = false;
    q = request_wait(x, &t);
    proto_kept_drop(x, DIR_CLIENT);
    return q;
}

/* The method of that request; empty when it is not known. */
static struct slice method_for_response(struct proto_ctx *x)
{
    struct http_state *st = x->state;
    struct http_side *s = &st->side[DIR_CLIENT];
    const struct http_request *q = pair_first(x);
    if (q)
        return http_piece(request_text(q).head, q->m.method);
    if (s->phase == HTTP_HEAD || s->reported)
        return slice_of(NULL, 0);
    return http_piece(kept_text(x, s, DIR_CLIENT).head, s->m.method);
}

/* A response is whole. DONE when what follows is another protocol: after 101, or through a tunnel
 * (RFC 9110 sections 7.8 and 9.3.6). */
static enum verdict response_done(struct proto_ctx *x, const struct http_text *r)
{
    unsigned status = r->m->status;
    if (status >= 100 && status < 200 && status != 101)
        return PARSE_OK; /* interim: the final one is still to come (RFC 9110 section 15.2) */
    struct http_request *q = request_for_response(x, status);
    if (!q) {
        counter_proto(x->env->counters, x->id, PC_UNMATCHED_RESPONSE);
        http_report(x, NULL, r, false);
        return status == 101 ? PARSE_DONE : PARSE_OK;
    }
    struct http_text t = request_text(q);
    bool tunnel = slice_eq(http_piece(t.head, t.m->method), SLICE("CONNECT")) && status < 300;
    http_report(x, &t, r, false);
    pair_drop(x, q);
    return status == 101 || tunnel ? PARSE_DONE : PARSE_OK;
}

static void head_reset(struct http_side *s)
{
    s->scanned = 0;
    s->line_seen = false;
}

/* A message is whole, as far as it ever will be. */
static enum verdict message_done(struct proto_ctx *x, struct http_side *s,
                                 const struct http_text *t)
{
    enum verdict v = PARSE_OK;
    s->phase = HTTP_HEAD;
    head_reset(s);
    if (!t->m->is_request)
        v = response_done(x, t);
    else if (!s->reported)
        request_wait(x, t);
    s->reported = false;
    return v;
}

static enum verdict kept_message_done(struct proto_ctx *x, struct http_side *s, enum dir d)
{
    struct http_text t = kept_text(x, s, d);
    enum verdict v = message_done(x, s, &t);
    proto_kept_drop(x, d);
    return v;
}

/* After a hole on the server's side responses may be missing. Who does not pipeline has one request
 * under way: the newest is the one that the next response is for. */
static void drop_unanswered(struct proto_ctx *x, struct http_side *s)
{
    while (s->hole && !s->m.is_request && pair_count(x) > 1) {
        struct http_request *q = pair_first(x);
        q->answer_lost = true;
        pair_orphan(x, q, ORPHAN_REPLACED);
    }
    s->hole = false;
}

/* A client that asks first (Expect: 100-continue) and gets a final answer may leave the body out
 * (RFC 9110 section 10.1.1): then its next request stands there. */
static enum verdict body_is_left_out(struct http_side *s, struct slice rest)
{
    if (!s->m.expects || !s->reported || s->m.wire_bytes > s->m.head_bytes ||
        !http_known_method(rest))
        return PARSE_BAD;
    ptrdiff_t lf = slice_find(rest, '\n');
    if (lf < 0)
        return rest.n < PROBE_LINE_MAX ? PARSE_MORE : PARSE_BAD;
    struct slice line = slice_first(rest, (size_t)lf + 1);
    return http_start_line(line, true) == HTTP_LINE_GOOD ? PARSE_OK : PARSE_BAD;
}

/* OK: the next message stands where a doubtful body would. MORE: too few bytes to tell. */
static enum verdict body_is_absent(struct proto_ctx *x, struct http_side *s, const struct cursor *c)
{
    struct slice rest = cur_rest(c), next = SLICE("HTTP/1.");
    if (!s->guess)
        return body_is_left_out(s, rest);
    if (slice_starts(rest, next))
        return PARSE_OK;
    x->need = (uint32_t)next.n;
    return slice_starts(next, rest) ? PARSE_MORE : PARSE_BAD;
}

/* Which messages may come from d. */
static unsigned kinds_from(const struct http_state *st, enum dir d)
{
    if (!st->known)
        return HTTP_REQUESTS | HTTP_RESPONSES;
    return d == DIR_CLIENT ? HTTP_REQUESTS : HTTP_RESPONSES;
}

/* The first n bytes are no message: they are passed, up to where one may begin. After a hole, or
 * when the capture begins in mid-stream, they are the rest of a body. */
static enum verdict head_bad(struct proto_ctx *x, struct cursor *c, enum dir d, size_t n)
{
    struct http_state *st = x->state;
    struct http_side *s = &st->side[d];
    counter_proto(x->env->counters, x->id, PC_BAD);
    head_reset(s);
    s->reported = false;
    s->hole = true;
    n += http_find_start(slice_after(cur_rest(c), n), kinds_from(st, d));
    cur_skip(c, n);
    s->strange += (uint32_t)n;
    return s->strange > STRANGE_MAX ? PARSE_DONE : PARSE_OK;
}

static enum verdict body_parse(struct proto_ctx *x, struct http_side *s, struct cursor *c,
                               enum dir d)
{
    const uint8_t *from = c->p;
    enum verdict absent = body_is_absent(x, s, c);
    if (absent == PARSE_MORE)
        return cur_left(c) ? PARSE_MORE : PARSE_OK;
    x->need = 0;
    s->guess = false;
    if (absent == PARSE_OK)
        return kept_message_done(x, s, d);
    switch (http_body_eat(x, s, c, d)) {
    case HTTP_BODY_MORE:
        return c->p == from ? PARSE_MORE : PARSE_OK;
    case HTTP_BODY_WHOLE:
        return kept_message_done(x, s, d);
    case HTTP_BODY_BROKEN:
        kept_message_done(x, s, d);
        return head_bad(x, c, d, cur_left(c) > 0);
    }
    return PARSE_BAD;
}

/* A response whose body may not come although its head says so: the request was not seen and may be
 * HEAD, or the server forgot the length of no body on a connection that goes on. */
static bool may_lack_body(const struct http_message *m, struct slice method)
{
    if (m->framing == HTTP_UNTIL_CLOSE)
        return method.n == 0 || (m->version >= 11 && !m->close);
    return method.n == 0 && m->framing == HTTP_LENGTH;
}

/* The head is whole: is there a body, and does it matter? */
static enum verdict head_done(struct proto_ctx *x, struct http_side *s, struct slice head,
                              struct cursor *c, enum dir d)
{
    const struct http_conf *conf = x->conf;
    struct slice method = slice_of(NULL, 0);
    drop_unanswered(x, s);
    if (d == DIR_SERVER)
        method = method_for_response(x);
    s->m.ts_ns = x->start_ns;
    s->m.wire_bytes = head.n;
    s->m.framing = (uint8_t)(d == DIR_SERVER ? http_response_framing(&s->m, method)
                                             : http_request_framing(&s->m));
    s->keep = http_body_wanted(conf, &s->m, head);
    s->guess = d == DIR_SERVER && may_lack_body(&s->m, method);
    if (s->m.framing == HTTP_NO_BODY) {
        struct http_text t = { &s->m, head, slice_of(NULL, 0) };
        return message_done(x, s, &t);
    }
    if (!proto_keep(x, d, head, head.n)) {
        counter_proto(x->env->counters, x->id, PC_NO_MEMORY);
        proto_kept_drop(x, d);
        return PARSE_BAD;
    }
    http_body_begin(s);
    enum verdict v = body_parse(x, s, c, d);
    return v == PARSE_MORE ? PARSE_OK : v; /* the head was consumed */
}

/* Requests come from the client: the first message decides who that is, if the capture began in
 * mid-stream. False when a later one contradicts. */
static bool settle_roles(struct proto_ctx *x, struct http_state *st, enum dir d, enum dir *from)
{
    *from = st->side[d].m.is_request ? DIR_CLIENT : DIR_SERVER;
    if (*from == d || st->known) {
        st->known = true;
        return *from == d;
    }
    struct http_side swap = st->side[DIR_CLIENT];
    st->side[DIR_CLIENT] = st->side[DIR_SERVER];
    st->side[DIR_SERVER] = swap;
    st->known = true;
    proto_set_client(x, DIR_SERVER);
    return true;
}

/* HTTP/0.9: what answers a request without version is a body alone. */
static bool is_bare_answer(struct proto_ctx *x, struct slice bytes, enum dir d)
{
    const struct http_request *q = d == DIR_SERVER ? pair_first(x) : NULL;
    struct slice http = SLICE("HTTP/");
    return q && q->m.version == 9 && !slice_starts(bytes, http) && !slice_starts(http, bytes);
}

static enum verdict bare_answer(struct proto_ctx *x, struct http_side *s, struct cursor *c)
{
    s->m = (struct http_message){
        .ts_ns = x->start_ns, .content_length = -1, .version = 9, .framing = HTTP_UNTIL_CLOSE
    };
    s->keep = http_body_wanted(x->conf, &s->m, slice_of(NULL, 0));
    s->guess = false;
    http_body_begin(s);
    return body_parse(x, s, c, DIR_SERVER);
}

static enum verdict bare_request(struct proto_ctx *x, struct http_side *s, struct slice line)
{
    struct slice target = slice_trim(slice_after(line, 4));
    while (target.n && (target.p[target.n - 1] == '\n' || target.p[target.n - 1] == '\r'))
        target.n--;
    s->m = (struct http_message){ .ts_ns = x->start_ns,
                                  .wire_bytes = line.n,
                                  .content_length = -1,
                                  .head_bytes = (uint32_t)line.n,
                                  .version = 9,
                                  .is_request = true,
                                  .method = { 0, 3 },
                                  .uri = { (uint32_t)(target.p - line.p), (uint32_t)target.n } };
    struct http_text t = { &s->m, line, slice_of(NULL, 0) };
    return message_done(x, s, &t);
}

/* Empty lines before a message are passed over (RFC 9112 section 2.2). */
static bool pass_empty_lines(struct cursor *c)
{
    const uint8_t *from = c->p;
    while (cur_left(c) && (*c->p == '\r' || *c->p == '\n'))
        cur_skip(c, 1);
    return c->p != from;
}

/* What the first line of the head is; GOOD as long as it is not whole, and once it was read. */
static enum http_line first_line(struct http_side *s, struct slice all, struct slice *line)
{
    if (s->line_seen)
        return HTTP_LINE_GOOD;
    ptrdiff_t lf = slice_find(slice_after(all, s->scanned), '\n');
    if (lf < 0)
        return HTTP_LINE_GOOD;
    *line = slice_first(all, s->scanned + (size_t)lf + 1);
    enum http_line what = http_start_line(*line, s->hole);
    s->line_seen = what == HTTP_LINE_GOOD;
    return what;
}

static enum verdict head_read(struct proto_ctx *x, struct slice head, struct cursor *c, enum dir d)
{
    struct http_state *st = x->state;
    if (!http_message_parse(head, x->conf, &st->side[d].m) || !settle_roles(x, st, d, &d))
        return head_bad(x, c, d, head.n);
    struct http_side *s = &st->side[d];
    head_reset(s);
    s->strange = 0;
    cur_skip(c, head.n);
    return head_done(x, s, head, c, d);
}

/* A message begins here, or nothing that is known. */
static enum verdict head_begin(struct proto_ctx *x, struct slice all, struct cursor *c, enum dir d)
{
    struct http_state *st = x->state;
    struct http_side *s = &st->side[d];
    const struct http_conf *conf = x->conf;
    struct slice line = slice_of(NULL, 0);
    enum http_line what = first_line(s, all, &line);
    if (what == HTTP_LINE_09 && d == DIR_CLIENT) {
        cur_skip(c, line.n);
        return bare_request(x, s, line);
    }
    if (what != HTTP_LINE_GOOD)
        return head_bad(x, c, d, line.n);
    if (slice_starts(line, SLICE("PRI * HTTP/2.0")))
        return PARSE_DONE; /* HTTP/2 without TLS (RFC 9113 section 3.4) */
    size_t n = http_head_end(all, &s->scanned);
    if (n)
        return head_read(x, slice_first(all, n), c, d);
    return all.n > (size_t)conf->max_message ? head_bad(x, c, d, all.n) : PARSE_MORE;
}

static enum verdict head_parse(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    struct http_state *st = x->state;
    struct http_side *s = &st->side[d];
    struct slice all = cur_rest(c);
    if (is_bare_answer(x, all, d))
        return bare_answer(x, s, c);
    if (s->scanned == 0 && pass_empty_lines(c))
        return PARSE_OK;
    if (!http_start_plausible(all, kinds_from(st, d), s->hole))
        return head_bad(x, c, d, all.n > 0);
    return head_begin(x, all, c, d);
}

/* One message, or a piece of one, a call: so x->start_ns is each message's own. */
static enum verdict http_parse(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    struct http_state *st = x->state;
    struct http_side *s = &st->side[d];
    x->need = 0;
    if (d == DIR_SERVER)
        pair_touch(x);
    const uint8_t *from = c->p;
    enum verdict v = s->phase == HTTP_HEAD ? PARSE_OK : body_parse(x, s, c, d);
    bool stands = v == PARSE_OK && s->phase == HTTP_HEAD && c->p == from;
    return stands ? head_parse(x, c, d) : v;
}

/* A head that will never be whole: with its start line it is reported as it is, its body unknown.
 */
static enum verdict head_cut_short(struct proto_ctx *x, struct cursor *c, enum dir d, bool lost)
{
    struct http_state *st = x->state;
    struct slice head = whole_lines(cur_rest(c));
    struct http_message *m = &st->side[d].m;
    head_reset(&st->side[d]);
    st->side[d].hole = st->side[d].hole || lost;
    if (head.n == 0 || !http_message_parse(head, x->conf, m) || !settle_roles(x, st, d, &d))
        return PARSE_OK;
    struct http_side *s = &st->side[d];
    drop_unanswered(x, s);
    m = &s->m;
    m->ts_ns = x->start_ns;
    m->wire_bytes = head.n;
    m->lost = lost;
    m->framing = HTTP_NO_BODY;
    struct http_text t = { m, head, slice_of(NULL, 0) };
    enum verdict v = message_done(x, s, &t);
    s->hole = lost;
    return v;
}

/* In a body of known length lost bytes are only missing; a head may lose its end. */
static enum verdict http_gap(struct proto_ctx *x, struct cursor *c, enum dir d, size_t missing)
{
    struct http_state *st = x->state;
    struct http_side *s = &st->side[d];
    if (s->phase == HTTP_HEAD)
        return head_cut_short(x, c, d, true);
    s->guess = false;
    enum http_body_result got = http_body_gap(s, missing);
    s->hole = s->hole || got == HTTP_BODY_BROKEN;
    return got == HTTP_BODY_MORE ? PARSE_OK : kept_message_done(x, s, d);
}

/* What has come is all there will be: a message that has begun is reported as it is. */
static void http_end(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    struct http_state *st = x->state;
    struct http_side *s = &st->side[d];
    struct slice rest = cur_rest(c);
    if (s->phase == HTTP_HEAD && rest.n && is_bare_answer(x, rest, d))
        bare_answer(x, s, c);
    else if (s->phase == HTTP_HEAD)
        head_cut_short(x, c, d, false);
    if (s->phase == HTTP_HEAD)
        return;
    s->guess = false;
    if (s->phase == HTTP_BODY && cur_left(c))
        http_body_eat(x, s, c, d);
    kept_message_done(x, s, d);
}

static void http_orphan(struct proto_ctx *x, void *request, enum orphan_reason why)
{
    const struct http_request *q = request;
    struct http_text t = request_text(q);
    (void)why;
    http_report(x, &t, NULL, q->answer_lost);
}

/* "METHOD target HTTP/1.x" or "HTTP/1.x 200": certain, for SIP and RTSP name themselves there. */
static int http_probe(struct slice first, enum dir d)
{
    (void)d;
    if (slice_starts(first, SLICE("HTTP/1.")))
        return 100;
    if (slice_starts(SLICE("HTTP/1."), first))
        return PROBE_MORE;
    if (!http_start_plausible(first, HTTP_REQUESTS, false))
        return 0;
    ptrdiff_t lf = slice_find(first, '\n');
    if (lf >= 0) {
        struct slice line = slice_first(first, (size_t)lf);
        line.n -= slice_ends(line, SLICE("\r"));
        line = slice_after(line, line.n > 8 ? line.n - 8 : 0);
        return slice_starts(line, SLICE("HTTP/1.")) ? 100 : 0;
    }
    return http_known_method(first) && first.n < PROBE_LINE_MAX ? PROBE_MORE : 0;
}

static bool lower_texts(struct texts *list, struct arena *mem)
{
    for (unsigned i = 0; i < list->n; i++) {
        struct slice text = slice_cstr(list->v[i]);
        char *copy = arena_zalloc(mem, text.n + 1);
        if (!copy)
            return false;
        for (size_t k = 0; k < text.n; k++)
            copy[k] = (char)ascii_lower(text.p[k]);
        list->v[i] = copy;
    }
    return true;
}

static err http_prepare(void *conf, const struct loading *l)
{
    struct http_conf *c = conf;
    c->max_message = c->max_message < MESSAGE_MAX ? c->max_message : MESSAGE_MAX;
    bool good = lower_texts(&c->send_headers, l->mem) && lower_texts(&c->redact_headers, l->mem) &&
                lower_texts(&c->hide_keywords, l->mem);
    return good ? ERR_OK : why_set(l->why, ERR_LIMIT, "%s: too many texts", l->prefix);
}

const struct proto proto_http = {
    .name = "http",
    .doc = "Hypertext Transfer Protocol, versions 1.1, 1.0 and 0.9.",
    .l4 = L4_TCP,
    .ports = { 80, 8080, 8000, 5000, 8002 },
    .detect = true,
    .state_size = sizeof(struct http_state),
    .fields = http_fields,
    .n_fields = HTTP_FIELDS,
    .conf_size = sizeof(struct http_conf),
    .options = options,
    .probe = http_probe,
    .parse = http_parse,
    .gap = http_gap,
    .end = http_end,
    .orphan = http_orphan,
    .prepare = http_prepare,
};
