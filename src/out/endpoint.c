/* "host:port" as Beats reads it (packetbeat-core.md 2.11). */
#include "out/endpoint.h"

#include <stdio.h>

#include "base/slice.h"

static struct slice without_url(struct slice s)
{
    ptrdiff_t at = slice_search(s, SLICE("://"));
    if (at >= 0)
        s = slice_after(s, (size_t)at + 3);
    at = slice_find(s, '/');
    return at >= 0 ? slice_first(s, (size_t)at) : s;
}

/* Cuts s into host and port (empty: none); false when brackets do not match. */
static bool split(struct slice s, struct slice *host, struct slice *port)
{
    *port = slice_of(NULL, 0);
    *host = s;
    if (s.n && s.p[0] == '[') {
        ptrdiff_t end = slice_find(s, ']');
        if (end < 0)
            return false;
        *host = slice_of(s.p + 1, (size_t)end - 1);
        s = slice_after(s, (size_t)end + 1);
        *port = slice_after(s, 1);
        return s.n == 0 || s.p[0] == ':';
    }
    ptrdiff_t colon = slice_find(s, ':');
    if (colon < 0 || slice_find(slice_after(s, (size_t)colon + 1), ':') >= 0)
        return true; /* a name, or an IPv6 address alone */
    *host = slice_first(s, (size_t)colon);
    *port = slice_after(s, (size_t)colon + 1);
    return true;
}

err endpoint_parse(const char *text, unsigned default_port, struct endpoint *out, struct why *w)
{
    struct slice host, port, s = without_url(slice_trim(slice_cstr(text)));
    uint64_t number = default_port;
    if (!split(s, &host, &port) || host.n == 0 || host.n >= sizeof out->host ||
        slice_find(host, ' ') >= 0)
        return why_set(w, ERR_CONFIG, "\"%s\" is no host:port", text);
    if (port.n && (!slice_to_u64(port, &number) || number == 0 || number > 65535))
        return why_set(w, ERR_CONFIG, "\"%s\": the port is no number from 1 to 65535", text);
    memcpy(out->host, host.p, host.n);
    out->host[host.n] = '\0';
    snprintf(out->port, sizeof out->port, "%u", (unsigned)(number & 0xffff));
    bool colons = slice_find(host, ':') >= 0;
    snprintf(out->shown, sizeof out->shown, colons ? "[%s]:%s" : "%s:%s", out->host, out->port);
    return ERR_OK;
}
