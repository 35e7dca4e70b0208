/* The dns processor against a fake name server, and the messages themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "host/dnsask.h"
#include "lib/processing.h"

#define REST ",\"type\":\"http\"}"

#define WWW "\3www\7example\0\0\1\0\1"
#define GW                                                                                         \
    "\1"                                                                                           \
    "1"                                                                                            \
    "\1"                                                                                           \
    "2"                                                                                            \
    "\1"                                                                                           \
    "0"                                                                                            \
    "\3"                                                                                           \
    "192\7in-addr\4arpa\0\0\x0c\0\1"
#define TXT "\3www\7example\0\0\x10\0\1"

/* What the server answers to a question, which ends with type and class. */
static size_t answer_to(struct slice q, uint8_t *out, size_t cap)
{
    struct buf b = buf_of(out, cap);
    struct slice asked = slice_after(q, 12);
    uint8_t code = 3, n = 0;
    struct slice rest = { NULL, 0 };
    if (slice_eq(asked, SLICE(WWW))) { /* a CNAME, then two addresses */
        code = 0, n = 3;
        rest = SLICE("\xc0\x0c\0\5\0\1\0\0\1\x2c\0\2\xc0\x10"
                     "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"
                     "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\2");
    } else if (slice_eq(asked, SLICE(GW))) {
        code = 0, n = 1;
        rest = SLICE("\xc0\x0c\0\x0c\0\1\0\0\1\x2c\0\x0c\2gw\7example\0");
    } else if (slice_eq(asked, SLICE(TXT))) {
        code = 0, n = 1;
        rest = SLICE("\xc0\x0c\0\x10\0\1\0\0\1\x2c\0\6\2ab\2cd");
    }
    buf_add(&b, slice_first(q, 2));
    buf_u8(&b, 0x81);
    buf_u8(&b, 0x80 | code);
    buf_add(&b, slice_of((const uint8_t[]){ 0, 1, 0, n, 0, 0, 0, 0 }, 8));
    buf_add(&b, asked);
    buf_add(&b, rest);
    return b.n;
}

static void serve(int fd)
{
    uint8_t in[512], out[512];
    struct sockaddr_in from;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        socklen_t n = sizeof from;
        ssize_t got = recvfrom(fd, in, sizeof in, 0, (struct sockaddr *)&from, &n);
        struct slice q = slice_of(in, got > 0 ? (size_t)got : 0);
        if (slice_search(q, SLICE("silent")) >= 0)
            continue;
        size_t len = answer_to(q, out, sizeof out);
        out[0] ^= 0x55; /* one that is not the answer comes first */
        sendto(fd, out, len, 0, (struct sockaddr *)&from, n);
        out[0] ^= 0x55;
        sendto(fd, out, len, 0, (struct sockaddr *)&from, n);
    }
}

static uint16_t port;
static pid_t server;

static void start_server(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    port = ntohs(at.sin_port);
    server = fork();
    if (server == 0)
        serve(fd);
    close(fd);
}

static void is(const char *fields, const char *settings, const char *want)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "[{add_fields: {target: '', fields: {%s}}}, {dns: {%snameservers: "
             "'127.0.0.1:%u', %s}}, {drop_fields: {fields: [x, m], ignore_missing: true}}]",
             fields, strstr(settings, "timeout") ? "" : "timeout: 20s, ", port, settings);
    processing_is(yaml, want, 0);
}

static void names_are_found(void **state)
{
    (void)state;
    is("m: 192.0.2.1", "type: PTR, fields: {m: n}", ",\"n\":\"gw.example\"" REST);
    is("m: 192.0.2.1", "type: reverse, fields: {m: n, no: q}", ",\"n\":\"gw.example\"" REST);
    is("m: www.example", "type: A, fields: {m: n}", ",\"n\":[\"192.0.2.1\",\"192.0.2.2\"]" REST);
    is("m: www.example", "type: TXT, fields: {m: n}", ",\"n\":[\"abcd\"]" REST);
}

