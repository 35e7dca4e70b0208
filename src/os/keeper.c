/* Two ends of a socket: requests of one byte go one way, what became of them comes back. */
#include "os/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/child.h"

#define LOOK_MS 50
#define END_NS  INT64_C(60000000000) /* what is under way is brought to its end */

enum kind { STARTED, FAILED, ENDED };

struct answer {
    enum kind kind;
    int status;
};

/* ---- the process */

static void tell(int fd, enum kind kind, int status)
{
    const struct answer a = { kind, status };
    if (send(fd, &a, sizeof a, MSG_NOSIGNAL) < 0)
        return; /* nobody is there any more: the next request is the end */
}

static void start(int fd, struct child *c, const char *const *argv)
{
    struct why ignored;
    bool fails = c->pid || child_start(c, argv, false, &ignored);
    tell(fd, fails ? FAILED : STARTED, 0);
}

/* Until the other end is closed. */
static void serve(int fd, const char *const *argv)
{
    struct child c = { 0 };
    struct pollfd p = { fd, POLLIN, 0 };
    char request;
    for (;;) {
        if (child_has_ended(&c))
            tell(fd, ENDED, c.status);
        if (poll(&p, 1, LOOK_MS) <= 0)
            continue;
        if (recv(fd, &request, 1, 0) != 1)
            break;
        start(fd, &c, argv);
    }
    child_stop(&c, END_NS);
}

/* A signal of the terminal is for who asks alone: the program, whose group this is, takes what is
 * still sent to it, and ends behind. It may write to the terminal all the same. */
NORETURN static void keep(int fd, const char *const *argv)
{
    sigset_t all;
    if (setpgid(0, 0))
        _exit(1);
    signal(SIGTTOU, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "keeper");
    serve(fd, argv);
    _exit(0);
}

err keeper_open(struct keeper *k, const char *const *argv, struct why *w)
{
    int ends[2];
    *k = (struct keeper){ .fd = -1 };
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return why_set(w, ERR_IO, "socketpair: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        keep(ends[1], argv);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return why_set(w, ERR_IO, "fork: %s", strerror(errno));
    }
    k->fd = ends[0];
    return ERR_OK;
}

/* ---- asking */

/* False: nothing was said. wait: until it is. */
static bool hear(struct keeper *k, bool wait, enum kind *kind)
{
    struct answer a;
    if (recv(k->fd, &a, sizeof a, wait ? 0 : MSG_DONTWAIT) != (ssize_t)sizeof a)
        return false;
    *kind = a.kind;
    k->runs = a.kind == STARTED;
    if (a.kind == ENDED)
        k->status = a.status;
    return true;
}

err keeper_start(struct keeper *k, struct why *w)
{
    enum kind kind = FAILED;
    if (send(k->fd, "s", 1, MSG_NOSIGNAL) != 1 || !hear(k, true, &kind) || kind != STARTED)
        return why_set(w, ERR_IO, "the program cannot be started");
    return ERR_OK;
}

bool keeper_has_ended(struct keeper *k)
{
    enum kind kind;
    return k->runs && hear(k, false, &kind) && kind == ENDED;
}

const char *keeper_end_text(const struct keeper *k, char text[32])
{
    const struct child c = { .status = k->status };
    return child_end_text(&c, text);
}

/* The process says goodbye by closing its end. */
void keeper_close(struct keeper *k)
{
    enum kind kind;
    if (k->fd < 0)
        return;
    shutdown(k->fd, SHUT_WR);
    while (hear(k, true, &kind))
        ;
    close(k->fd);
    k->fd = -1;
}
