/* Several capture files as one: merged by time, filtered, repeated, some of them damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "in/capture.h"
#include "lib/capmake.h"
#include "os/clock.h"

#define S INT64_C(1000000000)

static char seen[4096]; /* first byte of each frame */
static int64_t last_ns;
static unsigned last_pass;

/* A capture with a packet at each of the given seconds (0 ends), whose frames are `mark`. */
static const char *make(struct capmake *m, const char *mark, const uint32_t *seconds)
{
    capmake_pcap(m, 0xa1b2c3d4, LINK_ETHERNET);
    for (; *seconds; seconds++)
        capmake_record(m, *seconds, 0, slice_cstr(mark), 60);
    return capmake_file(m);
}

/* Opens and reads all, `at_once` packets a read. Returns what ended it. */
static int play(const struct capture_file_conf *conf, unsigned at_once, struct why *w)
{
    static struct packet p[64];
    struct capture *c;
    size_t n = 0;
    int got;
    assert_int_equal(capture_open_files(conf, &c, w), ERR_OK);
    w->text[0] = '\0';
    while ((got = c->ops->read(c, p, at_once, w)) > 0) {
        for (int i = 0; i < got; i++) {
            seen[n++] = (char)p[i].frame.p[0];
            last_ns = p[i].ts_ns;
        }
        last_pass = c->pass;
    }
    seen[n] = '\0';
    if (got == CAPTURE_END && !capture_was_damaged(c, w))
        w->text[0] = '\0';
    c->ops->close(c);
    return got;
}

static void test_merges_by_time(void **state)
{
    (void)state;
    struct capmake m[4] = { 0 };
    const char *paths[] = {
        make(&m[0], "a", (uint32_t[]){ 10, 30, 30, 70, 0 }),
        make(&m[1], "b", (uint32_t[]){ 20, 30, 40, 0 }),
        make(&m[2], "c", (uint32_t[]){ 71, 72, 0 }),
        make(&m[3], "d", (uint32_t[]){ 5, 0 }),
    };
    struct capture_file_conf conf = { .paths = paths, .n_paths = 4 };
    struct why w;
    for (unsigned at_once = 1; at_once <= 64; at_once *= 4) {
        assert_int_equal(play(&conf, at_once, &w), CAPTURE_END);
        assert_string_equal(seen, "dabaabbacc"); /* equal times: in the order of the names */
        assert_string_equal(w.text, "");
    }
    conf.loops = 2;
    assert_int_equal(play(&conf, 64, &w), CAPTURE_END);
    assert_string_equal(seen, "dabaabbaccdabaabbacc");
    for (unsigned i = 0; i < COUNT(m); i++)
        capmake_free(&m[i]);
}

/* Time that goes back inside a file stays as it is. */
static void test_one_file_keeps_its_order(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    const char *path = make(&m, "x", (uint32_t[]){ 50, 20, 90, 10, 0 });
    struct capture_file_conf conf = { .paths = &path, .n_paths = 1, .loops = 3 };
    struct why w;
    for (unsigned at_once = 1; at_once < 6; at_once++) {
        assert_int_equal(play(&conf, at_once, &w), CAPTURE_END);
        assert_string_equal(seen, "xxxxxxxxxxxx");
        assert_int_equal(last_pass, 2);
        assert_int_equal(last_ns, 10 * S);
    }
    capmake_free(&m);
}

static void test_damage_among_others(void **state)
{
    (void)state;
    struct capmake m[4] = { 0 };
    const char *good = make(&m[0], "g", (uint32_t[]){ 10, 20, 0 });
    make(&m[1], "c", (uint32_t[]){ 15, 25, 0 });
    close(m[1].fd);
    m[1].n -= 1;
    capmake_bytes(&m[2], "no capture", 10);
    const char *paths[] = { good, capmake_file(&m[1]), capmake_file(&m[2]), "/nonexistent/x.pcap",
                            capmake_file(&m[3]) };
    struct capture_file_conf conf = { .paths = paths, .n_paths = COUNT(paths) };
    struct why w;
    assert_int_equal(play(&conf, 64, &w), CAPTURE_END);
    assert_string_equal(seen, "gcg");
    assert_non_null(strstr(w.text, "(and 3 more files)"));
    for (unsigned i = 0; i < COUNT(m); i++)
        capmake_free(&m[i]);
}

static void test_alone_and_unusable(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    capmake_bytes(&m, "packetbeat.interfaces", 21);
    const struct {
        const char *path, *filter, *text;
        bool one_at_a_time;
        err e;
    } cases[] = {
        { capmake_file(&m), NULL, "unknown file format", false, ERR_FORMAT },
        { "nofile.pcap", NULL, "nofile.pcap: No such file or directory", false, ERR_MISSING },
        { "/nonexistent/*.pcap", NULL, "no file matches", false, ERR_MISSING },
        { "/", NULL, "is a directory", false, ERR_IO },
        { "-", NULL, "-O reads", true, ERR_USAGE },
        { "x", "tcp port nonsense", "unknown port 'nonsense'", false, ERR_CONFIG },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct capture_file_conf conf = { .paths = &cases[i].path,
                                          .n_paths = 1,
                                          .filter = cases[i].filter,
                                          .one_at_a_time = cases[i].one_at_a_time };
        struct capture *c;
        struct why w;
        assert_int_equal(capture_open_files(&conf, &c, &w), cases[i].e);
        assert_null(c);
        assert_non_null(strstr(w.text, cases[i].text));
    }
    capmake_free(&m);
}

