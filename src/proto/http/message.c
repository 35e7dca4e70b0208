/* Start lines and header fields of HTTP/1.x (RFC 9112 sections 2 to 5), read leniently: bare LF,
 * empty lines in front, folded lines, any spacing that real servers take. */
#include "proto/http/message.h"

#include "base/table.h"

#define METHOD_MAX 32 /* longest method that starts a message; RFC 9110's are up to 17 */

/* RFC 9110 section 5.6.2. */
static bool is_token(uint8_t b)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    if ((b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z'))
        return true;
    return b && strchr(others, b);
}

static bool is_blank(uint8_t b)
{
    return b == ' ' || b == '\t';
}

static const struct slice method_starts[] = {
    SLICE("GET "),   SLICE("POST "),    SLICE("HEAD "),    SLICE("PUT "),      SLICE("DELETE "),
    SLICE("PATCH "), SLICE("OPTIONS "), SLICE("CONNECT "), SLICE("PROPFIND "),
};

/* True when one of both is the beginning of the other. */
static bool may_become(struct slice bytes, struct slice start)
{
    return slice_starts(bytes, start) || slice_starts(start, bytes);
}

bool http_known_method(struct slice bytes)
{
    for (unsigned i = 0; i < COUNT(method_starts); i++) {
        if (may_become(bytes, method_starts[i]))
            return true;
    }
    return false;
}

bool http_start_plausible(struct slice bytes, unsigned kinds, bool strict)
{
    if ((kinds & HTTP_RESPONSES) &&
        (may_become(bytes, SLICE("HTTP/")) || (!strict && may_become(bytes, SLICE("ICY ")))))
        return true;
    if (!(kinds & HTTP_REQUESTS))
        return false;
    if (strict)
        return http_known_method(bytes);
    size_t n = 0;
    while (n < bytes.n && n < METHOD_MAX && is_token(bytes.p[n]))
        n++;
    return n == bytes.n || (n > 0 && n < METHOD_MAX && is_blank(bytes.p[n]));
}

size_t http_find_start(struct slice bytes, unsigned kinds)
{
    for (size_t i = 0; i < bytes.n; i++) {
        struct slice rest = slice_after(bytes, i);
        if (!memchr("HGPDOC", rest.p[0], 6))
            continue;
        if (((kinds & HTTP_RESPONSES) && may_become(rest, SLICE("HTTP/1."))) ||
            ((kinds & HTTP_REQUESTS) && http_known_method(rest)))
            return i;
    }
    return bytes.n;
}

size_t http_head_end(struct slice bytes, uint32_t *scanned)
{
    /* Two bytes back: the line end that earlier calls ended in may be half of the end. */
    size_t at = *scanned > 2 ? *scanned - 2 : 0;
    for (;;) {
        ptrdiff_t lf = slice_find(slice_after(bytes, at), '\n');
        if (lf < 0)
            break;
        at += (size_t)lf + 1;
        struct slice rest = slice_after(bytes, at);
        if (slice_starts(rest, SLICE("\n")))
            return at + 1;
        if (slice_starts(rest, SLICE("\r\n")))
            return at + 2;
    }
    *scanned = (uint32_t)bytes.n;
    return 0;
}

/* "HTTP/1.1" as 11; what is malformed or later than 1.2 counts as 1.0. */
static uint8_t version_of(struct slice s)
{
    bool good = s.n == 8 && s.p[6] == '.' && s.p[5] <= '1' && s.p[5] >= '0' && s.p[7] >= '0' &&
                s.p[7] <= '2';
    return good ? (uint8_t)((s.p[5] - '0') * 10 + (s.p[7] - '0')) : 10;
}

static struct http_span span_in(struct slice head, struct slice piece)
{
    return piece.n ? (struct http_span){ (uint32_t)(piece.p - head.p), (uint32_t)piece.n }
                   : (struct http_span){ 0, 0 };
}

/* Bytes up to the first blank; *s goes behind it. */
static struct slice word(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && !is_blank(s->p[n]))
        n++;
    struct slice w = slice_first(*s, n);
    *s = slice_trim(slice_after(*s, n));
    return w;
}

