/* Who may ask for what: every row of the table of routes, for nobody, a reader, an admin, tokens,
 * and where no login is needed; hosts, origins, the CSRF token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bug.h"
#include "codec/json.h"
#include "os/clock.h"
#include "web/guard.h"
#include "web/web_private.h"

enum asker { NOBODY, READER, ADMIN, READER_TOKEN, ADMIN_TOKEN, LOCAL, ASKERS };

static struct web *web;
static struct why why;
static char lines[2][256], token_lines[2][256], tokens[2][SECRET_TEXT], cookies[2][SECRET_TEXT];
static struct access_session *sessions[2];
static const char *user_list[2] = { lines[0], lines[1] };
static const char *token_list[2] = { token_lines[0], token_lines[1] };

static const char *const salt = "AAAAAAAAAAAAAAAAAAAAAA";
static const char *const hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static void make_token(unsigned i, enum access_need role)
{
    struct buf b = buf_of(token_lines[i], sizeof token_lines[i] - 1);
    access_secret(tokens[i]);
    access_token_line(&b, i ? "b" : "a", role, slice_cstr(tokens[i]));
    token_lines[i][b.n] = '\0';
}

static int setup(void **state)
{
    (void)state;
    web = xcalloc(1, sizeof *web);
    web->counters = xcalloc(1, sizeof *web->counters);
    snprintf(lines[0], sizeof lines[0], "r:reader:scrypt:15:8:1:%s:%s", salt, hash);
    snprintf(lines[1], sizeof lines[1], "a:admin:scrypt:15:8:1:%s:%s", salt, hash);
    make_token(0, ACCESS_READ);
    make_token(1, ACCESS_ADMIN);
    struct access_conf conf = { { user_list, 2 }, { token_list, 2 }, INT64_MAX, INT64_MAX };
    assert_int_equal(access_open(&web->access, &conf, &why), ERR_OK);
    for (unsigned i = 0; i < 2; i++)
        sessions[i] = access_begin(&web->access, &web->access.user[i], clock_mono_ns(), cookies[i]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    xfree(web->counters);
    xfree(web);
    return 0;
}

/* The status that a head is refused with; 0: it may be answered. */
static int ask(const char *text, bool local)
{
    struct exchange *x = exchange_new(web, 1 << 20);
    x->who.is_local = local;
    int status = http_head_read(&x->head, slice_cstr(text), &x->mem, &why);
    if (status)
        fail_msg("%s: %d %s", text, status, why.text);
    status = guard_head(x) ? 0 : x->status;
    exchange_free(x);
    return status;
}

/* A request as this asker makes it. */
static int ask_row(const struct route *r, enum asker who, bool csrf)
{
    char text[2048];
    struct buf b = buf_of(text, sizeof text - 1);
    buf_printf(&b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:8514\r\n", http_method_name(r->method),
               r->path);
    if (r->method == HTTP_POST || r->method == HTTP_PUT)
        buf_lit(&b, "Content-Type: application/json\r\n");
    if (who == READER || who == ADMIN)
        buf_printf(&b, "Cookie: wirelume_session=%s\r\n", cookies[who == ADMIN]);
    if (who == READER_TOKEN || who == ADMIN_TOKEN)
        buf_printf(&b, "Authorization: Bearer %s\r\n", tokens[who == ADMIN_TOKEN]);
    if (csrf && (who == READER || who == ADMIN))
        buf_printf(&b, "X-CSRF-Token: %s\r\n", sessions[who == ADMIN]->csrf);
    buf_lit(&b, "\r\n");
    text[b.n] = '\0';
    return ask(text, who == LOCAL);
}

static int expected(const struct route *r, enum asker who, bool csrf)
{
    static const enum access_need role[ASKERS] = { ACCESS_NONE, ACCESS_READ,  ACCESS_ADMIN,
                                                   ACCESS_READ, ACCESS_ADMIN, ACCESS_ADMIN };
    if (role[who] < r->need)
        return role[who] == ACCESS_NONE ? 401 : 403;
    return r->kind == KIND_CHANGES && (who == READER || who == ADMIN) && !csrf ? 403 : 0;
}

static void check_row(const struct route *r, enum asker who)
{
    for (unsigned csrf = 0; csrf < 2; csrf++) {
        int want = expected(r, who, csrf), have = ask_row(r, who, csrf);
        if (have != want)
            fail_msg("%s %s, asker %u, csrf %u: %d, not %d", http_method_name(r->method), r->path,
                     who, csrf, have, want);
    }
}