/* Link types have their own programs; a filter without a meaning for one of them ends the run. */
static void test_filters(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    static const uint8_t udp[] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 1, 2,
                                   3,    4, 5, 6,  7, 8, 0, 7, 0,  9,  0, 8, 0, 0 };
    struct slice frame = slice_of(udp, sizeof(udp));
    uint8_t ethernet[14 + sizeof(udp)] = { [12] = 8 };
    memcpy(ethernet + 14, udp, sizeof(udp));
    capmake_section(&m);
    capmake_interface(&m, LINK_RAW, SLICE(""));
    capmake_interface(&m, LINK_ETHERNET, SLICE(""));
    capmake_packet(&m, 1, 1, slice_of(ethernet, sizeof(ethernet)));
    capmake_packet(&m, 1, 2, SLICE("an Ethernet frame without IP"));
    capmake_packet(&m, 0, 3, frame);
    const char *path = capmake_file(&m);
    struct capture_file_conf conf = { .paths = &path, .n_paths = 1, .filter = "udp port 7" };
    struct why w;
    assert_int_equal(play(&conf, 64, &w), CAPTURE_END);
    assert_int_equal(strlen(seen), 0 + (seen[0] != 0)); /* a frame that begins with 0 */
    assert_int_equal(last_ns, 3000);
    conf.filter = "ether src 0:0:0:0:0:0";
    assert_int_equal(play(&conf, 64, &w), CAPTURE_FAILED);
    assert_non_null(strstr(w.text, "has no meaning for link type 101"));
    capmake_free(&m);
}

/* Patterns, more files than are ever open at the same time, and a file named like a pattern. */
static void test_patterns(void **state)
{
    (void)state;
    char dir[] = "/tmp/filesXXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    for (uint32_t i = 0; i < 600; i++) {
        struct capmake m = { 0 };
        make(&m, "f", (uint32_t[]){ 1000 - i, 0 });
        snprintf(path, sizeof(path), "%s/%u.pcap", dir, i);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_int_equal(write(fd, m.p, m.n), (ssize_t)m.n);
        close(fd);
        capmake_free(&m);
    }
    snprintf(path, sizeof(path), "%s/*.pcap", dir);
    const char *pattern = path;
    struct capture_file_conf conf = { .paths = &pattern, .n_paths = 1 };
    struct why w;
    assert_int_equal(play(&conf, 64, &w), CAPTURE_END);
    assert_int_equal(strlen(seen), 600);
    assert_int_equal(last_ns, 1000 * S);
    for (uint32_t i = 0; i < 600; i++) {
        snprintf(path, sizeof(path), "%s/%u.pcap", dir, i);
        unlink(path);
    }
    rmdir(dir);
}

/* The file's own pace: 30 ms between the packets, and the time is now. */
static void test_pace(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    capmake_pcap(&m, 0xa1b2c3d4, LINK_ETHERNET);
    for (uint32_t i = 0; i < 3; i++)
        capmake_record(&m, 7, i * 30000, SLICE("x"), 60);
    const char *path = capmake_file(&m);
    struct capture_file_conf conf = { .paths = &path, .n_paths = 1, .paced = true };
    struct why w;
    int64_t begin_ns = clock_real_ns(), mono_ns = clock_mono_ns();
    assert_int_equal(play(&conf, 64, &w), CAPTURE_END);
    assert_string_equal(seen, "xxx");
    assert_true(last_ns >= begin_ns + 60 * 1000000 && last_ns <= clock_real_ns());
    assert_true(clock_mono_ns() - mono_ns >= 60 * 1000000);
    capmake_free(&m);
}

/* All packets are moved by what moves the first one to the time that is wanted. */
static void test_moved(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    const char *path = make(&m, "a", (uint32_t[]){ 7, 9, 8, 0 });
    struct capture_file_conf conf = { .paths = &path, .n_paths = 1, .starts_ns = 1000 * S };
    struct why w;
    for (unsigned at_once = 1; at_once <= 64; at_once += 63) {
        assert_int_equal(play(&conf, at_once, &w), CAPTURE_END);
        assert_string_equal(seen, "aaa");
        assert_int_equal(last_ns, 1001 * S);
    }
    capmake_free(&m);
}

/* A pipe that pauses: what came is delivered, then it is idle, then it goes on. */
static void test_fifo(void **state)
{
    (void)state;
    char path[] = "/tmp/fifoXXXXXX";
    int fd = mkstemp(path);
    close(fd);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    const char *name = path;
    struct capture_file_conf conf = { .paths = &name, .n_paths = 1 };
    struct capmake m = { 0 };
    struct packet p[8];
    struct capture *c;
    struct why w;
    make(&m, "p", (uint32_t[]){ 1, 2, 0 });
    assert_int_equal(capture_open_files(&conf, &c, &w), ERR_OK);
    /* the reading end is open after the first read; a writer that blocks not at all needs it */
    fd = open(path, O_RDWR);
    assert_int_equal(write(fd, m.p, m.n - 1), (ssize_t)m.n - 1);
    assert_int_equal(c->ops->read(c, p, 8, &w), 1);
    assert_int_equal(c->ops->read(c, p, 8, &w), CAPTURE_IDLE);
    assert_int_equal(write(fd, m.p + m.n - 1, 1), 1);
    assert_int_equal(c->ops->read(c, p, 8, &w), 1);
    assert_int_equal(p[0].ts_ns, 2 * S);
    close(fd);
    assert_int_equal(c->ops->read(c, p, 8, &w), CAPTURE_END);
    assert_false(capture_was_damaged(c, &w));
    c->ops->close(c);
    unlink(path);
    capmake_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merges_by_time),
        cmocka_unit_test(test_one_file_keeps_its_order),
        cmocka_unit_test(test_damage_among_others),
        cmocka_unit_test(test_alone_and_unusable),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
