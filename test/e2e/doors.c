/* Closes the doors as a command does, then tries what must fail and what must go on working.
 *   doors sensor|receiver|broker FOLDER [KEY=VALUE...]     FOLDER/conf.yml, /data, /out; KEY: -E
 *   doors without landlock|seccomp PROGRAM WORD...  as where the kernel lacks it
 * One line a try, "NAME allowed" or "NAME denied"; the last ones are what is in force. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/doors.h"
#include "host/broker.h"
#include "os/rights.h"
#include "os/thread.h"

static const char *folder;
static char text[4096];
static int listener = -1; /* opened before */

static const char *path(const char *name)
{
    snprintf(text, sizeof text, "%s/%s", folder, name);
    return text;
}

static bool opens(const char *name, int flags)
{
    int fd = open(name, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool makes_socket(int domain, int type, int protocol)
{
    int fd = socket(domain, type, protocol);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool refused(long rc)
{
    return rc < 0 && (errno == EPERM || errno == ENOSYS || errno == EACCES);
}

/* ---- files */

static bool reads_shadow(void)
{
    return opens("/etc/shadow", O_RDONLY);
}

static bool reads_foreign(void)
{
    return opens(path("foreign"), O_RDONLY);
}

static bool lists_foreign(void)
{
    return opens(path("."), O_RDONLY | O_DIRECTORY);
}

static bool writes_tmp(void)
{
    bool made = opens("/tmp/wirelume-doors-test", O_WRONLY | O_CREAT);
    unlink("/tmp/wirelume-doors-test");
    return made;
}

static bool writes_conf(void)
{
    return opens(path("etc/conf.yml"), O_WRONLY);
}

static bool reads_conf(void)
{
    return opens(path("etc/conf.yml"), O_RDONLY);
}

static bool leaves_by_link(void)
{
    return opens(path("data/link"), O_RDONLY);
}

static bool writes_data(void)
{
    char new[4096];
    snprintf(new, sizeof new, "%s/data/renamed", folder);
    return opens(path("data/made"), O_WRONLY | O_CREAT) && rename(path("data/made"), new) == 0;
}

static bool reads_library(void)
{
    return opens("/usr/lib/os-release", O_RDONLY) && opens("/proc/self/status", O_RDONLY);
}

/* ---- programs, processes */

static bool execs(void)
{
    char name[] = "true", *argv[] = { name, NULL };
    execv("/bin/true", argv);
    return false; /* a program that ran would have printed no more lines */
}

static bool forks(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return pid >= 0;
}

static bool signals(void)
{
    return kill(getppid(), 0) == 0;
}

static bool traces(void)
{
    return !refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static bool unshares(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}

static bool mounts(void)
{
    return mount("none", "/mnt", "tmpfs", 0, NULL) == 0;
}

/* Which program it is, which files it has. */
static bool looks_at_others(void)
{
    char name[64], target[256];
    snprintf(name, sizeof name, "/proc/%d/exe", getppid());
    bool program = readlink(name, target, sizeof target) > 0;
    snprintf(name, sizeof name, "/proc/%d/fd/0", getppid());
    return program || readlink(name, target, sizeof target) > 0;
}

static bool becomes_root(void)
{
    struct why w;
    const uint64_t all = RIGHT(0) | RIGHT(12) | RIGHT(13) | RIGHT(21);
    return setresuid(0, 0, 0) == 0 || (!rights_drop(all, &w) && rights_now());
}

static bool reaches_kernel(void)
{
    static const int calls[] = { SYS_bpf,         SYS_perf_event_open,  SYS_io_uring_setup,
                                 SYS_userfaultfd, SYS_process_vm_readv, SYS_keyctl,
                                 SYS_init_module, SYS_chroot,           SYS_settimeofday };
    for (size_t i = 0; i < COUNT(calls); i++)
        if (!refused(syscall(calls[i], 0L, 0L, 0L, 0L, 0L, 0L)))
            return true;
    return false;
}

static bool types_for_others(void)
{
    char c = 'x';
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool denied = ioctl(fd, TIOCSTI, &c) < 0 && errno == EPERM;
    close(fd);
    return !denied;
}

/* ---- sockets */

static bool captures(void)
{
    return makes_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) ||
           makes_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static bool odd_socket(void)
{
    return makes_socket(AF_VSOCK, SOCK_STREAM, 0) || makes_socket(AF_ALG, SOCK_SEQPACKET, 0) ||
           makes_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}

static bool internet(void)
{
    return makes_socket(AF_INET, SOCK_STREAM, 0) && makes_socket(AF_INET6, SOCK_DGRAM, 0);
}

static bool local_socket(void)
{
    return makes_socket(AF_UNIX, SOCK_STREAM, 0);
}

static bool asks_names(void)
{
    struct addrinfo *a = NULL;
    bool found = getaddrinfo("localhost", "80", NULL, &a) == 0;
    if (found)
        freeaddrinfo(a);
    return found;
}

static bool listens(void)
{
    return listen(listener, 1) == 0;
}

static bool accepts(void)
{
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static bool threads(void)
{
    struct thread t = { 0 };
    if (thread_start(&t, "new", nothing, NULL))
        return false;
    thread_join(&t);
    return true;
}

/* clang-format off */
static const struct attempt {
    const char *name;
    bool (*run)(void);
} attempts[] = {
    { "read a file of root alone", reads_shadow },
    { "read a file that all may read", reads_foreign },
    { "list a folder", lists_foreign },
    { "leave the data by a link", leaves_by_link },
    { "write in /tmp", writes_tmp },
    { "write the configuration", writes_conf },
    { "read the configuration", reads_conf },
    { "write and rename data", writes_data },
    { "read files of the system", reads_library },
    { "run a program", execs },
    { "start a process", forks },
    { "start a thread", threads },
    { "signal another process", signals },
    { "be traced", traces },
    { "make a namespace", unshares },
    { "mount", mounts },
    { "look at another process", looks_at_others },
    { "get rights back", becomes_root },
    { "reach into the kernel", reaches_kernel },
    { "type into a terminal", types_for_others },
    { "open a capture", captures },
    { "open an odd socket", odd_socket },
    { "open a socket of the internet", internet },
    { "open a local socket", local_socket },
    { "ask for names", asks_names },
    { "listen anew", listens },
    { "accept", accepts },
};
/* clang-format on */

/* The listener is this program's; what it does not name rightly nobody has. */
static void try_broker(struct broker *b)
{
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    int64_t pids[BROKER_ROWS] = { 0 };
    unsigned hidden = 0;
    struct why w = { "" };
    struct stat st;
    if (getsockname(listener, (struct sockaddr *)&at, &n) || fstat(listener, &st))
        exit(1);
    struct socket_row row = { .ip_proto = IPPROTO_TCP,
                              .local = addr_v4((const uint8_t[4]){ 0 }),
                              .remote = addr_v4((const uint8_t[4]){ 0 }),
                              .local_port = ntohs(at.sin_port),
                              .inode = st.st_ino };
    bool ok = !broker_look(b, &hidden, &w) && !broker_owners(b, &row, 1, pids, &w);
    printf("broker: its own socket %s\n", ok && pids[0] == getpid() ? "allowed" : "denied");
    printf("broker: all processes %s\n", ok && !hidden ? "allowed" : "denied");
    row.local_port++;
    ok = !broker_owners(b, &row, 1, pids, &w);
    printf("broker: a socket by its number alone %s\n", !ok || pids[0] ? "allowed" : "denied");
}

static bool more_sockets(void)
{
    return makes_socket(AF_INET, SOCK_STREAM, 0) || makes_socket(AF_INET6, SOCK_DGRAM, 0) ||
           makes_socket(AF_UNIX, SOCK_STREAM, 0);
}

static bool writes_to_output(void)
{
    return write(STDOUT_FILENO, "", 0) == 0;
}

/* What the broker's process could do if it were taken over. It can only send. */
static void be_broker(int fd)
{
    static const struct attempt some[] = {
        { "write data", writes_data },
        { "write in /tmp", writes_tmp },
        { "write what is open", writes_to_output },
        { "run a program", execs },
        { "start a process", forks },
        { "start a thread", threads },
        { "signal another process", signals },
        { "be traced", traces },
        { "make a namespace", unshares },
        { "mount", mounts },
        { "get rights back", becomes_root },
        { "open a capture", captures },
        { "open an odd socket", odd_socket },
        { "open a socket", more_sockets },
        { "reach into the kernel", reaches_kernel },
        { "read a file", reads_conf },
    };
    struct why w;
    if (rights_drop(RIGHT(CAP_SYS_PTRACE) | RIGHT(CAP_DAC_READ_SEARCH), &w) ||
        rights_seal(false, &w) || callset_close(CALLS_BROKER, &w))
        _exit(1);
    for (size_t i = 0; i < COUNT(some); i++) {
        char line[128];
        int n = snprintf(line, sizeof line, "%s %s\n", some[i].name,
                         some[i].run() ? "allowed" : "denied");
        send(fd, line, (size_t)n, 0);
    }
    _exit(0);
}

static void take_over(void)
{
    char line[128];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        exit(1);
    if (fork() == 0)
        be_broker(ends[1]);
    close(ends[1]);
    for (ssize_t n; (n = recv(ends[0], line, sizeof line, 0)) > 0;)
        printf("taken over: %.*s", (int)n, line);
    exit(0);
}

static void try_all(void *ctx)
{
    const char *where = ctx;
    for (size_t i = 0; i < COUNT(attempts); i++)
        printf("%s%s %s\n", where, attempts[i].name, attempts[i].run() ? "allowed" : "denied");
}

/* Runs a program where the kernel lacks Landlock, or filters. */
static int run_without(const char *what, char **argv)
{
    static const int landlock[] = { 444, 445, 446 }, filters[] = { SYS_seccomp };
    bool no_filters = strcmp(what, "seccomp") == 0;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    int rc = f ? 0 : -1;
    for (size_t i = 0; i < (no_filters ? COUNT(filters) : COUNT(landlock)) && !rc; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), no_filters ? filters[i] : landlock[i], 0);
    if (no_filters && !rc)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
    if (rc || seccomp_load(f))
        return 2;
    execv(argv[0], argv);
    return 2;
}

static void open_listener(void)
{
    struct sockaddr_in any = { .sin_family = AF_INET };
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 1))
        exit(1);
}

static int fail(const struct why *w)
{
    printf("failed: %s\n", w->text);
    return 1;
}

int main(int argc, char **argv)
{
    static struct args a;
    static struct start start;
    static struct doors doors;
    static struct thread thread;
    static char now[] = "", later[] = "thread: ";
    struct start_conf conf = { .need.defaults = true };
    struct why w = { "" };
    char rights[256];
    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "without") == 0 && argc > 3)
        return run_without(argv[2], argv + 3);
    folder = argv[2];
    a.files = (struct texts){ (const char *[]){ "conf.yml" }, 1 };
    a.sets = (struct texts){ (const char **)(argv + 3), (unsigned)argc - 3 };
    a.paths.home = strdup(path("etc"));
    a.paths.data = strdup(path("data"));
    a.to_stderr = true;
    bool receives = strcmp(argv[1], "receiver") == 0;
    struct doors_need need = { .calls = receives ? CALLS_RECEIVER : CALLS_SENSOR, .port = -1 };
    setvbuf(stdout, NULL, _IOLBF, 0);
    open_listener();
    if (strcmp(argv[1], "broker") == 0)
        take_over();
    if (start_load(&start, &a, &conf, &w) || doors_user(&doors, &start, &a, &need, &w) ||
        start_log(&start, &a, false, &w) || doors_shut(&doors, &w))
        return fail(&w);
    try_all(now);
    if (doors.broker)
        try_broker(doors.broker);
    if (thread_start(&thread, "later", try_all, later))
        return 1;
    thread_join(&thread);
    printf("user %s capabilities %s\n", geteuid() ? "other" : "root",
           rights_text(rights_now(), rights, sizeof rights));
    return 0;
}
