/* URLs of HTTP taken apart (RFC 3986; only http and https are URLs to Graylog's rules). */
#include "pack/eval.h"
#include "pack/function.h"

enum {
    URL_PROTOCOL,
    URL_USER,
    URL_HOST,
    URL_PORT,
    URL_PATH,
    URL_FILE,
    URL_QUERY,
    URL_FRAGMENT,
    URL_AUTHORITY,
    URL_PARAMS,
    URL_TEXT,
    URL_PARTS
};
static const char *const names[URL_PARTS] = { "protocol",  "userInfo",    "host",  "port",
                                              "path",      "file",        "query", "fragment",
                                              "authority", "queryParams", "url" };

static size_t until(struct slice s, const char *stops)
{
    size_t i = 0;
    while (i < s.n && !(s.p[i] && strchr(stops, s.p[i])))
        i++;
    return i;
}

/* The host in small letters; false when it is none. */
static bool read_host(struct call *c, struct slice s, struct rule_value *host)
{
    struct buf b = call_buf(c, s.n);
    struct addr a;
    if (s.n && s.p[0] == '[') {
        s = slice_of(s.p + 1, s.n - 2);
        if (!addr_parse(s, &a))
            return false;
    } else if (until(s, " \t\"#<>[]^`{|}\\:") < s.n) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++)
        buf_u8(&b, ascii_lower(s.p[i]));
    *host = call_done(c, &b);
    return s.n != 0;
}

static bool read_port(struct slice s, bool secure, struct rule_value *port)
{
    uint64_t n = secure ? 443 : 80;
    if (s.n && (!slice_to_u64(s, &n) || n < 1 || n > 65535))
        return false;
    *port = (struct rule_value){ .kind = K_INT, .i = (int64_t)n };
    return true;
}

static bool read_authority(struct call *c, struct slice s, bool secure, struct rule_value *part)
{
    size_t at = s.n;
    part[URL_AUTHORITY] = rule_string(s);
    while (at > 0 && s.p[at - 1] != '@')
        at--;
    if (at)
        part[URL_USER] = rule_string(slice_first(s, at - 1));
    else
        part[URL_USER] = rule_string(slice_of("", 0));
    s = slice_after(s, at);
    size_t host = s.n && s.p[0] == '[' ? until(s, "]") + 1 : until(s, ":");
    if (host > s.n || (host < s.n && s.p[host] != ':'))
        return false;
    return read_host(c, slice_first(s, host), &part[URL_HOST]) &&
           read_port(slice_after(s, host + 1), secure, &part[URL_PORT]);
}

/* Values of one name are joined by commas. */
static struct rule_value read_params(struct call *c, struct slice query)
{
    struct rule_value out;
    struct rule_member *m = call_map(c, 64, &out);
    uint32_t n = 0;
    while (m && query.n && n < 64) {
        struct slice one = slice_first(query, until(query, "&"));
        query = slice_after(query, one.n + 1);
        size_t equals = until(one, "=");
        struct slice key = slice_first(one, equals), v = slice_after(one, equals + 1);
        uint32_t at = 0;
        if (equals == one.n)
            continue;
        while (at < n && !slice_eq(m[at].key, key))
            at++;
        if (at < n) {
            struct slice old = rule_text(&m[at].v);
            struct buf b = call_buf(c, old.n + 1 + v.n);
            buf_add(&b, old);
            buf_u8(&b, ',');
            buf_add(&b, v);
            m[at].v = call_done(c, &b);
            continue;
        }
        m[n++] = (struct rule_member){ key, rule_string(v) };
    }
    out.n = m ? n : 0;
    return out;
}

/* Spaces are no part of a URL: they are escaped. */
static struct slice escaped(struct call *c, struct slice s)
{
    struct buf b = call_buf(c, s.n * 3);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] > ' ' && s.p[i] != '"' && s.p[i] != '<' && s.p[i] != '>' && s.p[i] < 0x7f) {
            buf_u8(&b, s.p[i]);
            continue;
        }
        buf_u8(&b, '%');
        buf_hex(&b, slice_of(s.p + i, 1), true);
    }
    return buf_slice(&b);
}

static void read_rest(struct call *c, struct slice s, struct rule_value *part)
{
    size_t end = until(s, "#"), question;
    if (end < s.n)
        part[URL_FRAGMENT] = rule_string(slice_after(s, end + 1));
    s = escaped(c, slice_first(s, end));
    if (!s.n)
        s = SLICE("/");
    question = until(s, "?");
    part[URL_PATH] = rule_string(slice_first(s, question));
    part[URL_FILE] = rule_string(s);
    if (question < s.n) {
        part[URL_QUERY] = rule_string(slice_after(s, question + 1));
        part[URL_PARAMS] = read_params(c, slice_after(s, question + 1));
        if (!part[URL_PARAMS].n)
            part[URL_PARAMS] = rule_null();
    }
}

/* The parts of a text; false when it is no URL. */
static bool read_url(struct call *c, struct slice s, struct rule_value *part)
{
    size_t colon = until(s, ":");
    struct slice scheme = slice_first(s, colon);
    bool secure = slice_eq_nocase(scheme, SLICE("https"));
    if (colon == s.n || (!secure && !slice_eq_nocase(scheme, SLICE("http"))))
        return false;
    part[URL_TEXT] = rule_string(s);
    part[URL_PROTOCOL] = rule_string(secure ? SLICE("https") : SLICE("http"));
    s = slice_after(s, colon + 1);
    while (s.n && (s.p[0] == '/' || s.p[0] == '\\'))
        s = slice_after(s, 1);
    size_t end = until(s, "/\\?#");
    if (!read_authority(c, slice_first(s, end), secure, part))
        return false;
    read_rest(c, slice_after(s, end), part);
    return true;
}

struct rule_value fn_to_url(struct call *c)
{
    struct rule_value part[URL_PARTS] = { 0 }, out;
    struct slice text = message_trim(call_text(c, 0));
    struct rule_member *m = call_map(c, URL_PARTS, &out);
    if (!m)
        return out;
    out.fixed = VALUE_URL;
    if (c->arg[0].kind == K_NULL || !read_url(c, text, part)) {
        out.n = 0; /* a URL that has no parts */
        return out;
    }
    for (unsigned i = 0; i < URL_PARTS; i++)
        m[i] = (struct rule_member){ slice_cstr(names[i]), part[i] };
    return out;
}

struct rule_value fn_is_url(struct call *c)
{
    return rule_bool(c->arg[0].fixed == VALUE_URL);
}
