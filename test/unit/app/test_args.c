/* The command line as Packetbeat reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/args.h"
#include "app/command.h"

static struct arena arena;
static struct args args;
static struct why why;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

#define READ(...)                                                                                  \
    read((const char *[]){ __VA_ARGS__ },                                                          \
         sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *))

static err read(const char **argv, size_t n)
{
    why.text[0] = '\0';
    return args_read(&args, (int)n, argv, &arena, &why);
}

static void test_no_command_is_run(void **state)
{
    (void)state;
    assert_int_equal(args_read(&args, 0, NULL, &arena, &why), ERR_OK);
    assert_string_equal(args.command->name, "run");
    assert_true(args.strict_perms);
    assert_int_equal(READ("-I", "x.pcap"), ERR_OK);
    assert_string_equal(args.command->name, "run");
    assert_string_equal(args.read_file, "x.pcap");
}

static void test_single_dashes_become_double(void **state)
{
    (void)state;
    assert_int_equal(READ("run", "-path.home", "/h", "-strict.perms=false", "-e", "-dump", "p"),
                     ERR_OK);
    assert_string_equal(args.paths.home, "/h");
    assert_false(args.strict_perms);
    assert_true(args.to_stderr);
    assert_string_equal(args.dump, "p");
}

static void test_flags_before_the_command(void **state)
{
    (void)state;
    assert_int_equal(READ("-c", "test", "-e", "test", "config"), ERR_OK);
    assert_string_equal(args.command->name, "test config");
    assert_string_equal(args.files.v[0], "test");
    assert_int_equal(args.rest.n, 0);
}

static void test_repeated_flags(void **state)
{
    (void)state;
    assert_int_equal(READ("-c", "a", "-c", "b", "-c", "a", "-E", "x=1", "-E", "x=1"), ERR_OK);
    assert_int_equal(args.files.n, 2);
    assert_int_equal(args.sets.n, 2);
}

static void test_the_rest(void **state)
{
    (void)state;
    assert_int_equal(READ("watch", "a", "--", "-b", "-"), ERR_OK);
    assert_int_equal(args.rest.n, 3);
    assert_string_equal(args.rest.v[1], "-b");
    assert_string_equal(args.rest.v[2], "-");
}

static void test_refusals(void **state)
{
    (void)state;
    assert_int_equal(READ("run", "--nonsense"), ERR_USAGE);
    assert_string_equal(why.text, "unknown flag: --nonsense");
    assert_int_equal(READ("run", "-ec", "x"), ERR_USAGE);
    assert_int_equal(READ("test", "config", "-I", "x"), ERR_USAGE);
    assert_int_equal(READ("nonsense"), ERR_USAGE);
    assert_string_equal(why.text, "unknown command \"nonsense\" for \"wirelume\"");
    assert_int_equal(READ("run", "-e=maybe"), ERR_USAGE);
    assert_int_equal(READ("run", "-c"), ERR_USAGE);
    assert_int_equal(READ("run", "--environment", "moon"), ERR_USAGE);
    assert_int_equal(READ("run", "--environment", "SystemD"), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_command_is_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_single_dashes_become_double, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flags_before_the_command, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_repeated_flags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
