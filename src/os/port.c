/* Ports of this machine. */
#include "os/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Binds for a moment; *port becomes the one that was given. */
static bool try_port(enum port_kind kind, unsigned *port)
{
    struct sockaddr_in sa = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)*port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof sa;
    int one = 1,
        fd = socket(AF_INET, (kind == PORT_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (kind == PORT_TCP) /* as servers do: connections that are closing do not matter */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool free = bind(fd, (struct sockaddr *)&sa, n) == 0 &&
                getsockname(fd, (struct sockaddr *)&sa, &n) == 0 &&
                (kind == PORT_UDP || listen(fd, 1) == 0);
    *port = ntohs(sa.sin_port);
    close(fd);
    return free;
}

bool port_is_free(enum port_kind kind, unsigned port)
{
    return try_port(kind, &port);
}

unsigned port_find(enum port_kind kind)
{
    unsigned port = 0;
    return try_port(kind, &port) ? port : 0;
}
