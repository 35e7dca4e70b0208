/* The signals that the program answers (signalfd(2)). */
#include "os/signal.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void signal_set(sigset_t *set)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
    sigemptyset(set);
    for (size_t i = 0; i < COUNT(numbers); i++)
        sigaddset(set, numbers[i]);
}

int signal_open(void)
{
    sigset_t set;
    signal_set(&set);
    signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int signal_next(int fd)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return 0;
    return (int)info.ssi_signo;
}

void signal_close(int fd)
{
    sigset_t set;
    signal_set(&set);
    close(fd);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
