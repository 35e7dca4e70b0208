/* --dump: what is written can be read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "in/capture.h"

static void test_round_trip(void **state)
{
    (void)state;
    char dir[] = "/tmp/dumpXXXXXX", pattern[64];
    struct why w;
    struct packet in[] = {
        { .ts_ns = 1700000000123456789,
          .frame = SLICE("AAAAAABBBBBB\x08\0data"),
          .wire_len = 99,
          .link_type = 1 },
        { .ts_ns = 1700000001000000000,
          .frame = SLICE("AAAAAABBBBBB\x08\0data"),
          .wire_len = 22,
          .link_type = 1,
          .vlan_valid = true,
          .vlan_tci = 0x2005 },
        { .ts_ns = 1700000002000000000,
          .frame = SLICE("another link"),
          .wire_len = 12,
          .link_type = 101 },
    };
    log_set_level(LOG_ERROR);
    assert_non_null(mkdtemp(dir));
    snprintf(pattern, sizeof(pattern), "%s/x", dir);
    struct capture_dump *d = capture_dump_open(pattern, 1, &w);
    assert_non_null(d);
    for (unsigned i = 0; i < COUNT(in); i++)
        assert_int_equal(capture_dump_write(d, &in[i], &w), ERR_OK);
    capture_dump_close(d);

    snprintf(pattern, sizeof(pattern), "%s/x-2*.pcap", dir);
    const char *paths[] = { pattern };
    const struct capture_file_conf conf = { .paths = paths, .n_paths = 1 };
    struct packet out[8];
    struct capture *c;
    assert_int_equal(capture_open_files(&conf, &c, &w), ERR_OK);
    assert_int_equal(c->ops->read(c, out, 8, &w), 2);
    assert_int_equal(out[0].ts_ns, in[0].ts_ns);
    assert_int_equal(out[0].wire_len, 99);
    assert_true(slice_eq(out[0].frame, in[0].frame));
    assert_int_equal(out[1].wire_len, 22);
    assert_true(slice_eq(out[1].frame, SLICE("AAAAAABBBBBB\x81\0\x20\x05\x08\0data")));
    c->ops->close(c);
    glob_t g;
    assert_int_equal(glob(pattern, 0, NULL, &g), 0);
    assert_int_equal(g.gl_pathc, 1);
    unlink(g.gl_pathv[0]);
    globfree(&g);
    rmdir(dir);
    assert_null(capture_dump_open("/nonexistent/x", 1, &w));
    assert_non_null(strstr(w.text, "No such file or directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_round_trip) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
