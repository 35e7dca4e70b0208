/* The section queue as Packetbeat reads and refuses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/queueconf.h"
#include "codec/yaml.h"

static struct arena arena;
static struct why why;
static struct queue_section q;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    q = (struct queue_section){ 0 };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static err load(const char *text)
{
    struct node *root = NULL;
    q = (struct queue_section){ 0 };
    struct loading l = { "", &arena, &why };
    if (*text && yaml_read(&arena, slice_cstr(text), "t.yml", &root, &why))
        fail_msg("%s", why.text);
    return queue_load(root, node_path(root, "output.file"), &l, &q);
}

static void refused(const char *text, const char *with)
{
    assert_int_equal(load(text), ERR_CONFIG);
    if (!strstr(why.text, with))
        fail_msg("%s", why.text);
}

static void without_a_section_it_is_memory(void **state)
{
    (void)state;
    assert_int_equal(load(""), ERR_OK);
    assert_false(q.on_disk);
    assert_int_equal(q.events, 3200);
    assert_int_equal(q.flush_events, 1600);
    assert_int_equal(load("queue: {mem: {events: 64}}"), ERR_OK);
    assert_int_equal(q.flush_events, 64);
}

static void the_disk_has_packetbeats_defaults(void **state)
{
    (void)state;
    assert_int_equal(load("queue: {disk: {max_size: 20MB}}"), ERR_OK);
    assert_true(q.on_disk);
    assert_int_equal(q.max_bytes, 20000000);
    assert_int_equal(q.segment_bytes, 2000000);
    assert_int_equal(q.read_ahead, 512);
    assert_int_equal(q.write_ahead, 2048);
    assert_int_equal(load("output: {file: {queue: {disk: {max_size: 0}}}}"), ERR_OK);
    assert_true(q.on_disk && q.max_bytes == 0 && q.segment_bytes > 0);
    assert_int_equal(load("queue: {disk: {enabled: false}, mem: {events: 99}}"), ERR_OK);
    assert_false(q.on_disk);
}

static void mistakes_are_refused_with_their_place(void **state)
{
    (void)state;
    refused("queue: {disk: {path: /tmp}}", "t.yml:1:15: disk queue requires max_size");
    refused("queue: {disk: {max_size: 9MB}}", "at least 10MB");
    refused("queue: {disk: {max_size: 20MB, segment_size: 1000}}", "at least 1MB");
    refused("queue: {disk: {max_size: 20MB, segment_size: 11MB}}", "twice as big");
    refused("queue: {disk: {max_size: 20MB, retry_interval: 40s}}", "max_retry_interval");
    refused("queue: {spool: {}}", "unrecognized queue type 'spool'");
    refused("queue: {mem: {events: 64}, disk: {max_size: 20MB}}", "more than one namespace");
    refused("queue: {mem: {events: 64, flush: {min_events: 65}}}", "more than queue.mem.events");
    refused("queue: {mem: {events: 64}}\noutput: {file: {queue: {mem: {events: 64}}}}",
            "only one is allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_section_it_is_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(the_disk_has_packetbeats_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes_are_refused_with_their_place, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
