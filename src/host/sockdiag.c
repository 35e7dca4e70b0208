/* One dump for each protocol and family. Messages come from the kernel alone (nl_pid 0). */
#include "host/sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 65536

struct dump {
    int fd;
    uint8_t ip_proto;
    void (*each)(void *ctx, const struct socket_row *row);
    void *ctx;
};

static bool ask(int fd, uint8_t family, uint8_t ip_proto)
{
    struct {
        struct nlmsghdr h;
        struct inet_diag_req_v2 r;
    } q = { .h = { .nlmsg_len = sizeof q,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
            .r = { .sdiag_family = family, .sdiag_protocol = ip_proto, .idiag_states = ~0u } };
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    return sendto(fd, &q, sizeof q, 0, (const struct sockaddr *)&kernel, sizeof kernel) ==
           (ssize_t)sizeof q;
}

static struct addr addr_of(uint8_t family, const uint32_t words[4])
{
    const uint8_t *b = (const uint8_t *)words;
    return family == AF_INET ? addr_v4(b) : addr_v6(b);
}

static void take(const struct dump *d, const struct inet_diag_msg *m)
{
    struct socket_row row = { .ip_proto = d->ip_proto,
                              .local = addr_of(m->idiag_family, m->id.idiag_src),
                              .remote = addr_of(m->idiag_family, m->id.idiag_dst),
                              .local_port = ntohs(m->id.idiag_sport),
                              .remote_port = ntohs(m->id.idiag_dport),
                              .inode = m->idiag_inode };
    if (row.inode && row.local_port) /* without: nobody's any more (TIME_WAIT) */
        d->each(d->ctx, &row);
}

enum dump_step { DUMP_MORE, DUMP_DONE, DUMP_FAILED };

static enum dump_step read_answer(const struct dump *d, const struct nlmsghdr *h, size_t left)
{
    for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
        if (h->nlmsg_type == NLMSG_DONE)
            return DUMP_DONE;
        if (h->nlmsg_type == NLMSG_ERROR)
            return DUMP_FAILED;
        if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
            h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
            take(d, NLMSG_DATA(h));
    }
    return DUMP_MORE;
}

static enum dump_step read_answers(const struct dump *d)
{
    static _Thread_local _Alignas(struct nlmsghdr) uint8_t room[ANSWER_BYTES];
    for (;;) {
        ssize_t n = recv(d->fd, room, sizeof room, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return DUMP_FAILED;
        enum dump_step step = read_answer(d, (const void *)room, (size_t)n);
        if (step != DUMP_MORE)
            return step;
    }
}

err sockdiag_each(void (*each)(void *ctx, const struct socket_row *row), void *ctx, struct why *w)
{
    static const uint8_t families[] = { AF_INET, AF_INET6 },
                         protos[] = { IPPROTO_TCP, IPPROTO_UDP };
    unsigned done = 0;
    struct timeval patience = { .tv_sec = 2 };
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return why_set(w, ERR_IO, "the kernel does not tell of sockets (sock_diag): %s",
                       strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (unsigned i = 0; i < 4; i++) {
        struct dump d = { fd, protos[i / 2], each, ctx };
        if (ask(fd, families[i % 2], protos[i / 2]))
            done += read_answers(&d) == DUMP_DONE;
    }
    close(fd);
    /* A machine without IPv6 or UDP diagnostics answers the others. */
    return done ? ERR_OK : why_set(w, ERR_IO, "the kernel does not tell of sockets (sock_diag)");
}