/* Also the answers of SHOUTcast servers, "ICY 200 OK". */
static bool is_status_line(struct slice line)
{
    return slice_starts(line, SLICE("HTTP/")) || slice_starts(line, SLICE("ICY "));
}

/* status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 section 4). A code that
 * has not three digits is still an answer, and reported as it is. */
static bool status_line(struct slice head, struct slice line, struct http_message *m)
{
    uint64_t status;
    m->version = version_of(word(&line));
    if (!slice_to_u64(word(&line), &status) || status == 0 || status > UINT16_MAX)
        return false;
    m->status = (uint16_t)status;
    m->phrase = span_in(head, line);
    return true;
}

/* request-line = method SP request-target SP HTTP-version (RFC 9112 section 3). The target may hold
 * blanks: it goes to the last one. */
static bool request_line(struct slice head, struct slice line, struct http_message *m)
{
    line = slice_trim(line);
    struct slice method = word(&line);
    size_t last = line.n;
    while (last > 0 && !is_blank(line.p[last - 1]))
        last--;
    struct slice version = slice_after(line, last), target = slice_trim(slice_first(line, last));
    if (!slice_starts(version, SLICE("HTTP/")) || method.n == 0 || target.n == 0)
        return false;
    m->is_request = true;
    m->version = version_of(version);
    m->method = span_in(head, method);
    m->uri = span_in(head, target);
    return true;
}

enum http_line http_start_line(struct slice line, bool strict)
{
    struct http_message m = { 0 };
    line.n -= slice_ends(line, SLICE("\n"));
    line.n -= slice_ends(line, SLICE("\r"));
    if (is_status_line(line))
        return status_line(line, line, &m) ? HTTP_LINE_GOOD : HTTP_LINE_BAD;
    if (request_line(line, line, &m))
        return strict && slice_find(http_piece(line, m.uri), ' ') >= 0 ? HTTP_LINE_BAD
                                                                       : HTTP_LINE_GOOD;
    bool bare = slice_starts(line, SLICE("GET /")) && slice_find(slice_after(line, 4), ' ') < 0;
    return bare ? HTTP_LINE_09 : HTTP_LINE_BAD;
}

/* A line end before a blank is folding: the value goes on (RFC 9112 section 5.2). */
static struct slice folded_line(struct cursor *c)
{
    struct slice line = cur_line(c);
    while (cur_left(c) && is_blank(*c->p)) {
        struct slice more = cur_line(c);
        if (!cur_ok(c))
            break;
        line.n = (size_t)(more.p + more.n - line.p);
    }
    return line;
}

bool http_header_next(struct cursor *c, struct slice *name, struct slice *value)
{
    while (cur_left(c)) {
        struct slice line = folded_line(c);
        ptrdiff_t colon = slice_find(line, ':');
        if (!cur_ok(c) || line.n == 0)
            return false;
        if (colon <= 0)
            continue; /* no header field: passed over */
        *name = slice_first(line, (size_t)colon);
        *value = slice_trim(slice_after(line, (size_t)colon + 1));
        return true;
    }
    return false;
}

bool http_list_next(struct slice *rest, struct slice *item)
{
    while (rest->n) {
        ptrdiff_t comma = slice_find(*rest, ',');
        size_t n = comma < 0 ? rest->n : (size_t)comma;
        *item = slice_trim(slice_first(*rest, n));
        *rest = slice_after(*rest, n + 1);
        if (item->n)
            return true;
    }
    return false;
}

/* The leading digits; -1 when there are none or too many. */
static int64_t length_of(struct slice value)
{
    size_t n = 0;
    uint64_t v;
    while (n < value.n && value.p[n] >= '0' && value.p[n] <= '9')
        n++;
    return slice_to_u64(slice_first(value, n), &v) && v <= INT64_MAX ? (int64_t)v : -1;
}

