/* Programs beside this one. */
#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "os/clock.h"

#define LOOK_NS  INT64_C(10000000)
#define NOT_RUN  127 /* as shells have it: the program could not be run */
#define FIRST_FD 3

/* In the child: only calls that are allowed between fork and exec. */
NORETURN static void become(const char *const *argv, bool quiet, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before that was said */
        _exit(NOT_RUN);
    int nowhere = quiet ? open("/dev/null", O_WRONLY) : -1;
    if (nowhere >= 0 && (dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0))
        _exit(NOT_RUN);
    close_range(FIRST_FD, ~0U, 0);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(NOT_RUN);
}

err child_start(struct child *c, const char *const *argv, bool quiet, struct why *w)
{
    pid_t self = getpid();
    if (access(argv[0], X_OK))
        return why_set(w, ERR_IO, "%s: %s", argv[0], strerror(errno));
    *c = (struct child){ .pid = fork() };
    if (c->pid == 0)
        become(argv, quiet, self);
    if (c->pid > 0)
        return ERR_OK;
    c->pid = 0;
    return why_set(w, ERR_IO, "%s: it cannot be started: %s", argv[0], strerror(errno));
}

bool child_has_ended(struct child *c)
{
    if (!c->pid || waitpid(c->pid, &c->status, WNOHANG) != c->pid)
        return false;
    c->pid = 0;
    return true;
}

const char *child_end_text(const struct child *c, char text[32])
{
    if (WIFSIGNALED(c->status))
        snprintf(text, 32, "signal %d", WTERMSIG(c->status));
    else
        snprintf(text, 32, "status %d", WEXITSTATUS(c->status));
    return text;
}

void child_stop(struct child *c, int64_t wait_ns)
{
    int64_t end = clock_mono_ns() + wait_ns;
    if (!c->pid)
        return;
    kill(c->pid, SIGTERM);
    while (!child_has_ended(c)) {
        if (clock_mono_ns() >= end) {
            kill(c->pid, SIGKILL);
            waitpid(c->pid, &c->status, 0);
            c->pid = 0;
            return;
        }
        clock_sleep_until(clock_mono_ns() + LOOK_NS);
    }
}
