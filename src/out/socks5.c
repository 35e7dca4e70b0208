/* SOCKS 5 as a client (RFC 1928), with user name and password (RFC 1929). */
#include "out/socks5.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "out/endpoint.h"

enum { VERSION = 5, AUTH_VERSION = 1, NO_AUTH = 0, PASSWORD = 2, CONNECT = 1 };
enum { ADDRESS_V4 = 1, ADDRESS_NAME = 3, ADDRESS_V6 = 4 };

static const char *const replies[] = {
    [1] = "general failure",       [2] = "not allowed by its rules",   [3] = "network unreachable",
    [4] = "host unreachable",      [5] = "connection refused",         [6] = "TTL expired",
    [7] = "command not supported", [8] = "address type not supported",
};

/* %41 in user and password is A. */
static void unescape(struct slice s, char out[256])
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < 255; i++) {
        const char *hi = i + 2 < s.n ? strchr(digits, ascii_lower(s.p[i + 1])) : NULL;
        const char *lo = i + 2 < s.n ? strchr(digits, ascii_lower(s.p[i + 2])) : NULL;
        bool escape = s.p[i] == '%' && hi && lo && *hi && *lo;
        out[n++] = (char)(escape ? (hi - digits) << 4 | (lo - digits) : s.p[i]);
        i += escape ? 2 : 0;
    }
    out[n] = '\0';
}

err socks5_parse(const char *url, struct socks5_conf *out, struct why *w)
{
    struct endpoint e;
    struct slice s = slice_cstr(url);
    *out = (struct socks5_conf){ 0 };
    if (!slice_starts(s, SLICE("socks5://")) && !slice_starts(s, SLICE("socks5h://")))
        return why_set(w, ERR_CONFIG, "only socks5:// proxies can be used");
    s = slice_after(s, (size_t)slice_search(s, SLICE("://")) + 3);
    ptrdiff_t at = slice_find(s, '@');
    if (at >= 0) {
        struct slice user = slice_first(s, (size_t)at);
        ptrdiff_t colon = slice_find(user, ':');
        if (colon >= 0)
            unescape(slice_after(user, (size_t)colon + 1), out->password);
        unescape(colon >= 0 ? slice_first(user, (size_t)colon) : user, out->user);
        s = slice_after(s, (size_t)at + 1);
    }
    err rc = endpoint_parse((const char *)s.p, 1080, &e, w); /* the end of url: NUL follows */
    if (rc)
        return rc;
    snprintf(out->host, sizeof out->host, "%s", e.host);
    snprintf(out->port, sizeof out->port, "%s", e.port);
    return ERR_OK;
}

void socks5_begin(struct socks5 *s, struct buf *out)
{
    bool named = s->conf->user[0] != '\0';
    s->step = SOCKS5_METHOD;
    buf_u8(out, VERSION);
    buf_u8(out, named ? 2 : 1);
    buf_u8(out, NO_AUTH);
    if (named)
        buf_u8(out, PASSWORD);
}

static void put_text(struct buf *out, const char *text)
{
    size_t n = strlen(text);
    buf_u8(out, (uint8_t)n);
    buf_put(out, text, n);
}

static void put_request(const struct socks5 *s, struct buf *out)
{
    uint8_t address[16];
    uint64_t port = 0;
    slice_to_u64(slice_cstr(s->port), &port);
    buf_u8(out, VERSION);
    buf_u8(out, CONNECT);
    buf_u8(out, 0);
    if (inet_pton(AF_INET, s->host, address) == 1) {
        buf_u8(out, ADDRESS_V4);
        buf_put(out, address, 4);
    } else if (inet_pton(AF_INET6, s->host, address) == 1) {
        buf_u8(out, ADDRESS_V6);
        buf_put(out, address, 16);
    } else {
        buf_u8(out, ADDRESS_NAME);
        put_text(out, s->host);
    }
    buf_u8(out, (uint8_t)(port >> 8));
    buf_u8(out, (uint8_t)port);
}

static err read_method(struct socks5 *s, struct cursor *c, struct buf *out, struct why *w)
{
    uint8_t version = cur_u8(c), method = cur_u8(c);
    if (version != VERSION)
        return why_set(w, ERR_FORMAT, "the proxy does not speak SOCKS 5");
    if (method == NO_AUTH) {
        s->step = SOCKS5_REQUEST;
        put_request(s, out);
        return ERR_OK;
    }
    if (method != PASSWORD || !s->conf->user[0])
        return why_set(w, ERR_RIGHTS, "the proxy wants another authentication");
    s->step = SOCKS5_AUTH;
    buf_u8(out, AUTH_VERSION);
    put_text(out, s->conf->user);
    put_text(out, s->conf->password);
    return ERR_OK;
}

static err read_auth(struct socks5 *s, struct cursor *c, struct buf *out, struct why *w)
{
    cur_u8(c);
    if (cur_u8(c) != 0)
        return why_set(w, ERR_RIGHTS, "the proxy refuses user and password");
    s->step = SOCKS5_REQUEST;
    put_request(s, out);
    return ERR_OK;
}

static err read_reply(struct socks5 *s, struct cursor *c, struct why *w)
{
    struct cursor at = *c;
    uint8_t version = cur_u8(&at), code = cur_u8(&at);
    cur_u8(&at);
    uint8_t type = cur_u8(&at);
    if (version != VERSION)
        return why_set(w, ERR_FORMAT, "the proxy does not speak SOCKS 5");
    if (code)
        return why_set(w, ERR_IO, "the proxy says: %s",
                       code < COUNT(replies) ? replies[code] : "failed");
    size_t bytes = type == ADDRESS_V4 ? 4 : type == ADDRESS_V6 ? 16 : cur_u8(&at);
    cur_skip(&at, bytes + 2);
    if (!cur_ok(&at))
        return ERR_OK; /* the rest is still to come */
    *c = at;
    s->step = SOCKS5_DONE;
    return ERR_OK;
}

err socks5_read(struct socks5 *s, struct cursor *c, struct buf *out, struct why *w)
{
    err e = ERR_OK;
    if (s->step == SOCKS5_METHOD && cur_left(c) >= 2)
        e = read_method(s, c, out, w);
    else if (s->step == SOCKS5_AUTH && cur_left(c) >= 2)
        e = read_auth(s, c, out, w);
    else if (s->step == SOCKS5_REQUEST && cur_left(c) >= 4)
        e = read_reply(s, c, w);
    return e;
}
