/* Sockets of real processes: a child that listens, connects and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/procs.h"

static struct arena arena;
static struct why why;

/* What a child tells of itself. */
struct told {
    uint16_t tcp, udp, client;
};
struct child {
    pid_t pid;
    int go;
    struct told told;
};

static uint16_t port_of(int fd)
{
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    return ntohs(at.sin_port);
}

static int bound(int type, uint32_t address)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
    int fd = socket(AF_INET, type, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static int connected(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void be_child(int go, int tell, uint16_t server)
{
    int tcp = bound(SOCK_STREAM, INADDR_ANY), udp = bound(SOCK_DGRAM, INADDR_LOOPBACK);
    struct told t = { port_of(tcp), port_of(udp), 0 };
    char end;
    listen(tcp, 4);
    if (server)
        t.client = port_of(connected(server));
    prctl(PR_SET_NAME, "a socket's (own)");
    if (write(tell, &t, sizeof t) == sizeof t && read(go, &end, 1) < 0)
        _exit(1);
    _exit(0);
}

static struct child begin(uint16_t server)
{
    struct child c;
    int go[2], tell[2];
    assert_int_equal(pipe(go) | pipe(tell), 0);
    c.pid = fork();
    if (c.pid == 0) {
        close(go[1]);
        be_child(go[0], tell[1], server);
    }
    close(go[0]);
    close(tell[1]);
    assert_int_equal(read(tell[0], &c.told, sizeof c.told), sizeof c.told);
    close(tell[0]);
    c.go = go[1];
    return c;
}

static void end(struct child *c)
{
    close(c->go);
    kill(c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
}

static struct addr address(const char *text)
{
    struct addr a;
    assert_true(addr_parse(slice_cstr(text), &a));
    return a;
}

static struct socket_row row(uint8_t proto, uint16_t local, uint16_t remote)
{
    return (struct socket_row){ .ip_proto = proto,
                                .local = address("127.0.0.1"),
                                .remote = address("127.0.0.1"),
                                .local_port = local,
                                .remote_port = remote };
}

static void look(struct procs *p)
{
    if (procs_look(p, &why))
        fail_msg("%s", why.text);
}

static int64_t owner(struct procs *p, struct socket_row r)
{
    struct process found;
    return procs_find(p, &r, &arena, &found) ? found.pid : 0;
}

static void sockets_have_their_processes(void **state)
{
    (void)state;
    struct procs *p = procs_new(&(struct procs_conf){ 0 });
    struct child a = begin(0), b = begin(a.told.tcp);
    look(p);
    assert_int_equal(owner(p, row(6, a.told.tcp, b.told.client)), a.pid); /* it listens */
    assert_int_equal(owner(p, row(6, b.told.client, a.told.tcp)), b.pid);
    assert_int_equal(owner(p, row(17, a.told.udp, 1234)), a.pid);
    assert_int_equal(owner(p, row(17, a.told.tcp, 1234)) == a.pid, 0);
    assert_int_equal(owner(p, row(6, 1, 1)), 0);
    end(&a);
    look(p);
    assert_int_equal(owner(p, row(6, a.told.tcp, 7)), a.pid); /* known for a while */
    end(&b);
    procs_close(p);
}

static void a_new_socket_on_the_port_is_its_own(void **state)
{
    (void)state;
    struct procs *p = procs_new(&(struct procs_conf){ 0 });
    struct child a = begin(0);
    look(p);
    end(&a);
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(a.told.udp),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    look(p);
    assert_int_equal(owner(p, row(17, a.told.udp, 1)), getpid());
    close(fd);
    procs_close(p);
}

static void names_are_given(void **state)
{
    (void)state;
    static const struct procs_name names[] = { { "other", "no such argument" },
                                               { "mine", "test_procs" } };
    struct child a = begin(0);
    struct process found;
    struct socket_row r = row(17, a.told.udp, 1);
    struct procs *p = procs_new(&(struct procs_conf){ 0 });
    look(p);
    assert_true(procs_find(p, &r, &arena, &found));
    assert_true(slice_eq(found.name, SLICE("a socket's (own")));
    assert_int_equal(found.ppid, getpid());
    assert_true(found.n_args >= 1 && found.executable.n && found.cwd.n);
    assert_true(found.start_ns > INT64_C(1000000000) * 1600000000);
    procs_close(p);
    p = procs_new(&(struct procs_conf){ .names = names, .n_names = 2 });
    look(p);
    assert_true(procs_find(p, &r, &arena, &found));
    assert_true(slice_eq(found.name, SLICE("mine")));
    procs_close(p);
    end(&a);
}

static void a_thread_looks(void **state)
{
    (void)state;
    struct procs *p;
    struct child a = begin(0);
    if (procs_open(&(struct procs_conf){ 0 }, &p, &why))
        fail_msg("%s", why.text);
    assert_int_equal(owner(p, row(6, a.told.tcp, 1)), a.pid);
    end(&a);
    procs_close(p);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* The cgroup files of several engines. */
static void containers_are_found(void **state)
{
    (void)state;
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static const struct {
        const char *text;
        bool found;
    } cases[] = {
        { "0::/system.slice/docker-" ID ".scope\n", true },
        { "12:cpu:/docker/" ID "\n11:memory:/\n", true },
        { "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", true },
        { "0::/machine.slice/libpod-" ID ".scope/container\n", true },
        { "0::/user.slice/user-1000.slice\n", false },
        { "0::/x" ID "0\n", false },
        { "", false },
    };
    char root[] = "/tmp/wl-proc-XXXXXX", path[128];
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/proc", root);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/proc/7", root);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/proc/7/stat", root);
    write_file(path, "7 (a (b) c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 99 0 0\n");
    snprintf(path, sizeof path, "%s/proc/7/cgroup", root);
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file(path, cases[i].text);
        struct process p;
        assert_true(process_read(&p, 7, &arena, root));
        struct slice id = p.container;
        assert_int_equal(slice_eq(id, SLICE(ID)), cases[i].found);
        assert_int_equal(id.n, cases[i].found ? 64 : 0);
    }
    struct process p;
    assert_true(process_read(&p, 7, &arena, root));
    assert_true(slice_eq(p.name, SLICE("a (b) c")));
    assert_int_equal(p.ppid, 1);
    assert_int_equal(p.uid, getuid());
    assert_false(process_read(&p, 8, &arena, root));
    snprintf(path, sizeof path, "rm -r %s", root);
    assert_int_equal(system(path), 0);
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_have_their_processes),
        cmocka_unit_test(a_new_socket_on_the_port_is_its_own),
        cmocka_unit_test(names_are_given),
        cmocka_unit_test(a_thread_looks),
        cmocka_unit_test(containers_are_found),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
