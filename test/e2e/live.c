/* Captures live while a command runs, and prints what came. Also sends a capture file's frames.
 *   live DEVICE [KEY=VALUE...] -- COMMAND...     KEY: of packetbeat.interfaces
 *   live --send DEVICE FILE [TIMES [VLAN]]
 *   live --tun DEVICE FILE                       the IP packets in the frames come in through it
 *   live --file FILE                             prints a capture file in the same way
 * One line a packet: link type, VLAN tag or -, captured and wire length, a sum of the bytes; then
 * one with the counts. --follow instead of -- reads while the command runs. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bug.h"
#include "in/capture.h"

#define QUIET_READS 4 /* of 100 ms each without a packet: all is in */

static int fail(const char *text)
{
    printf("failed: %s\n", text);
    return 1;
}

/* ---- sending */

struct sender {
    int fd;
    unsigned vlan; /* put into each frame; 0: none */
    size_t skip;   /* bytes left out in front */
};

static bool send_frame(const struct sender *s, struct slice frame)
{
    uint8_t tagged[2048];
    if (s->vlan && frame.n > 12 && frame.n + 4 <= sizeof(tagged)) {
        memcpy(tagged, frame.p, 12);
        memcpy(tagged + 12, (uint8_t[]){ 0x81, 0, 0, (uint8_t)s->vlan }, 4);
        memcpy(tagged + 16, frame.p + 12, frame.n - 12);
        frame = slice_of(tagged, frame.n + 4);
    }
    frame = slice_after(frame, s->skip);
    while (write(s->fd, frame.p, frame.n) < 0)
        if (errno != ENOBUFS && errno != EAGAIN)
            return false;
    return true;
}

static int send_file(const struct sender *s, const char *path, uint64_t times)
{
    static struct packet p[64];
    const struct capture_file_conf conf = { .paths = &path, .n_paths = 1, .loops = (int64_t)times };
    struct capture *c;
    struct why w;
    int n;
    if (capture_open_files(&conf, &c, &w) != ERR_OK)
        return fail(w.text);
    while ((n = c->ops->read(c, p, COUNT(p), &w)) > 0)
        for (int i = 0; i < n; i++)
            if (!send_frame(s, p[i].frame))
                return fail(strerror(errno));
    c->ops->close(c);
    close(s->fd);
    return 0;
}

static int send_to(const char *device, char **arg)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
    struct sender s = { .fd = socket(AF_PACKET, SOCK_RAW, 0) };
    uint64_t times = 1, vlan = 0;
    if (arg[1] && !slice_to_u64(slice_cstr(arg[1]), &times))
        return fail("TIMES is not a number");
    if (arg[1] && arg[2] && !slice_to_u64(slice_cstr(arg[2]), &vlan))
        return fail("VLAN is not a number");
    s.vlan = (unsigned)vlan;
    to.sll_ifindex = (int)if_nametoindex(device);
    if (s.fd < 0 || bind(s.fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        return fail(strerror(errno));
    return send_file(&s, arg[0], times);
}

static int send_through_tun(const char *device, const char *path)
{
    struct sender s = { .fd = open("/dev/net/tun", O_RDWR), .skip = 14 };
    struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    snprintf(r.ifr_name, sizeof(r.ifr_name), "%.15s", device);
    if (s.fd < 0 || ioctl(s.fd, TUNSETIFF, &r) != 0)
        return fail(strerror(errno));
    return send_file(&s, path, 1);
}

/* ---- capturing */

static void print_packet(const struct packet *p)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < p->frame.n; i++)
        sum = sum * 31 + p->frame.p[i];
    printf("%u ", p->link_type);
    if (p->vlan_valid)
        printf("%u", p->vlan_tci);
    else
        printf("-");
    printf(" %zu %u %08x\n", p->frame.n, p->wire_len, sum);
}

static bool is_running(pid_t pid)
{
    return pid > 0 && waitpid(pid, NULL, WNOHANG) == 0;
}

static int print_all(struct capture *c, pid_t pid)
{
    static struct packet p[64];
    struct capture_stats s;
    struct why w;
    unsigned quiet = 0;
    while (quiet < QUIET_READS) {
        int n = c->ops->read(c, p, COUNT(p), &w);
        if (n == CAPTURE_FAILED)
            return fail(w.text);
        for (int i = 0; i < n; i++)
            print_packet(&p[i]);
        if (n == CAPTURE_END)
            break;
        quiet = n > 0 || is_running(pid) ? 0 : quiet + 1;
    }
    c->ops->stats(c, &s);
    printf("packets %lu drops %lu\n", (unsigned long)s.packets, (unsigned long)s.drops);
    return 0;
}

static void set_option(struct arena *a, struct node *map, char *text)
{
    char *value = strchr(text, '=');
    struct node *n = node_new(a, NODE_STR);
    BUG_ON(!value || !n);
    *value = '\0';
    n->key = text;
    n->text = value + 1;
    node_append(map, n);
}

static int print_file(const char *path)
{
    const struct capture_file_conf conf = { .paths = &path, .n_paths = 1 };
    struct capture *c;
    struct why w;
    if (capture_open_files(&conf, &c, &w) != ERR_OK)
        return fail(w.text);
    int status = print_all(c, -1);
    c->ops->close(c);
    return status;
}

static pid_t start(char **command)
{
    pid_t pid = fork();
    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    return pid;
}

static int capture(char **arg)
{
    struct arena a;
    struct interface_conf conf = { 0 };
    struct capture *c;
    struct why w = { "" };
    arena_init(&a, NULL, 0);
    struct node *map = node_new(&a, NODE_MAP);
    char **at = arg + 1;
    for (; *at && strncmp(*at, "--", 2) != 0; at++)
        set_option(&a, map, *at);
    const struct loading loading = { "packetbeat.interfaces", &a, &w };
    if (option_load(interface_options, map, &conf, &loading) != ERR_OK)
        return fail(w.text);
    conf.device = arg[0];
    if (capture_open_live(&conf, 0, &c, &w) != ERR_OK)
        return fail(w.text);
    pid_t pid = *at && at[1] ? start(at + 1) : -1;
    if (*at && strcmp(*at, "--") == 0) {
        waitpid(pid, NULL, 0);
        pid = -1;
    }
    int status = print_all(c, pid);
    c->ops->close(c);
    arena_free(&a);
    return status;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "--send") == 0)
        return send_to(argv[2], argv + 3);
    if (argc == 4 && strcmp(argv[1], "--tun") == 0)
        return send_through_tun(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "--file") == 0)
        return print_file(argv[2]);
    return argc > 1 ? capture(argv + 1) : fail("usage: live DEVICE [KEY=VALUE...] -- COMMAND...");
}
