/* The keystore: what is written is read again, and is Beats' form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/keystore.h"
#include "base/buf.h"
#include "os/file.h"

static struct arena arena;
static struct why why;
static char path[64];

static int set_up(void **state)
{
    (void)state;
    memcpy(path, "/tmp/test_keystore.XXXXXX", 26);
    arena_init(&arena, NULL, 0);
    int fd = mkstemp(path);
    close(fd);
    unlink(path);
    return fd < 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    arena_free(&arena);
    return 0;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct keystore *k;
    struct stat st;
    assert_int_equal(keystore_open(&arena, path, true, &k, &why), ERR_OK);
    assert_null(keystore_key(k, 0));
    assert_int_equal(keystore_put(k, "B", SLICE("two"), &why), ERR_OK);
    assert_int_equal(keystore_put(k, "A", SLICE("one"), &why), ERR_OK);
    assert_int_equal(keystore_put(k, "B", SLICE("three\n"), &why), ERR_OK);
    assert_int_equal(keystore_save(k, path, &why), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(keystore_open(&arena, path, true, &k, &why), ERR_OK);
    assert_string_equal(keystore_key(k, 0), "A");
    assert_string_equal(keystore_key(k, 1), "B");
    assert_null(keystore_key(k, 2));
    assert_string_equal(keystore_get(k, "B"), "three\n");
    assert_null(keystore_get(k, "C"));
    assert_true(keystore_remove(k, "A"));
    assert_false(keystore_remove(k, "A"));
    assert_string_equal(keystore_key(k, 0), "B");
}

static void test_damage_is_seen(void **state)
{
    (void)state;
    struct keystore *k;
    struct slice text;
    assert_int_equal(keystore_open(&arena, path, true, &k, &why), ERR_OK);
    assert_int_equal(keystore_put(k, "A", SLICE("one"), &why), ERR_OK);
    assert_int_equal(keystore_save(k, path, &why), ERR_OK);
    assert_int_equal(file_read(&arena, path, 65536, &text, &why), ERR_OK);
    uint8_t *byte = (uint8_t *)text.p + 110;
    *byte = *byte == 'A' ? 'B' : 'A';
    assert_int_equal(file_replace(path, text, 0600, &why), ERR_OK);
    assert_int_equal(keystore_open(&arena, path, true, &k, &why), ERR_FORMAT);
    assert_int_equal(file_replace(path, SLICE("v2abc"), 0600, &why), ERR_OK);
    assert_int_equal(keystore_open(&arena, path, true, &k, &why), ERR_FORMAT);
    assert_int_equal(file_replace(path, SLICE("v1AAAA"), 0600, &why), ERR_OK);
    assert_int_equal(keystore_open(&arena, path, true, &k, &why), ERR_FORMAT);
}

static void test_rights(void **state)
{
    (void)state;
    struct keystore *k;
    assert_int_equal(keystore_open(&arena, path, true, &k, &why), ERR_OK);
    assert_int_equal(keystore_save(k, path, &why), ERR_OK);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(keystore_open(&arena, path, true, &k, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, "chmod 600"));
    assert_int_equal(keystore_open(&arena, path, false, &k, &why), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rights, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
