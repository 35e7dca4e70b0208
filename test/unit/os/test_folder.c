/* Folders: names in order, stamps that change, copies that do not. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"
#include "os/folder.h"

static char folder[] = "/tmp/folder-XXXXXX";
static char path[64];
static struct arena arena;

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    struct why w;
    assert_int_equal(file_replace(in_folder(name), slice_cstr(text), 0600, &w), ERR_OK);
}

static void names_are_sorted(void **state)
{
    (void)state;
    struct names n;
    struct why w;
    put("b.rule", "");
    put("a.rule", "");
    put(".c.rule", "");
    put("d.txt", "");
    assert_int_equal(folder_list(&arena, folder, ".rule", &n, &w), ERR_OK);
    assert_int_equal(n.n, 2);
    assert_string_equal(n.v[0], "a.rule");
    assert_string_equal(n.v[1], "b.rule");
    assert_int_equal(folder_list(&arena, "/nowhere", "", &n, &w), ERR_MISSING);
    assert_string_equal(w.text, "/nowhere: No such file or directory");
    assert_true(folder_exists(folder));
    assert_false(folder_exists(in_folder("a.rule")));
}

static void stamps(void **state)
{
    (void)state;
    put("a.rule", "one");
    struct file_stamp first = file_stamp_of(in_folder("a.rule"));
    struct file_stamp again = file_stamp_of(path);
    assert_true(file_stamp_eq(&first, &again));
    put("a.rule", "two");
    again = file_stamp_of(path);
    assert_false(file_stamp_eq(&first, &again));
    again = file_stamp_of("/nowhere");
    assert_false(file_stamp_eq(&first, &again));
}

static void copies_stay(void **state)
{
    (void)state;
    char got[8] = "";
    struct why w;
    int fd;
    put("a.rule", "before");
    assert_int_equal(file_copy(in_folder("a.rule"), 100, &fd, &w), ERR_OK);
    int writer = open(path, O_WRONLY | O_TRUNC);
    assert_true(write(writer, "after", 5) == 5);
    close(writer);
    assert_int_equal(pread(fd, got, sizeof got, 0), 6);
    assert_string_equal(got, "before");
    file_copy_close(fd);
    assert_int_equal(file_copy(path, 4, &fd, &w), ERR_LIMIT);
    assert_int_equal(fd, -1);
    assert_int_equal(file_copy("/nowhere", 4, &fd, &w), ERR_MISSING);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(names_are_sorted),
                                        cmocka_unit_test(stamps), cmocka_unit_test(copies_stay) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