static void add_codings(struct slice head, struct slice list, struct http_message *m, bool transfer)
{
    struct http_span *to = transfer ? m->transfer : m->content;
    uint8_t *n = transfer ? &m->n_transfer : &m->n_content;
    struct slice item;
    while (http_list_next(&list, &item)) {
        if (transfer && slice_eq_nocase(item, SLICE("chunked"))) {
            m->chunked = true;
        } else if (*n == HTTP_CODINGS) {
            m->too_many_codings = true;
            return;
        } else {
            to[(*n)++] = span_in(head, item);
            m->chunked = m->chunked && !transfer; /* only the last may frame */
        }
    }
    m->other_transfer = m->n_transfer > 0;
}

static void note_connection(struct slice list, struct http_message *m)
{
    struct slice item;
    while (http_list_next(&list, &item))
        m->close = m->close || slice_eq_nocase(item, SLICE("close"));
}

/* Header fields of which the value itself is wanted, the last of its name. */
static const struct {
    struct slice name;
    size_t offset;
} wanted[] = {
    { SLICE("host"), offsetof(struct http_message, host) },
    { SLICE("referer"), offsetof(struct http_message, referrer) },
    { SLICE("user-agent"), offsetof(struct http_message, agent) },
    { SLICE("content-type"), offsetof(struct http_message, type) },
    { SLICE("authorization"), offsetof(struct http_message, authorization) },
};

static void note_header(struct slice head, struct slice name, struct slice value,
                        struct http_message *m)
{
    for (unsigned i = 0; i < COUNT(wanted); i++) {
        if (slice_eq_nocase(name, wanted[i].name)) {
            *(struct http_span *)(void *)((char *)m + wanted[i].offset) = span_in(head, value);
            return;
        }
    }
    if (slice_eq_nocase(name, SLICE("content-length")))
        m->content_length = length_of(value);
    else if (slice_eq_nocase(name, SLICE("transfer-encoding")))
        add_codings(head, value, m, true);
    else if (slice_eq_nocase(name, SLICE("content-encoding")))
        add_codings(head, value, m, false);
    else if (slice_eq_nocase(name, SLICE("connection")))
        note_connection(value, m);
    else if (slice_eq_nocase(name, SLICE("expect")))
        m->expects = slice_eq_nocase(value, SLICE("100-continue"));
}

bool http_message_parse(struct slice head, const struct http_conf *conf, struct http_message *m)
{
    struct slice real_ip = slice_cstr(conf->real_ip_header), name, value;
    struct cursor c = cur_of(head);
    struct slice line = cur_line(&c);
    *m = (struct http_message){ .content_length = -1, .head_bytes = (uint32_t)head.n };
    bool response = is_status_line(line);
    if (!cur_ok(&c) || !(response ? status_line : request_line)(head, line, m))
        return false;
    while (http_header_next(&c, &name, &value)) {
        note_header(head, name, value, m);
        if (real_ip.n && slice_eq_nocase(name, real_ip))
            m->real_ip = span_in(head, value);
    }
    return true;
}

enum http_framing http_request_framing(const struct http_message *m)
{
    if (m->chunked)
        return HTTP_CHUNKED;
    return m->content_length > 0 ? HTTP_LENGTH : HTTP_NO_BODY;
}

enum http_framing http_response_framing(const struct http_message *m, struct slice method)
{
    if ((m->status >= 100 && m->status < 200) || m->status == 204 || m->status == 304)
        return HTTP_NO_BODY;
    if (slice_eq(method, SLICE("HEAD")) || (slice_eq(method, SLICE("CONNECT")) && m->status < 300))
        return HTTP_NO_BODY;
    if (m->chunked)
        return HTTP_CHUNKED;
    if (m->other_transfer || m->content_length < 0)
        return HTTP_UNTIL_CLOSE;
    return m->content_length > 0 ? HTTP_LENGTH : HTTP_NO_BODY;
}

uint64_t http_content_length(const struct http_message *m)
{
    bool counted = m->framing == HTTP_CHUNKED || m->framing == HTTP_UNTIL_CLOSE;
    return counted || m->content_length < 0 ? m->body_bytes : (uint64_t)m->content_length;
}
