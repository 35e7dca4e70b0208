/* Heads of HTTP/1.1 requests (RFC 9110, 9112). */
#include "web/http.h"

#include "base/attr.h"
#include "base/utf8.h"

#define LENGTH_DIGITS 15

static const char *const method_names[HTTP_METHODS_N] = {
#define HTTP_METHOD(name) [HTTP_##name] = #name,
    HTTP_METHODS(HTTP_METHOD)
#undef HTTP_METHOD
};

const char *http_method_name(enum http_method m)
{
    return method_names[m];
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        { 200, "OK" },
        { 204, "No Content" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 408, "Request Timeout" },
        { 411, "Length Required" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 417, "Expectation Failed" },
        { 421, "Misdirected Request" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Unknown";
}

static int refuse(struct why *w, int status, const char *text)
{
    (void)why_set(w, ERR_FORMAT, "%s", text);
    return status;
}

/* ---- the end of a head */

enum http_scan http_head_scan(struct slice s, size_t *n)
{
    for (size_t i = *n; i < s.n; i++) {
        if (s.p[i] != '\n')
            continue;
        if (i == 0 || s.p[i - 1] != '\r')
            return HTTP_BROKEN;
        if (i == 1 || (i >= 3 && s.p[i - 2] == '\n')) {
            *n = i + 1;
            return HTTP_WHOLE;
        }
    }
    *n = s.n;
    return HTTP_MORE;
}

/* The line at the start of *rest, which moves behind its CR LF. */
static struct slice next_line(struct slice *rest)
{
    ptrdiff_t at = slice_search(*rest, SLICE("\r\n"));
    struct slice line = at < 0 ? *rest : slice_first(*rest, (size_t)at);
    *rest = slice_after(*rest, line.n + 2);
    return line;
}

/* ---- characters */

static bool is_token(struct slice s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i], l = ascii_lower(c);
        bool ok = (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || (c && strchr(others, c));
        if (!ok)
            return false;
    }
    return s.n > 0;
}

