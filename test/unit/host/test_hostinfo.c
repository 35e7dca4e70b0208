/* Host facts out of a made-up root folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/hostinfo.h"

static struct arena arena;
static char root[64];

static void put(const char *path, const char *content)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    FILE *f = fopen(whole, "w");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static struct hostinfo read_host(const char *release)
{
    struct hostinfo h;
    put("/etc/os-release", release);
    hostinfo_read(&h, &arena, root);
    return h;
}

static void reads_os_release(void **state)
{
    (void)state;
    struct hostinfo h = read_host("# comment\nPRETTY_NAME=\"x\"\nNAME=\"Debian GNU/Linux\"\n"
                                  "VERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\n"
                                  "VERSION_CODENAME=bookworm\nID=debian");
    assert_string_equal(h.os_name, "Debian GNU/Linux");
    assert_string_equal(h.os_version, "12 (bookworm)");
    assert_string_equal(h.os_codename, "bookworm");
    assert_string_equal(h.os_platform, "debian");
    assert_string_equal(h.os_family, "debian");
    assert_string_equal(h.os_build, "");
    assert_true(*h.name && *h.kernel && *h.architecture);
}

static void finds_the_family(void **state)
{
    (void)state;
    assert_string_equal(read_host("ID=\"rocky\"\n").os_family, "redhat");
    assert_string_equal(read_host("ID=pop\nID_LIKE=\"ubuntu debian\"\n").os_family, "debian");
    assert_string_equal(read_host("ID=x\nID_LIKE=\"y opensuse\"\n").os_family, "suse");
    assert_string_equal(read_host("ID=nixos\n").os_family, "");
    assert_string_equal(read_host("").os_family, "");
}

static void finds_an_old_codename(void **state)
{
    (void)state;
    assert_string_equal(read_host("VERSION='7 (wheezy)'\n").os_codename, "wheezy");
    assert_string_equal(read_host("VERSION='7 )x('\n").os_codename, "");
    assert_string_equal(read_host("VERSION_ID=9\n").os_version, "9");
}

static void reads_id_and_container(void **state)
{
    (void)state;
    struct hostinfo h = read_host("ID=debian\n");
    assert_string_equal(h.id, "");
    assert_false(h.containerized);
    put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    put("/proc/1/cgroup", "12:cpu:/docker/4711\n");
    h = read_host("ID=debian\n");
    assert_string_equal(h.id, "0123456789abcdef0123456789abcdef");
    assert_true(h.containerized);
}

static void macs_are_sorted_and_single(void **state)
{
    (void)state;
    struct hostinfo h = read_host("");
    for (unsigned i = 1; i < h.n_mac; i++)
        assert_true(slice_cmp(h.mac[i - 1], h.mac[i]) < 0);
}

static const char *const folders[] = { "", "/etc", "/proc", "/proc/1" };
static const char *const files[] = { "/etc/os-release", "/etc/machine-id", "/proc/1/cgroup" };

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    snprintf(root, sizeof root, "/tmp/test_hostinfo.XXXXXX");
    if (!mkdtemp(root))
        return -1;
    for (size_t i = 1; i < COUNT(folders); i++) {
        char path[256];
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        mkdir(path, 0700);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[256];
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "%s%s", root, files[i]);
        unlink(path);
    }
    for (size_t i = COUNT(folders); i-- > 0;) {
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        rmdir(path);
    }
    arena_free(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_os_release),       TEST(finds_the_family),           TEST(finds_an_old_codename),
        TEST(reads_id_and_container), TEST(macs_are_sorted_and_single),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
