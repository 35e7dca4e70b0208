/* Devices: libpcap's list (pcap_findalldevs(3PCAP)) and the default route (proc(5), net/route and
 * net/ipv6_route). */
#include "in/device.h"

#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <stdio.h>

#include "base/cursor.h"
#include "in/capture.h"
#include "os/file.h"

#define ROUTES_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* ---- the list */

static void add_addresses(struct buf *out, const pcap_addr_t *a)
{
    size_t before = out->n;
    for (; a; a = a->next) {
        char text[INET6_ADDRSTRLEN];
        const void *bytes = NULL;
        if (a->addr && a->addr->sa_family == AF_INET)
            bytes = &((const struct sockaddr_in *)(const void *)a->addr)->sin_addr;
        else if (a->addr && a->addr->sa_family == AF_INET6)
            bytes = &((const struct sockaddr_in6 *)(const void *)a->addr)->sin6_addr;
        if (bytes && inet_ntop(a->addr->sa_family, bytes, text, sizeof(text)))
            buf_printf(out, "%s%s", out->n > before ? " " : "", text);
    }
    if (out->n == before)
        buf_lit(out, "Not assigned ip address");
}

err capture_devices(struct buf *out, struct why *w)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_if_t *all = NULL;
    if (pcap_findalldevs(&all, error) != 0)
        return why_set(w, ERR_IO, "the devices cannot be listed: %s", error);
    unsigned i = 0;
    for (const pcap_if_t *d = all; d; d = d->next, i++) {
        buf_printf(out, "%u: %s (%s) (", i, d->name,
                   d->description ? d->description : "No description available");
        add_addresses(out, d->addresses);
        buf_lit(out, ")\n");
    }
    pcap_freealldevs(all);
    return ERR_OK;
}

static err by_index(uint64_t index, char name[DEVICE_NAME_MAX], struct why *w)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_if_t *all = NULL;
    if (pcap_findalldevs(&all, error) != 0)
        return why_set(w, ERR_IO, "the devices cannot be listed: %s", error);
    unsigned n = 0;
    const pcap_if_t *found = NULL;
    for (const pcap_if_t *d = all; d; d = d->next)
        if (n++ == index)
            found = d;
    if (found)
        snprintf(name, DEVICE_NAME_MAX, "%s", found->name);
    pcap_freealldevs(all);
    return found
               ? ERR_OK
               : why_set(w, ERR_MISSING,
                         "there is no device with index %llu: the last of \"wirelume devices\" is "
                         "%d",
                         (unsigned long long)index, (int)n - 1);
}

/* ---- the default route */

/* A line of a route table, in the words that matter. */
struct route {
    struct slice device;
    uint64_t metric, flags;
    bool is_default;
};

#define ROUTE_UP     1
#define ROUTE_REJECT 0x200

static struct slice word(struct cursor *c)
{
    while (cur_left(c) && slice_find(SLICE(" \t"), *cur_rest(c).p) >= 0)
        cur_skip(c, 1);
    struct slice rest = cur_rest(c);
    size_t n = 0;
    while (n < rest.n && slice_find(SLICE(" \t"), rest.p[n]) < 0)
        n++;
    return cur_bytes(c, n);
}

static uint64_t hex(struct slice s)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n && i < 16; i++) {
        ptrdiff_t digit = slice_find(SLICE("0123456789abcdef"), ascii_lower(s.p[i]));
        v = v << 4 | (digit < 0 ? 0 : (uint64_t)digit);
    }
    return v;
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ... */
static struct route route_v4(struct slice line)
{
    struct cursor c = cur_of(line);
    struct route r = { .device = word(&c) };
    struct slice destination = word(&c);
    word(&c);
    r.flags = hex(word(&c));
    word(&c);
    word(&c);
    slice_to_u64(word(&c), &r.metric);
    r.is_default = destination.n == 8 && hex(destination) == 0 && hex(word(&c)) == 0;
    return r;
}

/* destination prefix source prefix gateway metric refcount use flags device */
static struct route route_v6(struct slice line)
{
    struct cursor c = cur_of(line);
    struct route r = { 0 };
    struct slice destination = word(&c), prefix = word(&c);
    for (int i = 0; i < 3; i++)
        word(&c);
    r.metric = hex(word(&c));
    word(&c);
    word(&c);
    r.flags = hex(word(&c));
    r.device = word(&c);
    bool any = slice_eq(slice_first(destination, 16), slice_after(destination, 16));
    r.is_default = destination.n == 32 && any && hex(destination) == 0 && hex(prefix) == 0;
    return r;
}

/* The default route with the lowest metric; false when there is none. */
static bool route_find(const char *path, struct route (*parse)(struct slice line),
                       char name[DEVICE_NAME_MAX])
{
    struct arena a;
    struct slice text;
    uint64_t best = UINT64_MAX;
    arena_init(&a, NULL, 0);
    if (file_read(&a, path, ROUTES_MAX_BYTES, &text, NULL) == ERR_OK) {
        struct cursor c = cur_of(text);
        for (struct slice line; line = cur_line(&c), cur_ok(&c);) {
            struct route r = parse(line);
            if (!r.is_default || !(r.flags & ROUTE_UP) || (r.flags & ROUTE_REJECT) ||
                slice_eq(r.device, SLICE("lo")) || r.metric >= best)
                continue;
            best = r.metric;
            snprintf(name, DEVICE_NAME_MAX, "%.*s", (int)r.device.n, (const char *)r.device.p);
        }
    }
    arena_free(&a);
    return best != UINT64_MAX;
}

bool device_is_route(const char *device)
{
    return device && slice_starts(slice_cstr(device), SLICE("default_route"));
}

static err by_route(const char *device, char name[DEVICE_NAME_MAX], struct why *w)
{
    struct slice kind = slice_after(slice_cstr(device), sizeof("default_route") - 1);
    bool v4 = slice_eq(kind, SLICE("_ipv4")), v6 = slice_eq(kind, SLICE("_ipv6"));
    if (kind.n && !v4 && !v6)
        return why_set(w, ERR_CONFIG,
                       "device \"%s\" is not known: default_route, default_route_ipv4 or "
                       "default_route_ipv6",
                       device);
    if (!v6 && route_find("/proc/self/net/route", route_v4, name))
        return ERR_OK;
    if (!v4 && route_find("/proc/self/net/ipv6_route", route_v6, name))
        return ERR_OK;
    return why_set(w, ERR_MISSING,
                   "device %s: there is no default route at present; name the device", device);
}

err device_resolve(const char *device, char name[DEVICE_NAME_MAX], struct why *w)
{
    uint64_t index;
    if (!device || !device[0])
        device = "any";
    if (device_is_route(device))
        return by_route(device, name, w);
    if (slice_to_u64(slice_cstr(device), &index))
        return by_index(index, name, w);
    if (strlen(device) >= DEVICE_NAME_MAX)
        return why_set(w, ERR_MISSING, "%s: No such device exists (the name is too long)", device);
    snprintf(name, DEVICE_NAME_MAX, "%s", device);
    return ERR_OK;
}
