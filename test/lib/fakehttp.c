/* A fake HTTP server: one process for each connection. */
#include "lib/fakehttp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *answer_to(const struct fake_route *routes, const char *request)
{
    for (const struct fake_route *r = routes; r->begins; r++)
        if (strncmp(request, r->begins, strlen(r->begins)) == 0 &&
            (!r->holds || strstr(request, r->holds)))
            return r->answer;
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
}

static void serve(int fd, const struct fake_route *routes)
{
    char request[4096];
    size_t n = 0;
    while (n < sizeof request - 1) {
        ssize_t got = read(fd, request + n, sizeof request - 1 - n);
        if (got <= 0)
            _exit(0);
        n += (size_t)got;
        request[n] = '\0';
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    const char *answer = answer_to(routes, request);
    if (!answer)
        pause();
    else if (write(fd, answer, strlen(answer)) < 0)
        _exit(1);
    close(fd);
    _exit(0);
}

/* Ends with its parent, also when that has ended by now. */
static void live_as_long_as(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

static void accept_all(int fd, const struct fake_route *routes)
{
    const pid_t self = getpid();
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int one = accept(fd, NULL, NULL);
        if (one < 0)
            _exit(1);
        if (fork() == 0) {
            live_as_long_as(self);
            close(fd);
            serve(one, routes);
        }
        close(one);
    }
}

static int listen_unix(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    unlink(path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static int listen_port(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

struct fakehttp fakehttp_start(const struct fake_route *routes, const char *unix_path)
{
    struct fakehttp f = { 0 };
    const pid_t self = getpid();
    int fd = unix_path ? listen_unix(unix_path) : listen_port(&f.port);
    assert_int_equal(listen(fd, 64), 0);
    f.pid = fork();
    if (f.pid == 0) {
        live_as_long_as(self);
        accept_all(fd, routes);
    }
    close(fd);
    return f;
}

void fakehttp_stop(struct fakehttp *f)
{
    kill(f->pid, SIGKILL);
    waitpid(f->pid, NULL, 0);
}
