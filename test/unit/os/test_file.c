/* Reading, replacing, folders and locks, in a folder of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "os/file.h"

static struct arena arena;
static struct why why;
static char folder[64], path[128];

static const char *in_folder(const char *name)
{
    struct buf b = buf_of(path, sizeof path - 1);
    buf_cstr(&b, folder);
    buf_u8(&b, '/');
    buf_cstr(&b, name);
    path[b.n] = '\0';
    return path;
}

static int set_up(void **state)
{
    (void)state;
    memcpy(folder, "/tmp/test_file.XXXXXX", 22);
    arena_init(&arena, NULL, 0);
    return mkdtemp(folder) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(in_folder("f"));
    rmdir(in_folder("a/b"));
    rmdir(in_folder("a"));
    arena_free(&arena);
    return rmdir(folder);
}

static void test_replace_then_read(void **state)
{
    (void)state;
    struct slice got;
    struct stat st;
    in_folder("f");
    assert_int_equal(file_replace(path, SLICE("one"), 0600, &why), ERR_OK);
    assert_int_equal(file_replace(path, SLICE("three"), 0640, &why), ERR_OK);
    assert_int_equal(file_read(&arena, path, 100, &got, &why), ERR_OK);
    assert_true(slice_eq(got, SLICE("three")));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0);
    assert_int_equal(access(in_folder("f.new"), F_OK), -1);
    unlink(in_folder("f"));
}

static void test_read_refuses(void **state)
{
    (void)state;
    struct slice got;
    assert_int_equal(file_read(&arena, in_folder("none"), 100, &got, &why), ERR_MISSING);
    assert_non_null(strstr(why.text, "none: No such file"));
    assert_int_equal(file_replace(in_folder("f"), SLICE("12345"), 0600, &why), ERR_OK);
    assert_int_equal(file_read(&arena, path, 4, &got, &why), ERR_LIMIT);
    assert_int_equal(file_read(&arena, folder, 4, &got, &why), ERR_IO);
}

static void test_large_file_is_read_whole(void **state)
{
    (void)state;
    static uint8_t bytes[100001];
    struct slice got;
    memset(bytes, 'x', sizeof bytes);
    bytes[sizeof bytes - 1] = 'y';
    assert_int_equal(file_replace(in_folder("f"), slice_of(bytes, sizeof bytes), 0600, &why),
                     ERR_OK);
    assert_int_equal(file_read(&arena, path, 1 << 20, &got, &why), ERR_OK);
    assert_true(slice_eq(got, slice_of(bytes, sizeof bytes)));
}

static void test_folders(void **state)
{
    (void)state;
    assert_int_equal(file_make_folder(in_folder("a/b"), 0700, &why), ERR_OK);
    assert_int_equal(file_make_folder(in_folder("a/b"), 0700, &why), ERR_OK);
    assert_true(file_exists(in_folder("a/b")));
    assert_int_equal(file_replace(in_folder("f"), SLICE(""), 0600, &why), ERR_OK);
    assert_int_not_equal(file_make_folder(in_folder("f/g"), 0700, &why), ERR_OK);
    assert_int_not_equal(file_make_folder(in_folder("f"), 0700, &why), ERR_OK);
}

static void test_lock_is_exclusive(void **state)
{
    (void)state;
    int first, second;
    assert_int_equal(file_lock(in_folder("f"), &first, &why), ERR_OK);
    assert_int_equal(file_lock(path, &second, &why), ERR_LIMIT);
    assert_int_equal(second, -1);
    file_unlock(first);
    assert_int_equal(file_lock(path, &second, &why), ERR_OK);
    file_unlock(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replace_then_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_file_is_read_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock_is_exclusive, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
