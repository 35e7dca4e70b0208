/* What our Logstash output sends for the events of a real Packetbeat's recordings, under the same
 * settings: the same windows, frames, numbers and texts; uncompressed, the same bytes. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "codec/lumberjack.h"
#include "codec/yaml.h"
#include "os/clock.h"
#include "os/thread.h"
#include "pipe/pipe.h"

#define LIMIT_NS  (20 * INT64_C(1000000000))
#define BYTES_MAX ((size_t)16 * 1024 * 1024)

extern const struct output output_logstash;

static const struct {
    const char *name, *settings;
    bool plain;
} recordings[] = {
    { "thrift-default", "bulk_max_size: 8", false }, /* its queue flushed at 8 events */
    { "http-level0", "compression_level: 0", true },
    { "mongo-level9-no-pipelining", "bulk_max_size: 8, compression_level: 9, pipelining: 0",
      false },
    { "sip-bulk2", "bulk_max_size: 2", false },
};

static struct slice read_file(const char *folder, const char *name, const char *ending)
{
    char path[4096];
    uint8_t *p = xmalloc(BYTES_MAX);
    snprintf(path, sizeof path, "%s/lumberjack/%s.%s", folder, name, ending);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(p, 1, BYTES_MAX, f) : 0;
    if (f)
        fclose(f);
    return slice_of(p, n);
}

/* ---- the form of a stream: windows, frames, numbers, texts */

/* Frames one after the other, C frames opened, as text: "W 2\nC\n1 {…}\n2 {…}\n". Takes whole
 * frames only. */
static void put_frames(struct cursor *c, struct arena *mem, struct buf *out, bool inside)
{
    struct inflater *inflater = inflater_new();
    while (cur_left(c) >= LUMBERJACK_ACK_BYTES) {
        struct cursor at = *c;
        unsigned type = cur_u16be(&at);
        uint32_t n = cur_u32be(&at);
        struct slice body = { 0 };
        if (type == ('2' << 8 | 'W')) {
            buf_printf(out, "W %u\n", n);
        } else if (type == ('2' << 8 | 'J')) {
            body = cur_bytes(&at, cur_u32be(&at));
            buf_printf(out, "%u ", n);
            buf_add(out, body);
            buf_u8(out, '\n');
        } else {
            struct slice frames = { 0 };
            struct unpacking how = { mem, BYTES_MAX, 0 };
            body = cur_bytes(&at, n);
            bool good = type == ('2' << 8 | 'C') && !inside && cur_ok(&at) &&
                        deflate_unpack(inflater, DEFLATE_ZLIB, body, &how, &frames) == DEFLATE_DONE;
            struct cursor sub = cur_of(frames);
            buf_cstr(out, good ? "C\n" : "unknown frame\n");
            if (good)
                put_frames(&sub, mem, out, true);
        }
        if (!cur_ok(&at))
            break;
        *c = at;
    }
    inflater_free(inflater);
}

/* ---- a receiver that keeps what comes and acknowledges whole windows */

struct keeper {
    struct thread thread;
    int listener, fd;
    uint8_t *p;
    size_t n;
};

/* Events of each whole window from `from` on are acknowledged; the next place to look at. */
static size_t acknowledge(struct keeper *k, size_t from, uint32_t *missing, uint32_t *count)
{
    struct cursor c = cur_of(slice_after(slice_of(k->p, k->n), from));
    for (;;) {
        struct cursor at = c;
        unsigned type = cur_u16be(&at);
        uint32_t n = cur_u32be(&at), events = 0;
        if (type == ('2' << 8 | 'J'))
            cur_skip(&at, cur_u32be(&at)), events = 1;
        else if (type == ('2' << 8 | 'C'))
            cur_skip(&at, n), events = *count;
        if (!cur_ok(&at))
            return (size_t)(c.p - k->p);
        c = at;
        if (type == ('2' << 8 | 'W'))
            *missing = *count = n;
        else
            *missing -= events;
        if (*missing == 0) {
            uint8_t bytes[LUMBERJACK_ACK_BYTES];
            struct buf b = buf_of(bytes, sizeof bytes);
            lumberjack_put_ack(&b, '2', *count);
            BUG_ON(send(k->fd, bytes, b.n, MSG_NOSIGNAL) < 0);
        }
    }
}

