/* The board: agents by what messages say of them, their rate over the last minute, a bound on their
 * number, notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "pipe/board.h"

#define NOW INT64_C(1700000000000)

static struct arena mem;
static struct board *board;
static struct board_agent agents[BOARD_AGENTS];

static int setup(void **state)
{
    (void)state;
    arena_init(&mem, NULL, 0);
    board = board_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    board_free(board);
    arena_free(&mem);
    return 0;
}

static void set(struct message *m, const char *name, const char *text)
{
    struct slice s = arena_dup(&mem, slice_cstr(text));
    struct value v = { .type = VT_STR, .n = (uint32_t)s.n, .p = s.p };
    assert_true(message_set(m, slice_cstr(name), &v));
}

static struct message *from(const char *field, const char *id, int64_t ts_ms)
{
    struct message *m = message_new(&mem, 8);
    set(m, field, id);
    m->ts_ms = ts_ms;
    m->has_ts = true;
    return m;
}

static void knows_agents_by_either_name(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'x', sizeof name - 1);
    name[255] = '\0';
    struct message *m[4] = { from("event_observer_uid", "a", NOW - 5),
                             from("packetbeat_agent_id", "b", NOW - 1), NULL,
                             from("event_observer_uid", "a", NOW - 3) };
    set(m[0], "event_reporter", "one");
    set(m[1], "packetbeat_agent_version", name);
    board_messages(board, m, 4, NOW);
    assert_int_equal(board_agents(board, agents, BOARD_AGENTS), 2);
    assert_string_equal(agents[0].id, "a");
    assert_string_equal(agents[0].name, "one");
    assert_int_equal(strlen(agents[1].version), BOARD_TEXT - 1);
    assert_int_equal(board_agent_minute(&agents[0], NOW), 2);
    assert_int_equal(board_latest_ms(board), NOW - 1);
    struct message *old = from("source_ip", "x", NOW - 1000);
    board_messages(board, &old, 1, NOW);
    assert_int_equal(board_agents(board, agents, BOARD_AGENTS), 2);
    assert_int_equal(board_latest_ms(board), NOW - 1);
}

static void append(struct message *m, const char *name, const char *text)
{
    struct slice s = slice_cstr(name);
    assert_true(message_append(m, s, message_hash(s), 0, message_text_of(slice_cstr(text))));
}

/* As inputs make messages: nobody has asked them by name yet, and nobody does now. */
static void makes_no_index(void **state)
{
    (void)state;
    struct message *m[3];
    for (unsigned i = 0; i < COUNT(m); i++)
        m[i] = message_new(&mem, 8);
    append(m[0], "x", "1");
    append(m[0], "event_observer_uid", "a");
    append(m[1], "agent_id", "no");
    append(m[1], "event_observer_uid", "b");
    append(m[1], "x", "2");
    append(m[2], "event_observer_uid", "a");
    board_messages(board, m, COUNT(m), NOW);
    assert_int_equal(board_agents(board, agents, BOARD_AGENTS), 2);
    assert_string_equal(agents[0].id, "a");
    assert_int_equal(board_agent_minute(&agents[0], NOW), 2);
    assert_string_equal(agents[1].id, "b");
    for (unsigned i = 0; i < COUNT(m); i++)
        assert_null(m[i]->index);
}

static void counts_the_last_minute(void **state)
{
    (void)state;
    struct message *m = from("event_observer_uid", "a", NOW);
    for (int64_t s = 0; s < 120; s++)
        board_messages(board, &m, 1, NOW + s * 1000);
    assert_int_equal(board_agents(board, agents, 1), 1);
    assert_int_equal(agents[0].first_ms, NOW);
    assert_int_equal(agents[0].last_ms, NOW + 119000);
    uint64_t n = board_agent_minute(&agents[0], NOW + 119000);
    assert_true(n >= 50 && n <= 60);
    assert_int_equal(board_agent_minute(&agents[0], NOW + 119000 + 60000), 0);
    board_messages(board, &m, 1, NOW + 1000000);
    board_agents(board, agents, 1);
    assert_int_equal(board_agent_minute(&agents[0], NOW + 1000000), 1);
    board_messages(board, &m, 1, NOW); /* the clock went back */
    board_agents(board, agents, 1);
    assert_int_equal(board_agent_minute(&agents[0], NOW + 1000000), 2);
}

static void forgets_the_silent_one(void **state)
{
    (void)state;
    char id[32];
    for (unsigned i = 0; i <= BOARD_AGENTS; i++) {
        snprintf(id, sizeof id, "agent-%u", i);
        struct message *m = from("event_observer_uid", id, NOW);
        board_messages(board, &m, 1, NOW + i);
    }
    assert_int_equal(board_agents(board, agents, BOARD_AGENTS), BOARD_AGENTS);
    for (unsigned i = 0; i < BOARD_AGENTS; i++)
        assert_string_not_equal(agents[i].id, "agent-0");
}

static void collect(void *ctx, const char *text)
{
    struct buf *b = ctx;
    buf_printf(b, "%s;", text);
}

static void shows_notes(void **state)
{
    (void)state;
    char text[256];
    struct buf b = buf_of(text, sizeof text - 1);
    board_note(board, 0, "disk full");
    board_note(board, 3, "slow");
    board_note(board, 0, NULL);
    board_notes(board, collect, &b);
    text[b.n] = '\0';
    assert_string_equal(text, "slow;");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_agents_by_either_name, setup, teardown),
        cmocka_unit_test_setup_teardown(makes_no_index, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_the_last_minute, setup, teardown),
        cmocka_unit_test_setup_teardown(forgets_the_silent_one, setup, teardown),
        cmocka_unit_test_setup_teardown(shows_notes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
