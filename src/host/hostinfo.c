/* Host facts from uname, os-release(5), machine-id(5), cgroups and the interfaces; in the words of
 * go-sysinfo, which Beats asks. */
#include "host/hostinfo.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "host/process.h"
#include "os/clock.h"

static const char *text_of(struct arena *a, struct slice s)
{
    char *copy = arena_alloc(a, s.n + 1);
    if (!copy)
        return "";
    if (s.n)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return copy;
}

/* One line without its end. */
static bool next_line(struct cursor *c, struct slice *line)
{
    if (!cur_left(c))
        return false;
    struct cursor ahead = *c;
    *line = cur_line(&ahead);
    if (!cur_ok(&ahead)) { /* the last one has no end */
        *line = cur_rest(c);
        cur_skip(c, line->n);
    } else {
        *c = ahead;
    }
    return true;
}

static struct slice unquote(struct slice s)
{
    bool quoted = s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
    return quoted ? slice_of(s.p + 1, s.n - 2) : s;
}

/* The value of key in os-release text; "" when it is not there. */
static struct slice release_value(struct slice text, const char *key)
{
    struct cursor c = cur_of(text);
    struct slice line, name = slice_cstr(key);
    while (next_line(&c, &line))
        if (slice_starts(line, name) && line.n > name.n && line.p[name.n] == '=')
            return unquote(slice_trim(slice_after(line, name.n + 1)));
    return slice_of(NULL, 0);
}

/* clang-format off */
static const struct { const char *family, *platforms; } families[] = {
    { "redhat", " redhat fedora centos scientific oraclelinux ol amzn rhel almalinux openeuler rocky " },
    { "debian", " debian ubuntu raspbian linuxmint " },
    { "suse", " suse sles opensuse opensuse-leap opensuse-tumbleweed " },
    { "arch", " arch archarm antergos manjaro " },
    { "alpine", " alpine " },
};
/* clang-format on */

static const char *family_of(struct slice platform)
{
    char word[64];
    struct buf b = buf_of(word, sizeof word);
    buf_u8(&b, ' ');
    buf_add(&b, platform);
    buf_u8(&b, ' ');
    for (size_t i = 0; !b.full && platform.n && i < COUNT(families); i++)
        if (slice_search(slice_cstr(families[i].platforms), buf_slice(&b)) >= 0)
            return families[i].family;
    return "";
}

/* Its own family, else that of the first system that it calls itself like. */
static const char *find_family(struct slice platform, struct slice like)
{
    const char *family = family_of(platform);
    while (!*family && like.n) {
        ptrdiff_t space = slice_find(like, ' ');
        size_t n = space < 0 ? like.n : (size_t)space;
        family = family_of(slice_first(like, n));
        like = slice_after(like, n + 1);
    }
    return family;
}

/* Older systems have the code name only in parentheses: VERSION="7 (wheezy)". */
static struct slice find_codename(struct slice release, struct slice version)
{
    struct slice name = release_value(release, "VERSION_CODENAME");
    ptrdiff_t open = slice_find(version, '('), end = slice_find(version, ')');
    if (!name.n && open >= 0 && end > open)
        name = slice_of(version.p + open + 1, (size_t)(end - open - 1));
    return name;
}

static void read_system(struct hostinfo *h, struct arena *a, const char *root)
{
    struct slice release = proc_text(a, root, "/etc/os-release");
    if (!release.n)
        release = proc_text(a, root, "/usr/lib/os-release");
    struct slice platform = release_value(release, "ID");
    struct slice version = release_value(release, "VERSION");
    h->os_name = text_of(a, release_value(release, "NAME"));
    h->os_platform = text_of(a, platform);
    h->os_version = text_of(a, version.n ? version : release_value(release, "VERSION_ID"));
    h->os_family = find_family(platform, release_value(release, "ID_LIKE"));
    h->os_codename = text_of(a, find_codename(release, version));
    h->os_build = text_of(a, release_value(release, "BUILD_ID"));
}

static void read_id(struct hostinfo *h, struct arena *a, const char *root)
{
    static const char *const paths[] = { "/etc/machine-id", "/var/lib/dbus/machine-id" };
    struct slice id = { NULL, 0 };
    for (size_t i = 0; !id.n && i < COUNT(paths); i++) {
        struct cursor c = cur_of(proc_text(a, root, paths[i]));
        if (!next_line(&c, &id))
            id.n = 0;
    }
    h->id = text_of(a, id);
}

static bool is_containerized(struct arena *a, const char *root)
{
    static const char *const marks[] = { "/docker", "kubepods", "/lxc", "containerd", "libpod" };
    struct slice cgroups = proc_text(a, root, "/proc/1/cgroup");
    for (size_t i = 0; i < COUNT(marks); i++)
        if (slice_search(cgroups, slice_cstr(marks[i])) >= 0)
            return true;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void add_mac(struct hostinfo *h, struct arena *a, const struct sockaddr_ll *ll)
{
    static const uint8_t none[6];
    char text[MAC_TEXT_MAX];
    struct buf b = buf_of(text, sizeof text);
    if (ll->sll_halen != sizeof none || memcmp(ll->sll_addr, none, sizeof none) == 0)
        return;
    buf_mac(&b, ll->sll_addr);
    for (unsigned i = 0; i < h->n_mac; i++)
        if (slice_eq(h->mac[i], buf_slice(&b)))
            return;
    if (h->n_mac < HOST_ADDRS)
        h->mac[h->n_mac++] = arena_dup(a, buf_slice(&b));
}

static void add_address(struct hostinfo *h, struct arena *a, const struct sockaddr *sa)
{
    const void *p = sa;
    if (sa && sa->sa_family == AF_PACKET)
        add_mac(h, a, p);
    if (!sa || h->n_ip == HOST_ADDRS)
        return;
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = p;
        h->ip[h->n_ip++] = addr_v4((const uint8_t *)&in->sin_addr);
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = p;
        h->ip[h->n_ip++] = addr_v6(in6->sin6_addr.s6_addr);
    }
}

static void read_addresses(struct hostinfo *h, struct arena *a)
{
    struct ifaddrs *list;
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *at = list; at; at = at->ifa_next)
        if (!(at->ifa_flags & IFF_LOOPBACK))
            add_address(h, a, at->ifa_addr);
    freeifaddrs(list);
    qsort(h->mac, h->n_mac, sizeof *h->mac, by_text);
}

void hostinfo_read(struct hostinfo *h, struct arena *a, const char *root)
{
    struct utsname u = { 0 };
    *h = (struct hostinfo){ 0 };
    uname(&u);
    h->name = text_of(a, slice_cstr(u.nodename));
    h->architecture = text_of(a, slice_cstr(u.machine));
    h->kernel = text_of(a, slice_cstr(u.release));
    read_system(h, a, root);
    read_id(h, a, root);
    h->containerized = is_containerized(a, root);
    read_addresses(h, a);
}

bool host_facts_refresh(struct host_facts *f, int64_t ttl_ns)
{
    int64_t now = clock_mono_ns();
    if (f->read_ns && now - f->read_ns < ttl_ns)
        return false;
    f->read_ns = now;
    arena_reset(&f->mem);
    hostinfo_read(&f->info, &f->mem, "");
    return true;
}
