/* Mapped files: offsets, empty ones, and one that shrinks while it is mapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "os/filemap.h"

#define BYTES 100000

static int make(size_t n)
{
    static uint8_t body[BYTES];
    memset(body, 'x', sizeof(body));
    int fd = memfd_create("map", MFD_CLOEXEC);
    assert_int_equal(write(fd, body, n), (ssize_t)n);
    return fd;
}

static void test_maps_from_an_offset(void **state)
{
    (void)state;
    struct file_map m;
    struct why w;
    int fd = make(BYTES);
    assert_int_equal(file_map(&m, fd, 5001, &w), ERR_OK);
    assert_int_equal(m.bytes.n, BYTES - 5001);
    assert_int_equal(m.bytes.p[0], 'x');
    file_map_forget(&m, 60000);
    assert_int_equal(m.bytes.p[0], 'x');
    assert_int_equal(m.bytes.p[m.bytes.n - 1], 'x');
    file_unmap(&m);
    assert_int_equal(file_map(&m, fd, BYTES, &w), ERR_OK);
    assert_int_equal(m.bytes.n, 0);
    file_unmap(&m);
    close(fd);
}

static void test_survives_a_file_that_shrinks(void **state)
{
    (void)state;
    struct file_map m, other;
    struct why w;
    int fd = make(BYTES), fd2 = make(BYTES);
    assert_int_equal(file_map(&m, fd, 0, &w), ERR_OK);
    assert_int_equal(file_map(&other, fd2, 0, &w), ERR_OK);
    assert_int_equal(ftruncate(fd, 10), 0);
    assert_false(file_map_shrunk(&m));
    assert_int_equal(m.bytes.p[50000], 0);
    assert_true(file_map_shrunk(&m));
    assert_false(file_map_shrunk(&other));
    assert_int_equal(m.bytes.p[BYTES - 1], 0);
    assert_int_equal(m.bytes.p[0], 'x');
    file_unmap(&m);
    file_unmap(&other);
    close(fd);
    close(fd2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* first: cmocka takes SIGBUS back before each test, the program keeps it from then on */
        cmocka_unit_test(test_survives_a_file_that_shrinks),
        cmocka_unit_test(test_maps_from_an_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