static bool is_field_value(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

/* ---- the request line */

static int hex_digit(uint8_t c)
{
    uint8_t l = ascii_lower(c);
    if (c >= '0' && c <= '9')
        return c - '0';
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/* The byte at s.p[*i], which may be written as %41; *i moves to its last character. -1: broken. */
static int decoded(struct slice s, size_t *i)
{
    if (s.p[*i] != '%')
        return s.p[*i];
    if (s.n - *i < 3)
        return -1;
    int high = hex_digit(s.p[*i + 1]), low = hex_digit(s.p[*i + 2]);
    *i += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool has_dot_segment(struct slice path)
{
    while (path.n) {
        path = slice_after(path, 1);
        ptrdiff_t at = slice_find(path, '/');
        struct slice part = at < 0 ? path : slice_first(path, (size_t)at);
        if (slice_eq(part, SLICE(".")) || slice_eq(part, SLICE("..")))
            return true;
        path = slice_after(path, part.n);
    }
    return false;
}

static int read_path(struct http_head *h, struct slice raw, struct arena *mem, struct why *w)
{
    uint8_t *to = arena_alloc(mem, raw.n + 1);
    size_t n = 0;
    if (!to || raw.n > HTTP_PATH_MAX)
        return refuse(w, 414, "the path is too long");
    for (size_t i = 0; i < raw.n; i++) {
        bool escaped = raw.p[i] == '%';
        int c = decoded(raw, &i);
        if (c < ' ' || c == 0x7f || c == '\\' || (escaped && c == '/'))
            return refuse(w, 400, "the path has a character that it may not have");
        to[n++] = (uint8_t)c;
    }
    h->path = slice_of(to, n);
    if (!utf8_ok(h->path) || has_dot_segment(h->path))
        return refuse(w, 400, "the path has a part that it may not have");
    return 0;
}

static int read_target(struct http_head *h, struct slice target, struct arena *mem, struct why *w)
{
    if (!slice_starts(target, SLICE("/")) || slice_find(target, '#') >= 0)
        return refuse(w, 400, "the target of the request is no path");
    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] <= ' ' || target.p[i] >= 0x7f)
            return refuse(w, 400, "the target of the request has a character that must be escaped");
    ptrdiff_t at = slice_find(target, '?');
    h->query = at < 0 ? slice_of(NULL, 0) : slice_after(target, (size_t)at + 1);
    return read_path(h, at < 0 ? target : slice_first(target, (size_t)at), mem, w);
}

static int read_method(struct http_head *h, struct slice name, struct why *w)
{
    for (unsigned i = 0; i < HTTP_METHODS_N; i++)
        if (slice_eq(name, slice_cstr(method_names[i]))) {
            h->method = (enum http_method)i;
            return 0;
        }
    return is_token(name) ? refuse(w, 501, "the method is not known here")
                          : refuse(w, 400, "the request begins with no method");
}

static int read_request_line(struct http_head *h, struct slice line, struct arena *mem,
                             struct why *w)
{
    ptrdiff_t first = slice_find(line, ' ');
    struct slice rest = slice_after(line, first < 0 ? line.n : (size_t)first + 1);
    ptrdiff_t second = slice_find(rest, ' ');
    if (first < 0 || second < 0)
        return refuse(w, 400, "the request line is not METHOD TARGET HTTP/1.1");
    struct slice version = slice_after(rest, (size_t)second + 1);
    bool is_10 = slice_eq(version, SLICE("HTTP/1.0"));
    if (!is_10 && !slice_eq(version, SLICE("HTTP/1.1"))) {
        bool http = version.n == 8 && slice_starts(version, SLICE("HTTP/"));
        return refuse(w, http ? 505 : 400, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    h->keep_alive = !is_10;
    int status = read_method(h, slice_first(line, (size_t)first), w);
    return status ? status : read_target(h, slice_first(rest, (size_t)second), mem, w);
}

/* ---- header lines */

static int add_header(struct http_head *h, struct slice line, struct why *w)
{
    ptrdiff_t colon = slice_find(line, ':');
    if (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
        return refuse(w, 400, "a header goes on in a second line");
    if (colon <= 0)
        return refuse(w, 400, "a header line has no name");
    struct slice name = slice_first(line, (size_t)colon);
    struct slice value = slice_trim(slice_after(line, (size_t)colon + 1));
    if (!is_token(name) || !is_field_value(value))
        return refuse(w, 400, "a header line has a character that it may not have");
    if (h->n == HTTP_HEADERS_MAX)
        return refuse(w, 431, "there are too many headers");
    h->header[h->n++] = (struct http_header){ name, value };
    return 0;
}

/* How often a header is there; *value is the first one. */
static unsigned count(const struct http_head *h, struct slice name, struct slice *value)
{
    unsigned n = 0;
    *value = slice_of(NULL, 0);
    for (unsigned i = 0; i < h->n; i++)
        if (slice_eq_nocase(h->header[i].name, name) && n++ == 0)
            *value = h->header[i].value;
    return n;
}

static int read_length(struct http_head *h, struct why *w)
{
    struct slice length, coding;
    unsigned lengths = count(h, SLICE("Content-Length"), &length);
    unsigned codings = count(h, SLICE("Transfer-Encoding"), &coding);
    if (lengths > 1 || (lengths && codings))
        return refuse(w, 400, "the length of the body is given more than once");
    if (codings)
        return refuse(w, 501, "bodies in chunks are not taken: send Content-Length");
    if (lengths && (length.n > LENGTH_DIGITS || !slice_to_u64(length, &h->body_bytes)))
        return refuse(w, 400, "Content-Length is no number");
    return 0;
}

static int read_once(struct http_head *h, struct slice name, struct slice *value, struct why *w)
{
    return count(h, name, value) > 1
               ? refuse(w, 400, "a header that may be there once is there more often")
               : 0;
}

static int read_meaning(struct http_head *h, struct why *w)
{
    struct slice connection, expect, unused;
    int status = read_length(h, w);
    if (!status)
        status = read_once(h, SLICE("Host"), &h->host, w);
    if (!status)
        status = read_once(h, SLICE("Authorization"), &unused, w);
    if (!status)
        status = read_once(h, SLICE("Origin"), &unused, w);
    if (!status)
        status = read_once(h, SLICE("Connection"), &connection, w);
    if (!status)
        status = read_once(h, SLICE("Expect"), &expect, w);
    if (status)
        return status;
    h->expects_continue = slice_eq_nocase(expect, SLICE("100-continue"));
    if (expect.n && !h->expects_continue)
        return refuse(w, 417, "Expect: only 100-continue is known");
    if (http_list_has(connection, SLICE("close")))
        h->keep_alive = false;
    return 0;
}

int http_head_read(struct http_head *h, struct slice text, struct arena *mem, struct why *w)
{
    struct slice rest = text;
    *h = (struct http_head){ 0 };
    int status = read_request_line(h, next_line(&rest), mem, w);
    while (!status && rest.n) {
        struct slice line = next_line(&rest);
        if (line.n == 0)
            break;
        status = add_header(h, line, w);
    }
    return status ? status : read_meaning(h, w);
}

/* ---- asking */

struct slice http_header(const struct http_head *h, struct slice name)
{
    struct slice value;
    (void)count(h, name, &value);
    return value;
}

/* The part before the next `at`, trimmed; *rest moves behind it. */
static struct slice next_part(struct slice *rest, uint8_t at)
{
    ptrdiff_t end = slice_find(*rest, at);
    struct slice part = end < 0 ? *rest : slice_first(*rest, (size_t)end);
    *rest = slice_after(*rest, part.n + 1);
    return slice_trim(part);
}

bool http_list_has(struct slice list, struct slice token)
{
    while (list.n)
        if (slice_eq_nocase(next_part(&list, ','), token))
            return true;
    return false;
}

/* "0", "0.0", "0.000" */
static bool is_zero(struct slice weight)
{
    bool zero = weight.n > 0;
    for (size_t i = 0; i < weight.n; i++)
        zero = zero && (weight.p[i] == '0' || (weight.p[i] == '.' && i == 1));
    return zero;
}

bool http_takes_gzip(const struct http_head *h)
{
    struct slice list = http_header(h, SLICE("Accept-Encoding"));
    bool takes = false;
    while (list.n) {
        struct slice weight = next_part(&list, ',');
        struct slice coding = next_part(&weight, ';');
        weight = slice_trim(weight);
        bool refused = slice_starts(weight, SLICE("q=")) && is_zero(slice_after(weight, 2));
        if (slice_eq_nocase(coding, SLICE("gzip")))
            return !refused;
        takes = takes || (slice_eq(coding, SLICE("*")) && !refused);
    }
    return takes;
}

struct slice http_cookie(const struct http_head *h, struct slice name)
{
    struct slice rest = http_header(h, SLICE("Cookie"));
    while (rest.n) {
        struct slice part = next_part(&rest, ';');
        ptrdiff_t at = slice_find(part, '=');
        if (at > 0 && slice_eq(slice_first(part, (size_t)at), name))
            return slice_after(part, (size_t)at + 1);
    }
    return slice_of(NULL, 0);
}

static bool is_port(struct slice s)
{
    uint64_t port;
    return slice_to_u64(s, &port) && port <= 65535;
}

struct slice http_host_name(struct slice authority)
{
    bool bracket = slice_starts(authority, SLICE("["));
    ptrdiff_t end = bracket ? slice_find(authority, ']') : slice_find(authority, ':');
    size_t n = end < 0 ? authority.n : (size_t)end + bracket;
    struct slice name = slice_first(authority, n), rest = slice_after(authority, n);
    if ((bracket && end < 0) || (rest.n && (rest.p[0] != ':' || !is_port(slice_after(rest, 1)))))
        return slice_of(NULL, 0);
    return bracket ? slice_of(name.p + 1, name.n - 2) : name;
}
