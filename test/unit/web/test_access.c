/* Passwords, tokens, sessions, and waiting after failed logins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "web/access.h"
#include "web/limiter.h"

#define SECOND INT64_C(1000000000)

static struct access access;
static struct limiter limiter;
static struct why why;

static void make_line(char *out, size_t n, const char *name, const char *role, const char *password)
{
    char text[PASSWORD_TEXT];
    struct buf b = buf_of(text, sizeof text - 1);
    struct password p;
    assert_int_equal(password_make(&p, slice_cstr(password), &why), ERR_OK);
    password_write(&b, &p);
    text[b.n] = '\0';
    snprintf(out, n, "%s:%s:%s", name, role, text);
}

static void keeps_passwords(void **state)
{
    (void)state;
    char text[PASSWORD_TEXT];
    struct buf b = buf_of(text, sizeof text);
    struct password made, again;
    assert_int_equal(password_make(&made, SLICE("open sesame"), &why), ERR_OK);
    password_write(&b, &made);
    assert_true(password_read(&again, buf_slice(&b)));
    assert_memory_equal(&made, &again, sizeof made);
    assert_true(password_is(&again, SLICE("open sesame")));
    assert_false(password_is(&again, SLICE("open sesame ")));
    assert_false(password_is(&again, SLICE("")));
    assert_int_equal(password_make(&made, SLICE(""), &why), ERR_USAGE);
    for (size_t i = 0; i < b.n; i++)
        assert_false(password_read(&again, slice_of(text, i)));
    static const char *const bad[] = {
        "scrypt:40:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt:0:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt:15:8:1:AAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt:15:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:",
        "bcrypt:15:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(password_read(&again, slice_cstr(bad[i])));
}

static void lets_users_in(void **state)
{
    (void)state;
    char anna[256], ben[256];
    const char *users[] = { anna, ben };
    make_line(anna, sizeof anna, "anna", "admin", "a");
    make_line(ben, sizeof ben, "ben", "reader", "b");
    struct access_conf conf = { .users = { users, 2 }, .idle_ns = 10, .life_ns = 100 };
    assert_int_equal(access_open(&access, &conf, &why), ERR_OK);
    assert_true(access_needs_login(&access));
    const struct access_user *u = access_check_password(&access, SLICE("anna"), SLICE("a"));
    assert_non_null(u);
    assert_int_equal(u->role, ACCESS_ADMIN);
    assert_null(access_check_password(&access, SLICE("anna"), SLICE("b")));
    assert_null(access_check_password(&access, SLICE("ann"), SLICE("a")));
    assert_null(access_check_password(&access, SLICE(""), SLICE("")));
}

static void refuses_wrong_lines(void **state)
{
    (void)state;
    static const char *const bad[] = { "anna",
                                       "anna:admin",
                                       "anna:root:scrypt:15:8:1:x:y",
                                       ":admin:scrypt:15:8:1:x:y",
                                       "a b:admin:x",
                                       "" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *line[] = { bad[i] };
        struct access_conf users = { .users = { line, 1 } }, tokens = { .tokens = { line, 1 } };
        assert_int_equal(access_open(&access, &users, &why), ERR_CONFIG);
        assert_non_null(strstr(why.text, "web.users"));
        assert_int_equal(access_open(&access, &tokens, &why), ERR_CONFIG);
        assert_non_null(strstr(why.text, "web.tokens"));
    }
}

static void sessions_end(void **state)
{
    (void)state;
    char anna[256], cookie[SECRET_TEXT], other[SECRET_TEXT];
    const char *users[] = { anna };
    make_line(anna, sizeof anna, "anna", "admin", "a");
    struct access_conf conf = { .users = { users, 1 }, .idle_ns = 10, .life_ns = 25 };
    assert_int_equal(access_open(&access, &conf, &why), ERR_OK);
    struct access_session *s = access_begin(&access, &access.user[0], 1, cookie);
    assert_ptr_equal(access_session_of(&access, slice_cstr(cookie), 11), s);
    assert_ptr_equal(access_session_of(&access, slice_cstr(cookie), 21), s);
    assert_null(access_session_of(&access, slice_cstr(cookie), 27)); /* its whole time */
    s = access_begin(&access, &access.user[0], 100, cookie);
    assert_null(access_session_of(&access, slice_cstr(cookie), 111)); /* not used */
    s = access_begin(&access, &access.user[0], 200, cookie);
    access_secret(other);
    assert_null(access_session_of(&access, slice_cstr(other), 201));
    assert_null(access_session_of(&access, slice_first(slice_cstr(cookie), 42), 201));
    assert_null(access_session_of(&access, SLICE(""), 201));
    access_end(s);
    assert_null(access_session_of(&access, slice_cstr(cookie), 201));
    char first[SECRET_TEXT];
    access_begin(&access, &access.user[0], 300, first);
    for (unsigned i = 0; i < SESSIONS_MAX; i++)
        access_begin(&access, &access.user[0], 301, cookie);
    assert_null(access_session_of(&access, slice_cstr(first), 302)); /* made room */
    assert_non_null(access_session_of(&access, slice_cstr(cookie), 302));
}

