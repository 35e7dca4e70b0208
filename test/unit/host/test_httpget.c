/* Asking for one HTTP answer: over TCP and a unix socket, in all forms that an answer may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/httpget.h"
#include "lib/fakehttp.h"
#include "os/clock.h"

static struct arena arena;
static struct why why;
static char port[8];

static const struct fake_route routes[] = {
    { "GET /a ", NULL, FAKE_OK("to the end") },
    { "GET /b ", NULL, "HTTP/1.0 200 OK\r\nContent-length: 3\r\n\r\nabcdef" },
    { "GET /c ", "X-Header: v\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n" },
    { "PUT /d ", "Content-Length: 0\r\n", "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n" },
    { "GET /short ", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc" },
    { "GET /silent ", NULL, NULL },
    { "GET /odd ", NULL, "SSH-2.0-x\r\n\r\n" },
    { NULL, NULL, NULL },
};

static struct http_request request(const char *method, const char *path)
{
    return (struct http_request){ .host = "127.0.0.1",
                                  .port = port,
                                  .method = method,
                                  .path = path,
                                  .headers = "X-Header: v\r\n",
                                  .deadline_ns = clock_mono_ns() + INT64_C(20000000000),
                                  .cancel_fd = -1,
                                  .max_bytes = 4096 };
}

static void is(const char *method, const char *path, unsigned status, const char *body)
{
    struct http_request r = request(method, path);
    struct http_answer answer;
    if (http_get(&r, &arena, &answer, &why))
        fail_msg("%s: %s", path, why.text);
    assert_int_equal(answer.status, status);
    assert_true(slice_eq(answer.body, slice_cstr(body)));
}

static void answers_of_every_form(void **state)
{
    (void)state;
    struct fakehttp f = fakehttp_start(routes, NULL);
    snprintf(port, sizeof port, "%u", f.port);
    is("GET", "/a", 200, "to the end");
    is("GET", "/b", 200, "abc");
    is("GET", "/c", 200, "abc0123456789");
    is("PUT", "/d", 201, "");
    is("GET", "/nowhere", 404, "no");
    fakehttp_stop(&f);
}

static err fails(struct http_request r)
{
    struct http_answer answer;
    return http_get(&r, &arena, &answer, &why);
}

static void what_goes_wrong_is_told(void **state)
{
    (void)state;
    struct fakehttp f = fakehttp_start(routes, NULL);
    snprintf(port, sizeof port, "%u", f.port);
    assert_int_equal(fails(request("GET", "/short")), ERR_IO);
    assert_int_equal(fails(request("GET", "/odd")), ERR_IO);
    struct http_request r = request("GET", "/a");
    r.max_bytes = 20;
    assert_int_equal(fails(r), ERR_LIMIT);
    r = request("GET", "/silent");
    r.deadline_ns = clock_mono_ns() + 20000000;
    assert_int_equal(fails(r), ERR_IO);
    assert_non_null(strstr(why.text, "in time"));
    r = request("GET", "/silent");
    r.cancel_fd = eventfd(1, 0);
    assert_int_equal(fails(r), ERR_END);
    close(r.cancel_fd);
    fakehttp_stop(&f);
    assert_int_equal(fails(request("GET", "/a")), ERR_IO); /* nobody listens */
    assert_non_null(strstr(why.text, "refused"));
}

static void unix_sockets(void **state)
{
    (void)state;
    char path[] = "/tmp/wl-http-XXXXXX";
    int fd = mkstemp(path);
    struct fakehttp f = fakehttp_start(routes, path);
    struct http_request r = request("GET", "/a");
    struct http_answer answer;
    r.unix_path = path;
    if (http_get(&r, &arena, &answer, &why))
        fail_msg("%s", why.text);
    assert_true(slice_eq(answer.body, SLICE("to the end")));
    fakehttp_stop(&f);
    close(fd);
    unlink(path);
    assert_int_equal(fails(r), ERR_IO);
}

static void bad_answers(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    };
    struct http_answer answer;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (http_read_answer(slice_cstr(cases[i]), &arena, &answer))
            fail_msg("%s was taken", cases[i]);
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_every_form),
        cmocka_unit_test(what_goes_wrong_is_told),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(bad_answers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