static void every_row_for_everybody(void **state)
{
    (void)state;
    unsigned changes = 0;
    for (unsigned i = 0; i < routes_n; i++) {
        changes += routes[i].kind == KIND_CHANGES;
        for (unsigned who = 0; who < ASKERS; who++)
            check_row(&routes[i], who);
    }
    assert_true(changes > 0);
}

/* A row that changes something asks for a role, or for nothing at all but its own secret. */
static void no_row_changes_for_nobody(void **state)
{
    (void)state;
    for (unsigned i = 0; i < routes_n; i++) {
        bool is_change = routes[i].method == HTTP_PUT || routes[i].method == HTTP_DELETE;
        if (is_change && (routes[i].kind != KIND_CHANGES || routes[i].need == ACCESS_NONE))
            fail_msg("%s %s", http_method_name(routes[i].method), routes[i].path);
    }
}

static void hosts_and_origins(void **state)
{
    (void)state;
    static const char *names[] = { "web.example" };
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        { "GET / HTTP/1.1\r\nHost: 127.0.0.1:8514\r\n\r\n", 0 },
        { "GET / HTTP/1.1\r\nHost: [::1]:8514\r\n\r\n", 0 },
        { "GET / HTTP/1.1\r\nHost: LocalHost\r\n\r\n", 0 },
        { "GET / HTTP/1.1\r\nHost: web.example:80\r\n\r\n", 0 },
        { "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421 },
        { "GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 421 },
        { "GET / HTTP/1.1\r\nHost: localhost.evil\r\n\r\n", 421 },
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
        { "DELETE /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
        { "GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 404 },
        { "GET /api/v1/streams/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 404 },
        { "GET /api/v1/streams/a/b HTTP/1.1\r\nHost: localhost\r\n\r\n", 404 },
        { "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; "
          "charset=utf-8\r\n\r\n",
          0 },
        { "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\r\n",
          415 },
        { "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\n\r\n", 415 },
        { "POST /api/v1/session HTTP/1.1\r\nHost: localhost:8514\r\nOrigin: "
          "http://localhost:8514\r\n"
          "Content-Type: application/json\r\n\r\n",
          0 },
        { "POST /api/v1/session HTTP/1.1\r\nHost: localhost:8514\r\nOrigin: http://localhost:1\r\n"
          "Content-Type: application/json\r\n\r\n",
          403 },
        { "POST /api/v1/session HTTP/1.1\r\nHost: localhost:8514\r\nOrigin: null\r\n"
          "Content-Type: application/json\r\n\r\n",
          403 },
        { "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n"
          "Content-Type: application/json\r\n\r\n",
          403 },
    };
    web->conf.names = (struct texts){ names, 1 };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (ask(cases[i].text, false) != cases[i].status)
            fail_msg("%s: %d, not %d", cases[i].text, ask(cases[i].text, false), cases[i].status);
}

static void without_users_the_csrf_token_holds(void **state)
{
    (void)state;
    char text[1024];
    static const char format[] = "PUT /api/v1/index-sets/x HTTP/1.1\r\nHost: localhost\r\n"
                                 "Content-Type: application/json\r\nX-CSRF-Token: %s\r\n\r\n";
    web->access.n_users = web->access.n_tokens = 0;
    snprintf(text, sizeof text, format, web->access.csrf);
    assert_int_equal(ask(text, false), 0);
    snprintf(text, sizeof text, format, cookies[1]);
    assert_int_equal(ask(text, false), 403);
    snprintf(text, sizeof text, format, "");
    assert_int_equal(ask(text, false), 403);
    assert_int_equal(ask("GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", false), 0);
}

static void describes_every_row(void **state)
{
    (void)state;
    static uint8_t text[65536];
    struct buf b = buf_of(text, sizeof text);
    struct node *root;
    struct arena mem;
    arena_init(&mem, NULL, 0);
    route_write_openapi(&b, "1");
    assert_false(b.full);
    assert_int_equal(json_read(&mem, buf_slice(&b), "openapi", &root, &why), ERR_OK);
    unsigned operations = 0;
    for (const struct node *p = node_get(root, "paths")->child; p; p = p->next)
        for (const struct node *o = p->child; o; o = o->next)
            operations++;
    assert_int_equal(operations, routes_n);
    arena_free(&mem);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_for_everybody, setup, teardown),
        cmocka_unit_test_setup_teardown(no_row_changes_for_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(hosts_and_origins, setup, teardown),
        cmocka_unit_test_setup_teardown(without_users_the_csrf_token_holds, setup, teardown),
        cmocka_unit_test(describes_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