static void knows_tokens(void **state)
{
    (void)state;
    char token[SECRET_TEXT], line[256];
    struct buf b = buf_of(line, sizeof line - 1);
    const char *tokens[] = { line };
    access_secret(token);
    access_token_line(&b, "t", ACCESS_READ, slice_cstr(token));
    line[b.n] = '\0';
    struct access_conf conf = { .tokens = { tokens, 1 } };
    assert_int_equal(access_open(&access, &conf, &why), ERR_OK);
    const struct access_token *t = access_token_of(&access, slice_cstr(token));
    assert_non_null(t);
    assert_int_equal(t->role, ACCESS_READ);
    assert_null(access_token_of(&access, slice_first(slice_cstr(token), 42)));
    assert_null(access_token_of(&access, SLICE("")));
}

static void waits_longer_and_longer(void **state)
{
    (void)state;
    struct addr a, b, near;
    assert_true(addr_parse(SLICE("192.0.2.1"), &a) && addr_parse(SLICE("2001:db8::1"), &b) &&
                addr_parse(SLICE("2001:db8::2"), &near));
    limiter = (struct limiter){ .slot = { { .failures = 0 } } };
    for (unsigned i = 0; i < LIMITER_FREE; i++) {
        assert_int_equal(limiter_wait_ns(&limiter, &a, SECOND), 0);
        limiter_failed(&limiter, &a, SECOND);
        limiter_failed(&limiter, &b, SECOND);
    }
    assert_int_equal(limiter_wait_ns(&limiter, &a, SECOND), SECOND);
    assert_true(limiter_wait_ns(&limiter, &near, SECOND) > 0); /* the same /64 */
    assert_int_equal(limiter_wait_ns(&limiter, &a, 2 * SECOND), 0);
    limiter_failed(&limiter, &a, 2 * SECOND);
    assert_int_equal(limiter_wait_ns(&limiter, &a, 2 * SECOND), 2 * SECOND);
    for (unsigned i = 0; i < 40; i++)
        limiter_failed(&limiter, &a, 2 * SECOND);
    assert_int_equal(limiter_wait_ns(&limiter, &a, 2 * SECOND), 900 * SECOND);
    limiter_succeeded(&limiter, &a);
    assert_int_equal(limiter_wait_ns(&limiter, &a, 2 * SECOND), 0);
}

static void forgets_the_oldest_address(void **state)
{
    (void)state;
    struct addr a = { { 0 } }, first;
    limiter = (struct limiter){ .slot = { { .failures = 0 } } };
    assert_true(addr_parse(SLICE("192.0.2.1"), &first));
    for (unsigned i = 0; i < 8; i++)
        limiter_failed(&limiter, &first, SECOND);
    for (unsigned i = 0; i < LIMITER_SLOTS; i++) {
        assert_int_equal(limiter_wait_ns(&limiter, &first, SECOND) > 0, true);
        a.b[2] = (uint8_t)(i >> 8);
        a.b[3] = (uint8_t)i;
        limiter_failed(&limiter, &a, 2 * SECOND);
    }
    assert_int_equal(limiter_wait_ns(&limiter, &first, SECOND), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_passwords),
        cmocka_unit_test(lets_users_in),
        cmocka_unit_test(refuses_wrong_lines),
        cmocka_unit_test(sessions_end),
        cmocka_unit_test(knows_tokens),
        cmocka_unit_test(waits_longer_and_longer),
        cmocka_unit_test(forgets_the_oldest_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
