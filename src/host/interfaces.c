/* Addresses of this machine, from the kernel: which traffic is our own (network.direction). */
#include "host/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "base/log.h"
#include "os/clock.h"

static bool addr_of(const struct sockaddr *sa, struct addr *out)
{
    if (sa && sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;
        *out = addr_v4((const uint8_t *)&in->sin_addr);
        return true;
    }
    if (sa && sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;
        *out = addr_v6(in6->sin6_addr.s6_addr);
        return true;
    }
    return false;
}

void interfaces_read(struct interfaces *i)
{
    struct ifaddrs *list;
    i->read_ns = clock_mono_ns();
    if (getifaddrs(&list) != 0) {
        log_warn("host", "the addresses of this machine cannot be read; network.direction goes by "
                         "those known before");
        return;
    }
    i->n = 0;
    for (const struct ifaddrs *at = list; at && i->n < INTERFACES_ADDRS; at = at->ifa_next) {
        if (!(at->ifa_flags & IFF_LOOPBACK) && addr_of(at->ifa_addr, &i->addr[i->n]))
            i->n++;
    }
    freeifaddrs(list);
}

void interfaces_refresh(struct interfaces *i)
{
    if (i->refresh_ns > 0 && clock_mono_ns() - i->read_ns >= i->refresh_ns)
        interfaces_read(i);
}

bool interfaces_has(const struct interfaces *i, const struct addr *a)
{
    for (unsigned k = 0; k < i->n; k++)
        if (addr_eq(&i->addr[k], a))
            return true;
    return false;
}
