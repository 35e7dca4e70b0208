/* Buffered lines: what arrives, and how failures are told apart. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "out/writer.h"

static struct why why;

static void lines_arrive_whole(void **state)
{
    (void)state;
    char path[] = "/tmp/test_writer.XXXXXX", got[64] = "";
    int fd = mkstemp(path);
    struct writer w;
    writer_init(&w, fd);
    assert_int_equal(writer_line(&w, SLICE("one"), "x", &why), ERR_OK);
    assert_int_equal(writer_line(&w, slice_of(NULL, 0), "x", &why), ERR_OK);
    assert_int_equal(pread(fd, got, sizeof got, 0), 0); /* buffered */
    assert_int_equal(writer_flush(&w, "x", &why), ERR_OK);
    assert_int_equal(pread(fd, got, sizeof got, 0), 5);
    assert_memory_equal(got, "one\n\n", 5);
    writer_free(&w);
    close(fd);
    unlink(path);
}

static void a_line_may_be_larger_than_the_buffer(void **state)
{
    (void)state;
    char path[] = "/tmp/test_writer.XXXXXX";
    int fd = mkstemp(path);
    char *big = malloc(2 * WRITER_BYTES);
    struct writer w;
    memset(big, 'x', 2 * WRITER_BYTES);
    writer_init(&w, fd);
    static const size_t sizes[] = { 10, WRITER_BYTES - 12, WRITER_BYTES - 1, WRITER_BYTES,
                                    2 * WRITER_BYTES };
    off_t sum = 0;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_int_equal(writer_line(&w, slice_of(big, sizes[i]), "x", &why), ERR_OK);
        sum += (off_t)sizes[i] + 1;
    }
    assert_int_equal(writer_flush(&w, "x", &why), ERR_OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), sum);
    writer_free(&w);
    free(big);
    close(fd);
    unlink(path);
}

static void a_full_disk_is_a_failure(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY);
    struct writer w;
    if (fd < 0)
        skip();
    writer_init(&w, fd);
    assert_int_equal(writer_line(&w, SLICE("a"), "/dev/full", &why), ERR_OK);
    assert_int_equal(writer_flush(&w, "/dev/full", &why), ERR_IO);
    assert_non_null(strstr(why.text, "/dev/full"));
    assert_int_equal(writer_flush(&w, "/dev/full", &why), ERR_OK); /* nothing is kept */
    writer_free(&w);
    close(fd);
}

static void a_closed_pipe_is_the_end(void **state)
{
    (void)state;
    int end[2];
    struct writer w;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(end), 0);
    close(end[0]);
    writer_init(&w, end[1]);
    assert_int_equal(writer_line(&w, SLICE("a"), "standard output", &why), ERR_OK);
    assert_int_equal(writer_flush(&w, "standard output", &why), ERR_END);
    writer_free(&w);
    close(end[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_arrive_whole),
        cmocka_unit_test(a_line_may_be_larger_than_the_buffer),
        cmocka_unit_test(a_full_disk_is_a_failure),
        cmocka_unit_test(a_closed_pipe_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
