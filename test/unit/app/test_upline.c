/* The line of `wirelume up`: rates on a terminal, and each note of the server once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/upline.h"

#define TEXT_BYTES 4096
#define NS_PER_S   INT64_C(1000000000)

static char said[TEXT_BYTES];

/* What f writes to standard error is in said. */
static void hear(struct upline *l, const char *health, int64_t now_ns)
{
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_non_null(file);
    fflush(stderr);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    upline_show(l, slice_cstr(health), now_ns);
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    rewind(file);
    size_t n = fread(said, 1, sizeof said - 1, file);
    said[n] = '\0';
    fclose(file);
}

#define HEALTH(written, notes)                                                                     \
    "{\"counters\":{\"events.written\":" written ",\"intake.refused\":2,\"gelf.dropped\":3},"      \
    "\"disk\":{\"free_bytes\":3221225472},\"notes\":[" notes "]}"

static void rates_are_shown(void **state)
{
    (void)state;
    struct upline l = { .terminal = true };
    hear(&l, HEALTH("100", ""), 5 * NS_PER_S);
    upline_count(&l, 70, 4);
    hear(&l, HEALTH("150", ""), 7 * NS_PER_S);
    assert_string_equal(said, "\r\033[K25 events/s  35 packets/s  9 dropped  3.0 GiB free");
    hear(&l, "", 8 * NS_PER_S);
    assert_string_equal(said, "\r\033[Kthe server does not answer");
    hear(&l, "{not JSON", 9 * NS_PER_S);
    assert_string_equal(said, "\r\033[Kthe server does not answer");
    jsondoc_free(&l.health);
}

static void notes_are_said_once(void **state)
{
    (void)state;
    struct upline l = { .terminal = false };
    hear(&l, HEALTH("1", "\"/data: 99 MiB are free\""), NS_PER_S);
    assert_string_equal(said, "up: /data: 99 MiB are free\n");
    hear(&l, HEALTH("1", "\"/data: 98 MiB are free\""), 2 * NS_PER_S);
    assert_string_equal(said, "");
    hear(&l, HEALTH("1", "\"/data: 97 MiB are free\",\"another\",7,null"), 3 * NS_PER_S);
    assert_string_equal(said, "up: another\n");
    hear(&l, "", 4 * NS_PER_S);
    assert_string_equal(said, "");
    jsondoc_free(&l.health);
}

/* No more kinds than are told apart, and nothing is said each second. */
static void notes_are_bounded(void **state)
{
    (void)state;
    struct upline l = { .terminal = false };
    char health[256];
    for (unsigned i = 0; i < UPLINE_NOTES + 4; i++) {
        snprintf(health, sizeof health, "{\"notes\":[\"note %c%c\"]}", 'a' + i / 26, 'a' + i % 26);
        hear(&l, health, NS_PER_S);
        assert_int_equal(said[0] == 'u', i < UPLINE_NOTES);
    }
    jsondoc_free(&l.health);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_shown),
        cmocka_unit_test(notes_are_said_once),
        cmocka_unit_test(notes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
