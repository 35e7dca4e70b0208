/* Fork, close, run: what could not be closed is told before the first message. */
#include "os/aside.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/rights.h"

#define FIRST_FD 3

static err close_doors(const struct aside_conf *conf, struct why *w)
{
    err rc = rights_drop(rights_now() & conf->rights, w);
    if (!rc)
        rc = rights_seal(false, w);
    return rc ? rc : callset_close(conf->calls, w);
}

NORETURN static void be_aside(int fd, const struct aside_conf *conf)
{
    struct why said = { "" };
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, conf->name);
    if (dup2(fd, FIRST_FD) < 0 || close_range(FIRST_FD + 1, ~0U, 0))
        _exit(1);
    bool open = conf->closed && close_doors(conf, &said);
    if (send(FIRST_FD, &said, sizeof said, MSG_NOSIGNAL) == (ssize_t)sizeof said && !open)
        conf->run(FIRST_FD);
    _exit(0);
}

static err hear(int fd, struct why *w)
{
    struct why said;
    ssize_t n;
    while ((n = recv(fd, &said, sizeof said, 0)) < 0 && errno == EINTR)
        ;
    if (n != (ssize_t)sizeof said)
        return why_set(w, ERR_RIGHTS, "it ended at once");
    return said.text[0] ? why_set(w, ERR_RIGHTS, "%s", said.text) : ERR_OK;
}

err aside_open(struct aside *out, const struct aside_conf *conf, struct why *w)
{
    int ends[2];
    *out = (struct aside){ .fd = -1 };
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return why_set(w, ERR_IO, "socketpair: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        be_aside(ends[1], conf);
    close(ends[1]);
    err rc = pid < 0 ? why_set(w, ERR_IO, "fork: %s", strerror(errno)) : hear(ends[0], w);
    if (rc)
        close(ends[0]);
    else
        *out = (struct aside){ ends[0], pid };
    return rc;
}
