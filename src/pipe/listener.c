/* Sockets that listen. IPv6 sockets take IPv6 alone: both families are bound side by side. */
#include "pipe/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

static bool set_up(int fd, const struct addrinfo *a, const struct listen_conf *conf)
{
    int one = 1, bytes = (int)conf->receive_bytes;
    if (!conf->datagrams)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    return bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
           (conf->datagrams || listen(fd, BACKLOG) == 0);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    struct addr ip;
    uint16_t port = 0;
    if (getsockname(fd, (struct sockaddr *)&sa, &n) == 0)
        listener_peer((struct sockaddr *)&sa, &ip, &port);
    return port;
}

/* Opens what the address stands for; adds to out. *code is an errno when it cannot. */
static bool open_one(const struct addrinfo *a, const struct listen_conf *conf, struct sockets *out,
                     int *code)
{
    int type = (conf->datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(a->ai_family, type, 0);
    if (fd >= 0 && out->n < LISTENER_SOCKETS && set_up(fd, a, conf)) {
        out->fd[out->n++] = fd;
        return true;
    }
    *code = errno;
    if (fd >= 0)
        close(fd);
    return false;
}

static bool no_such_family(int code)
{
    return code == EAFNOSUPPORT || code == EADDRNOTAVAIL;
}

static const char *key_of(const struct listen_conf *conf)
{
    return conf->key ? conf->key : "bind_address";
}

/* A port asked for as 0 is the same on every address. */
static err open_address(const char *address, const struct listen_conf *conf, const char *name,
                        struct sockets *out, struct why *w)
{
    char port[8];
    struct addrinfo *list, hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                     .ai_socktype = conf->datagrams ? SOCK_DGRAM : SOCK_STREAM };
    int code = 0;
    snprintf(port, sizeof port, "%u", out->n ? out->port : (unsigned)conf->port);
    int rc = getaddrinfo(address, port, &hints, &list);
    if (rc)
        return why_set(w, ERR_CONFIG, "%s.%s: %s: %s", name, key_of(conf), address,
                       gai_strerror(rc));
    bool ok = open_one(list, conf, out, &code);
    freeaddrinfo(list);
    if (ok && out->n == 1)
        out->port = port_of(out->fd[0]);
    if (ok || (no_such_family(code) && conf->addresses.n > 1))
        return ERR_OK;
    return why_set(w, code == EACCES ? ERR_RIGHTS : ERR_IO, "%s: cannot listen on %s port %s: %s",
                   name, address, port, strerror(code));
}

err listener_open(const struct listen_conf *given, const char *name, struct sockets *out,
                  struct why *w)
{
    static const char *any[] = { "0.0.0.0", "::" };
    struct listen_conf any_conf = *given;
    const struct listen_conf *conf = &any_conf;
    if (given->addresses.n == 1 && strcmp(given->addresses.v[0], "any") == 0)
        any_conf.addresses = (struct texts){ any, COUNT(any) };
    *out = (struct sockets){ .n = 0 };
    err rc = ERR_OK;
    for (unsigned i = 0; i < conf->addresses.n && !rc; i++)
        rc = open_address(conf->addresses.v[i], conf, name, out, w);
    if (!rc && !out->n)
        rc = why_set(w, ERR_CONFIG, "%s.%s: none of the addresses is this machine's", name,
                     key_of(conf));
    if (rc)
        listener_close(out);
    return rc;
}

void listener_close(struct sockets *s)
{
    for (unsigned i = 0; i < s->n; i++)
        close(s->fd[i]);
    s->n = 0;
}

void listener_peer(const struct sockaddr *sa, struct addr *ip, uint16_t *port)
{
    *ip = (struct addr){ { 0 } };
    *port = 0;
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        *ip = addr_v4((const uint8_t *)&in.sin_addr);
        *port = ntohs(in.sin_port);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        *ip = addr_v6(in6.sin6_addr.s6_addr);
        *port = ntohs(in6.sin6_port);
    }
}
