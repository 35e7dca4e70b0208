/* getaddrinfo(3) on threads, so that names are found as the system is set up to find them. */
#include "os/lookup.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"

struct lookup {
    char *host, *port;
    int fd;
    struct addrinfo *found; /* written by the thread before it makes fd readable */
    int code, code_errno;
    atomic_int owners; /* shared: the caller and the thread; who goes last frees */
};

static const struct addrinfo tcp = { .ai_family = AF_UNSPEC,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_protocol = IPPROTO_TCP };

static void release(struct lookup *l)
{
    if (atomic_fetch_sub_explicit(&l->owners, 1, memory_order_acq_rel) > 1)
        return;
    if (l->found)
        freeaddrinfo(l->found);
    close(l->fd);
    xfree(l->host);
    xfree(l->port);
    xfree(l);
}

static void *look(void *arg)
{
    struct lookup *l = arg;
    uint64_t one = 1;
    l->code = getaddrinfo(l->host, l->port, &tcp, &l->found);
    l->code_errno = errno;
    ssize_t n = write(l->fd, &one, sizeof one);
    BUG_ON(n < 0 && errno != EAGAIN);
    release(l);
    return NULL;
}

struct lookup *lookup_start(const char *host, const char *port)
{
    pthread_attr_t detached;
    pthread_t id;
    struct lookup *l = xcalloc(1, sizeof *l);
    l->host = xstrdup(host);
    l->port = xstrdup(port);
    l->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    atomic_init(&l->owners, 2);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    int code = l->fd < 0 ? errno : pthread_create(&id, &detached, look, l);
    pthread_attr_destroy(&detached);
    if (code == 0)
        return l;
    atomic_store(&l->owners, 1);
    release(l);
    return NULL;
}

int lookup_fd(const struct lookup *l)
{
    return l->fd;
}

struct addrinfo *lookup_take(struct lookup *l, struct why *w)
{
    uint64_t count;
    ssize_t n = read(l->fd, &count, sizeof count);
    struct addrinfo *found = NULL;
    if (n < 0) {
        err e = why_set(w, ERR_MISSING, "lookup %s: not finished", l->host);
        (void)e;
    } else {
        found = l->found;
        l->found = NULL;
        if (!found) {
            err e =
                why_set(w, ERR_MISSING, "lookup %s: %s", l->host,
                        l->code == EAI_SYSTEM ? strerror(l->code_errno) : gai_strerror(l->code));
            (void)e;
        }
    }
    release(l);
    return found;
}

void lookup_cancel(struct lookup *l)
{
    if (l)
        release(l);
}

struct addrinfo *lookup_digits(const char *host, const char *port)
{
    struct addrinfo hints = tcp, *found = NULL;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    return getaddrinfo(host, port, &hints, &found) == 0 ? found : NULL;
}