static void keep(void *ctx)
{
    struct keeper *k = ctx;
    uint32_t missing = 0, count = 0;
    size_t looked_at = 0;
    ssize_t got;
    k->fd = accept(k->listener, NULL, NULL);
    while ((got = recv(k->fd, k->p + k->n, BYTES_MAX - k->n, 0)) > 0) {
        k->n += (size_t)got;
        looked_at = acknowledge(k, looked_at, &missing, &count);
    }
    close(k->fd);
}

static unsigned keeper_start(struct keeper *k)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    k->p = xmalloc(BYTES_MAX);
    k->listener = socket(AF_INET, SOCK_STREAM, 0);
    BUG_ON(bind(k->listener, (struct sockaddr *)&a, sizeof a) || listen(k->listener, 1));
    BUG_ON(getsockname(k->listener, (struct sockaddr *)&a, &size));
    BUG_ON(thread_start(&k->thread, "keeper", keep, k));
    return ntohs(a.sin_port);
}

/* ---- sending */

static void send_lines(void *ctx, struct slice lines)
{
    struct cursor c = cur_of(lines);
    struct why why;
    while (cur_left(&c))
        BUG_ON(output_logstash.write(ctx, NULL, cur_line(&c), &why));
    int64_t limit = clock_mono_ns() + LIMIT_NS;
    while (output_logstash.holding->held(ctx) && clock_mono_ns() < limit) {
        struct pollfd wake = { output_logstash.holding->wake_fd(ctx), POLLIN, 0 };
        BUG_ON(output_logstash.flush(ctx, &why));
        poll(&wake, 1, 50);
    }
}

static struct slice stream_of(struct slice lines, const char *settings, struct arena *mem)
{
    struct keeper k = { 0 };
    char yaml[256];
    struct node *root;
    struct why why = { "" };
    struct loading l = { "output.logstash", mem, &why };
    void *conf = arena_zalloc(mem, output_logstash.conf_size);
    void *ctx = xcalloc(1, output_logstash.ctx_size);
    snprintf(yaml, sizeof yaml, "{hosts: ['127.0.0.1:%u'], %s}", keeper_start(&k), settings);
    if (yaml_read(mem, slice_cstr(yaml), "settings", &root, &why) ||
        option_load(output_logstash.options, root, conf, &l) ||
        output_logstash.open(ctx, conf, &why)) {
        printf("%s\n", why.text);
        exit(1);
    }
    send_lines(ctx, lines);
    output_logstash.close(ctx);
    xfree(ctx);
    thread_join(&k.thread);
    close(k.listener);
    return slice_of(k.p, k.n);
}

static bool same_form(struct slice ours, struct slice theirs, struct arena *mem)
{
    struct buf a = buf_of(xmalloc(BYTES_MAX), BYTES_MAX), b = buf_of(xmalloc(BYTES_MAX), BYTES_MAX);
    struct cursor x = cur_of(ours), y = cur_of(theirs);
    put_frames(&x, mem, &a, false);
    put_frames(&y, mem, &b, false);
    bool same = a.n && slice_eq(buf_slice(&a), buf_slice(&b)) && !cur_left(&x) && !cur_left(&y);
    xfree(a.p);
    xfree(b.p);
    return same;
}

int main(void)
{
    const char *folder = getenv("WIRELUME_VECTORS");
    unsigned passed = 0, failed = 0, skipped = 0;
    struct arena mem;
    arena_init(&mem, NULL, 0);
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < COUNT(recordings); i++) {
        const char *where = folder ? folder : "../shared/vectors", *name = recordings[i].name;
        struct slice theirs = read_file(where, name, "bin"),
                     lines = read_file(where, name, "ndjson");
        if (!theirs.n || !lines.n) {
            skipped++;
        } else {
            struct slice ours = stream_of(lines, recordings[i].settings, &mem);
            bool same =
                same_form(ours, theirs, &mem) && (!recordings[i].plain || slice_eq(ours, theirs));
            if (!same)
                printf("%s: another stream than Packetbeat's\n", name);
            passed += same;
            failed += !same;
            free((void *)(uintptr_t)ours.p);
        }
        free((void *)(uintptr_t)theirs.p);
        free((void *)(uintptr_t)lines.p);
        arena_reset(&mem);
    }
    arena_free(&mem);
    if (skipped)
        printf("the recordings are not there: WIRELUME_VECTORS names their folder\n");
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed != 0;
}