static void what_is_there_stays_or_goes(void **state)
{
    (void)state;
    is("m: 192.0.2.1, n: a", "type: PTR, fields: {m: n}", ",\"n\":[\"a\",\"gw.example\"]" REST);
    is("m: 192.0.2.1, n: [a, b]", "type: PTR, fields: {m: n}",
       ",\"n\":[\"a\",\"b\",\"gw.example\"]" REST);
    is("m: 192.0.2.1, n: a", "type: PTR, fields: {m: n}, action: replace",
       ",\"n\":\"gw.example\"" REST);
    is("m: www.example, n: a", "type: A, fields: {m: n}, action: replace",
       ",\"n\":[\"192.0.2.1\",\"192.0.2.2\"]" REST);
}

static void failures_are_tagged(void **state)
{
    (void)state;
    is("m: 192.0.2.9", "type: PTR, fields: {m: n}, tag_on_failure: [_dns]",
       ",\"tags\":[\"_dns\"]" REST);
    is("m: no address", "type: PTR, fields: {m: n}, tag_on_failure: [_dns]",
       ",\"tags\":[\"_dns\"]" REST);
    is("m: silent.example", "type: A, timeout: 10ms, fields: {m: n}, tag_on_failure: [_dns]",
       ",\"tags\":[\"_dns\"]" REST);
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "[{dns: {type: MX, fields: {a: b}}}]", "A, AAAA, TXT, PTR" },
        { "[{dns: {fields: {a: b}}}]", "type" },
        { "[{dns: {type: A, fields: {a: b}, transport: tls}}]", "udp" },
        { "[{dns: {type: A, fields: {a: b}, nameservers: [here]}}]", "ADDRESS:PORT" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (!strstr(processing_refusal(cases[i][0]), cases[i][1]))
            fail_msg("%s: %s", cases[i][0], processing_refusal(cases[i][0]));
}

static void servers_are_read(void **state)
{
    (void)state;
    struct name_server s;
    assert_true(name_server_parse(SLICE("8.8.8.8"), &s) && s.port == 53);
    assert_true(name_server_parse(SLICE("8.8.8.8:5353"), &s) && s.port == 5353);
    assert_true(name_server_parse(SLICE("[::1]:54"), &s) && s.port == 54);
    assert_true(name_server_parse(SLICE("::1"), &s) && s.port == 53);
    assert_false(name_server_parse(SLICE("8.8.8.8:0"), &s));
    assert_false(name_server_parse(SLICE("[::1]x"), &s));
    assert_false(name_server_parse(SLICE("host"), &s));
}

/* Every cut and every changed byte of an answer: no crash, and nothing beyond it is read. */
static void odd_messages(void **state)
{
    (void)state;
    uint8_t question[512], answer[512];
    struct arena arena;
    struct dns_answers out;
    arena_init(&arena, NULL, 0);
    size_t n = dns_write_question(DNS_A, SLICE("www.example"), 7, question);
    size_t len = answer_to(slice_of(question, n), answer, sizeof answer);
    assert_true(dns_read_answers(slice_of(answer, len), slice_of(question, n), &arena, &out));
    assert_int_equal(out.n, 2);
    assert_int_equal(out.ttl, 300);
    for (size_t cut = 0; cut <= len; cut++) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, answer, cut);
        dns_read_answers(slice_of(exact, cut), slice_of(question, n), &arena, &out);
        for (size_t i = 0; i < cut; i++) {
            uint8_t was = exact[i];
            exact[i] = 0xc0;
            dns_read_answers(slice_of(exact, cut), slice_of(question, n), &arena, &out);
            exact[i] = was;
        }
        free(exact);
    }
    arena_free(&arena);
}

static void quiet(void *ctx, enum log_level level, const char *area, const char *line)
{
    (void)ctx, (void)level, (void)area, (void)line;
}

static int setup(void **state)
{
    (void)state;
    log_set_sink(quiet, NULL);
    start_server();
    processing_open();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    processing_close();
    log_set_sink(NULL, NULL);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found),     cmocka_unit_test(what_is_there_stays_or_goes),
        cmocka_unit_test(failures_are_tagged), cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(servers_are_read),    cmocka_unit_test(odd_messages),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
