/* Sends the frames of a capture file, round and round, at a steady rate:
 *   pump DEVICE FILE SECONDS RATE       RATE: packets a second; 0: as many as it can
 * At the end one line: packets sent, seconds that it took. What the device refuses is sent again:
 * all of what is told was taken by the kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/bug.h"
#include "in/capture.h"
#include "os/clock.h"

#define NS_PER_S INT64_C(1000000000)
#define AT_ONCE  64
#define SLICE_NS INT64_C(1000000) /* so much of the rate is sent in one go */

struct pump {
    int fd;
    struct iovec *frame;
    size_t n, next;
    uint64_t sent;
};

static int fail(const char *text)
{
    fprintf(stderr, "pump: %s\n", text);
    return 1;
}

static void add(struct pump *s, struct slice frame)
{
    if ((s->n & (s->n - 1)) == 0)
        s->frame = xrealloc(s->frame, (s->n ? 2 * s->n : 1) * sizeof *s->frame);
    uint8_t *p = xmalloc(frame.n);
    memcpy(p, frame.p, frame.n);
    s->frame[s->n++] = (struct iovec){ p, frame.n };
}

static bool load(struct pump *s, const char *path)
{
    static struct packet p[64];
    const struct capture_file_conf conf = { .paths = &path, .n_paths = 1 };
    struct capture *c;
    struct why w;
    int n;
    if (capture_open_files(&conf, &c, &w) != ERR_OK)
        return false;
    while ((n = c->ops->read(c, p, COUNT(p), &w)) > 0)
        for (int i = 0; i < n; i++)
            add(s, p[i].frame);
    c->ops->close(c);
    return s->n > 0;
}

static bool open_device(struct pump *s, const char *device)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET };
    int on = 1;
    s->fd = socket(AF_PACKET, SOCK_RAW, 0);
    to.sll_ifindex = (int)if_nametoindex(device);
    return s->fd >= 0 && setsockopt(s->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) == 0 &&
           bind(s->fd, (struct sockaddr *)&to, sizeof to) == 0;
}

/* Up to max packets in one call. */
static bool send_some(struct pump *s, uint64_t max)
{
    struct mmsghdr m[AT_ONCE] = { 0 };
    unsigned n = max < AT_ONCE ? (unsigned)max : AT_ONCE;
    for (unsigned i = 0; i < n; i++) {
        m[i].msg_hdr.msg_iov = &s->frame[(s->next + i) % s->n];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    int done = sendmmsg(s->fd, m, n, 0);
    if (done < 0)
        return errno == ENOBUFS || errno == EAGAIN || errno == EINTR;
    s->next = (s->next + (unsigned)done) % s->n;
    s->sent += (unsigned)done;
    return true;
}

static uint64_t due(int64_t past_ns, uint64_t rate)
{
    return (uint64_t)((double)past_ns * (double)rate / (double)NS_PER_S);
}

static bool run(struct pump *s, uint64_t seconds, uint64_t rate)
{
    int64_t begin_ns = clock_mono_ns(), now_ns = begin_ns;
    bool good = true;
    for (; good && now_ns - begin_ns < (int64_t)seconds * NS_PER_S; now_ns = clock_mono_ns()) {
        uint64_t want = rate ? due(now_ns - begin_ns, rate) : s->sent + AT_ONCE;
        while (good && s->sent < want)
            good = send_some(s, want - s->sent);
        if (rate)
            clock_sleep_until(now_ns + SLICE_NS);
    }
    printf("%llu %.3f\n", (unsigned long long)s->sent, (double)(now_ns - begin_ns) / 1e9);
    return good;
}

int main(int argc, char **argv)
{
    struct pump s = { .fd = -1 };
    uint64_t seconds, rate;
    if (argc != 5 || !slice_to_u64(slice_cstr(argv[3]), &seconds) ||
        !slice_to_u64(slice_cstr(argv[4]), &rate))
        return fail("usage: pump DEVICE FILE SECONDS RATE");
    if (!load(&s, argv[2]))
        return fail("no frames in the file");
    if (!open_device(&s, argv[1]) || !run(&s, seconds, rate))
        return fail(strerror(errno));
    return 0;
}
