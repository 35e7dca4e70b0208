/* Tries what the capture does, on sockets that see nothing: they belong to no protocol. */
#include "os/features.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "os/callset.h"

#define LOOPBACK 1 /* its index, in every network namespace */

/* Closes, and keeps what errno said. */
static bool end(int fd, bool works)
{
    int code = errno;
    close(fd);
    errno = code;
    return works;
}

static int packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static bool ring_works(void)
{
    int fd = packet_socket(), version = TPACKET_V3;
    if (fd < 0)
        return false;
    return end(fd, setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) == 0);
}

/* A group takes only sockets that are bound; nothing is read from this one. */
static bool fanout_works(void)
{
    const struct sockaddr_ll at = { .sll_family = AF_PACKET,
                                    .sll_protocol = htons(ETH_P_LOOPBACK),
                                    .sll_ifindex = LOOPBACK };
    int fd = packet_socket();
    unsigned group = ((unsigned)getpid() & 0xffff) |
                     (PACKET_FANOUT_HASH | (unsigned)PACKET_FANOUT_FLAG_DEFRAG) << 16;
    if (fd < 0)
        return false;
    bool works = bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 &&
                 setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group, sizeof group) == 0;
    return end(fd, works);
}

static bool filter_works(void)
{
    struct sock_filter none[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
    const struct sock_fprog program = { COUNT(none), none };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    return end(fd, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
}

bool feature_works(enum feature f)
{
    int fd;
    switch (f) {
    case FEATURE_PACKET:
        fd = packet_socket();
        return fd >= 0 && end(fd, true);
    case FEATURE_RING:
        return ring_works();
    case FEATURE_FANOUT:
        return fanout_works();
    case FEATURE_BPF:
        return filter_works();
    case FEATURE_SECCOMP:
        return callset_is_there();
    case FEATURE_COUNT:
        break;
    }
    return false;
}

const char *kernel_text(char *text, size_t cap)
{
    struct utsname u;
    snprintf(text, cap, "unknown");
    if (uname(&u) == 0)
        snprintf(text, cap, "%s %s %s", u.sysname, u.release, u.machine);
    return text;
}

bool clock_is_synchronised(void)
{
    struct timex t = { 0 };
    return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC);
}

bool disk_space(const char *folder, uint64_t *free_bytes, uint64_t *all_bytes)
{
    struct statvfs s;
    if (statvfs(folder, &s))
        return false;
    *free_bytes = (uint64_t)s.f_bavail * s.f_frsize;
    *all_bytes = (uint64_t)s.f_blocks * s.f_frsize;
    return true;
}
