/* Named networks, with the meaning of Go's net.IP predicates, and CIDR (RFC 4632, RFC 4291). */
#include "pipe/networks.h"

bool addr_is_loopback(const struct addr *a)
{
    static const struct addr one = { { [15] = 1 } };
    return addr_is_v4(a) ? a->b[12] == 127 : addr_eq(a, &one);
}

bool addr_is_link_local_unicast(const struct addr *a)
{
    if (addr_is_v4(a))
        return a->b[12] == 169 && a->b[13] == 254;
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool addr_is_link_local_multicast(const struct addr *a)
{
    if (addr_is_v4(a))
        return a->b[12] == 224 && a->b[13] == 0 && a->b[14] == 0;
    return a->b[0] == 0xff && (a->b[1] & 0x0f) == 2;
}

static bool is_interface_local_multicast(const struct addr *a)
{
    return !addr_is_v4(a) && a->b[0] == 0xff && (a->b[1] & 0x0f) == 1;
}

static bool is_multicast(const struct addr *a)
{
    return addr_is_v4(a) ? (a->b[12] & 0xf0) == 224 : a->b[0] == 0xff;
}

static bool is_unspecified(const struct addr *a)
{
    static const struct addr none6;
    static const uint8_t none4[4];
    return addr_is_v4(a) ? memcmp(a->b + 12, none4, 4) == 0 : addr_eq(a, &none6);
}

static bool is_broadcast(const struct addr *a)
{
    static const uint8_t all[4] = { 255, 255, 255, 255 };
    return addr_is_v4(a) && memcmp(a->b + 12, all, 4) == 0;
}

static bool is_global_unicast(const struct addr *a)
{
    return !is_broadcast(a) && !is_unspecified(a) && !addr_is_loopback(a) && !is_multicast(a) &&
           !addr_is_link_local_unicast(a);
}

/* RFC 1918, and of RFC 4193 the half that is in use. */
static bool is_private(const struct addr *a)
{
    const uint8_t *v4 = a->b + 12;
    if (!addr_is_v4(a))
        return a->b[0] == 0xfd;
    return v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) || (v4[0] == 192 && v4[1] == 168);
}

static bool is_public(const struct addr *a)
{
    return !is_private(a) && !addr_is_loopback(a) && !is_unspecified(a) && !is_broadcast(a) &&
           !addr_is_link_local_unicast(a) && !addr_is_link_local_multicast(a) &&
           !is_interface_local_multicast(a);
}

static const struct {
    const char *name;
    bool (*has)(const struct addr *a);
} named[] = {
    { "loopback", addr_is_loopback },
    { "global_unicast", is_global_unicast },
    { "unicast", is_global_unicast },
    { "link_local_unicast", addr_is_link_local_unicast },
    { "interface_local_multicast", is_interface_local_multicast },
    { "link_local_multicast", addr_is_link_local_multicast },
    { "multicast", is_multicast },
    { "unspecified", is_unspecified },
    { "private", is_private },
    { "public", is_public },
};

static bool read_name(const char *text, struct network *out)
{
    for (size_t i = 0; i < COUNT(named); i++) {
        if (strcmp(named[i].name, text) == 0) {
            *out = (struct network){ .has = named[i].has };
            return true;
        }
    }
    return false;
}

static bool read_cidr(struct slice text, struct network *out)
{
    ptrdiff_t slash = slice_find(text, '/');
    uint64_t bits;
    if (slash < 0 || !addr_parse(slice_first(text, (size_t)slash), &out->net) ||
        !slice_to_u64(slice_after(text, (size_t)slash + 1), &bits))
        return false;
    bool dotted = slice_find(text, ':') < 0;
    if (bits > (dotted ? 32 : 128))
        return false;
    out->has = NULL;
    out->bits = (unsigned)bits + (dotted ? 96 : 0);
    return true;
}

err networks_load(const struct texts *texts, const struct loading *l, struct networks *out)
{
    out->n = 0;
    out->v = arena_zalloc(l->mem, texts->n * sizeof *out->v);
    if (!out->v)
        return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
    for (unsigned i = 0; i < texts->n; i++) {
        struct network *n = &out->v[out->n++];
        if (!read_name(texts->v[i], n) && !read_cidr(slice_cstr(texts->v[i]), n))
            return why_set(l->why, ERR_CONFIG,
                           "%s: \"%s\" is no network: write a CIDR such as 10.0.0.0/8, or private, "
                           "public, loopback, unicast, multicast, link_local_unicast, "
                           "link_local_multicast, interface_local_multicast, unspecified",
                           l->prefix, texts->v[i]);
    }
    return ERR_OK;
}

bool networks_has(const struct networks *n, const struct addr *a)
{
    for (unsigned i = 0; i < n->n; i++) {
        const struct network *at = &n->v[i];
        if (at->has ? at->has(a) : addr_in(a, &at->net, at->bits))
            return true;
    }
    return false;
}
