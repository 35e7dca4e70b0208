/* HTTP: streams in one piece and byte by byte give the same events; what Packetbeat gets wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/parser.h"
#include "model/stream.h"
#include "proto/http/http.h"

#define STEPS_MAX 16

/* What happens on a connection: bytes, holes and ends, in order. */
enum what {
    END_OF_SCRIPT,
    CLIENT,
    SERVER,
    CLIENT_GAP,
    SERVER_GAP,
    CLIENT_END,
    SERVER_END,
    FLOW_END
};
struct step {
    enum what what;
    const char *text;
    size_t n; /* bytes of text when it holds NULs, or of the hole */
};

static struct parser p;
static enum verdict verdict;

static struct http_conf *open_http(void)
{
    parser_open(&p, "http", L4_TCP);
    p.more.tcp = slab_alloc(&p.slab, sizeof *p.more.tcp);
    return p.conf;
}

static void feed(enum dir d, int64_t ts_ns, struct slice s, bool bytewise)
{
    if (!bytewise) {
        verdict = parser_feed(&p, d, ts_ns, s);
        return;
    }
    for (size_t i = 0; i < s.n && verdict != PARSE_DONE; i++)
        verdict = parser_feed(&p, d, ts_ns, slice_of(s.p + i, 1));
}

static void run(const struct step *steps, bool bytewise)
{
    int64_t ts_ns = 1000000000;
    verdict = PARSE_OK;
    for (; steps->what; steps++, ts_ns += 1000000) {
        struct slice s = slice_of(steps->text, steps->n && steps->text ? steps->n : 0);
        s = steps->n ? s : slice_cstr(steps->text);
        enum dir d = steps->what == CLIENT || steps->what == CLIENT_GAP || steps->what == CLIENT_END
                         ? DIR_CLIENT
                         : DIR_SERVER;
        if (steps->what == CLIENT || steps->what == SERVER)
            feed(d, ts_ns, s, bytewise);
        else if (steps->what == CLIENT_GAP || steps->what == SERVER_GAP)
            verdict = parser_gap(&p, d, steps->n);
        else if (steps->what == FLOW_END)
            parser_flow_end(&p, ORPHAN_CLOSED);
        else
            parser_end(&p, d);
    }
}

/* Runs the script both ways; p holds the events of the run in one piece. */
static void both_ways(const struct step *steps, void (*configure)(struct http_conf *))
{
    char *first[PARSER_EVENTS];
    struct http_conf *conf = open_http();
    if (configure)
        configure(conf);
    run(steps, true);
    unsigned n = p.n;
    for (unsigned i = 0; i < n; i++)
        first[i] = xstrdup(parser_json(&p, i));
    parser_close(&p);
    conf = open_http();
    if (configure)
        configure(conf);
    run(steps, false);
    assert_int_equal(p.n, n);
    for (unsigned i = 0; i < n; i++) {
        assert_string_equal(parser_json(&p, i), first[i]);
        xfree(first[i]);
    }
}

static void expect(unsigned event, const char *field, const char *text)
{
    assert_string_equal(parser_text(&p, event, field), text);
}

static void expect_json(unsigned event, const char *part)
{
    const char *json = parser_json(&p, event);
    if (!strstr(json, part))
        fail_msg("no %s in %s", part, json);
}

static void all_headers(struct http_conf *c)
{
    c->send_all_headers = true;
    c->common.send_request = c->common.send_response = true;
}

static void all_bodies(struct http_conf *c)
{
    static const char *any[] = { "" };
    all_headers(c);
    c->body_for = (struct texts){ any, 1 };
}

#define GET  "GET /a/b.txt?z=1&a=%20b HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: me\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static void test_transaction(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, GET, 0 }, { SERVER, OK_2, 0 }, { 0 } }, NULL);
    assert_int_equal(p.n, 1);
    expect(0, "status", "OK");
    expect(0, "query", "GET /a/b.txt");
    expect(0, "url.full", "http://www.example.com/a/b.txt?a=+b&z=1");
    expect(0, "url.extension", "txt");
    expect(0, "url.port", "");
    expect(0, "http.request.bytes", "75");
    expect(0, "http.response.bytes", "40");
    expect(0, "http.response.body.bytes", "2");
    expect(0, "http.response.status_phrase", "ok");
    expect(0, "destination.domain", "www.example.com");
    expect(0, "event.duration", "1000000");
    expect(0, "user_agent.original", "me");
    expect_json(0, "\"headers\":{\"content-length\":2}");
    parser_close(&p);
}

static void test_pipelined(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){
            { CLIENT, GET "GET /2 HTTP/1.1\r\n\r\n\r\nGET /3 HTTP/1.0\r\n\r\n", 0 },
            { SERVER, OK_2 "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" OK_2, 0 },
            { 0 } },
        NULL);
    assert_int_equal(p.n, 3);
    expect(1, "query", "GET /2");
    expect(1, "status", "Error");
    expect(2, "query", "GET /3");
    expect(2, "http.version", "1.0");
    parser_close(&p);
}

static void test_no_body(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){ { CLIENT, "HEAD / HTTP/1.1\r\n\r\n" GET GET, 0 },
                         { SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", 0 },
                         { SERVER, "HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n", 0 },
                         { SERVER, "HTTP/1.1 204 No Content\r\n\r\n", 0 },
                         { 0 } },
        NULL);
    assert_int_equal(p.n, 3);
    expect(0, "http.response.body.bytes", "");
    expect_json(0, "\"content-length\":900");
    expect(1, "http.response.status_code", "304");
    expect(2, "http.response.status_code", "204");
    parser_close(&p);
}

static void test_interim(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){
            { CLIENT, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 0 },
            { SERVER, "HTTP/1.1 100 Continue\r\n\r\n", 0 },
            { CLIENT, "abc", 0 },
            { SERVER, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK_2, 0 },
            { 0 } },
        NULL);
    assert_int_equal(p.n, 1);
    expect(0, "http.response.status_code", "200");
    expect(0, "http.request.body.bytes", "3");
    parser_close(&p);
}

static void test_chunked(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){
            { CLIENT, GET, 0 },
            { SERVER,
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5;ext=\"a;b\"\r\nhello\r\n0A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n" OK_2,
              0 },
            { 0 } },
        all_bodies);
    assert_int_equal(p.n, 2);
    expect(0, "http.response.body.content", "hello0123456789");
    expect(0, "http.response.body.bytes", "15");
    expect_json(0, "\"content-length\":15");
    expect(1, "error.message", "Unmatched response");
    parser_close(&p);
}

static void test_until_close(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, GET, 0 },
                               { SERVER, "HTTP/1.1 200 OK\r\n\r\nsome ", 0 },
                               { SERVER, "text", 0 },
                               { SERVER_END, NULL, 0 },
                               { 0 } },
              all_bodies);
    assert_int_equal(p.n, 1);
    expect(0, "http.response.body.content", "some text");
    expect_json(0, "\"content-length\":9");
    expect(0, "response", "HTTP/1.1 200 OK\r\n\r\nsome text");
    parser_close(&p);
}

static void test_tunnels(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){
            { CLIENT, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", 0 },
            { SERVER, "HTTP/1.1 200 Connection established\r\n\r\n", 0 },
            { 0 } },
        NULL);
    assert_int_equal(verdict, PARSE_DONE);
    expect(0, "query", "CONNECT a.example:443");
    expect(0, "url.domain", "a.example");
    expect(0, "url.port", "443");
    expect(0, "error.message", "");
    parser_close(&p);
    both_ways((struct step[]){ { CLIENT, "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 0 },
                               { SERVER, "HTTP/1.1 101 Switching Protocols\r\n\r\n", 0 },
                               { 0 } },
              NULL);
    assert_int_equal(verdict, PARSE_DONE);
    expect(0, "http.response.status_code", "101");
    parser_close(&p);
}

static void test_version_2(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0 },
                               { FLOW_END, NULL, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(verdict, PARSE_DONE);
    assert_int_equal(p.n, 0);
    parser_close(&p);
}

/* A snaplen that cuts heads: request and response are known by their first lines. */
static void test_cut_heads(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, "GET /a HTTP/1.1\r\nHo", 0 },
                               { CLIENT_GAP, NULL, 40 },
                               { SERVER, "HTTP/1.1 200 OK\r\nServ", 0 },
                               { SERVER_GAP, NULL, 400 },
                               { SERVER, "rest of a body, HTTP/", 0 },
                               { CLIENT, GET, 0 },
                               { SERVER, OK_2, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 2);
    expect(0, "query", "GET /a");
    expect(0, "http.response.status_code", "200");
    expect_json(0, "[\"Packet loss while capturing the request\",\"Packet loss while capturing the "
                   "response\"]");
    expect(1, "query", "GET /a/b.txt");
    expect(1, "error.message", "");
    parser_close(&p);
}

/* A chunked body whose framing breaks: reported, and the connection goes on. */
static void test_broken_chunks(void **state)
{
    (void)state;
    static const char *const broken[] = { "zz\r\n", "3\r\nabcd\r\n", "11111111111111111\r\n" };
    for (unsigned i = 0; i < COUNT(broken); i++) {
        both_ways(
            (struct step[]){
                { CLIENT, GET GET, 0 },
                { SERVER, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 0 },
                { SERVER, broken[i], 0 },
                { SERVER, OK_2, 0 },
                { 0 } },
            NULL);
        assert_int_equal(p.n, 2);
        expect(1, "http.response.body.bytes", "2");
        parser_close(&p);
    }
}

static void test_hosts(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT,
                                 "GET http://[fd00::1]:8080 HTTP/1.1\r\nHost: ignored:1\r\n\r\n"
                                 "GET /x HTTP/1.1\r\nHost: 10.9.9.9:81\r\n\r\n"
                                 "OPTIONS * HTTP/1.1\r\nHost: h:40000\r\nReferer: /own\r\n\r\n",
                                 0 },
                               { SERVER, OK_2 OK_2 OK_2, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 3);
    expect(0, "url.full", "http://[fd00::1]:8080");
    expect(0, "error.message", "");
    expect_json(0, "\"related\":{\"ip\":[\"fd00::1\"]}");
    expect(1, "error.message", "Host header port number mismatch");
    expect(1, "destination.domain", "");
    expect(2, "url.full", "http://h:40000/*");
    expect(2, "url.domain", "h");
    expect(2, "query", "OPTIONS *");
    parser_close(&p);
}

#define ASKS_FIRST "POST /a HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 10\r\n\r\n"

/* The client asked whether to send the body and was told no: the next request may stand where the
 * body would, or the body comes all the same (RFC 9110 section 10.1.1). */
static void test_body_left_out(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, ASKS_FIRST, 0 },
                               { SERVER, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", 0 },
                               { CLIENT, "POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n", 0 },
                               { CLIENT, "0123456789" GET, 0 },
                               { SERVER, OK_2 OK_2, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 3);
    expect(0, "http.response.status_code", "401");
    expect(1, "method", "POST");
    expect(1, "http.request.body.bytes", "10");
    expect(2, "method", "GET");
    parser_close(&p);
    both_ways((struct step[]){ { CLIENT, ASKS_FIRST, 0 },
                               { SERVER, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", 0 },
                               { CLIENT, "GET it now" GET, 0 },
                               { SERVER, OK_2, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 2);
    expect(1, "method", "GET");
    expect(1, "status", "OK");
    parser_close(&p);
}

/* "417 HTTP/1.1" names nothing that could be asked for (RFC 9112 section 3). */
static void test_no_target(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){ { CLIENT, "417 HTTP/1.1\r\n\r\n" GET, 0 }, { SERVER, OK_2, 0 }, { 0 } },
        NULL);
    assert_int_equal(p.n, 1);
    expect(0, "method", "GET");
    parser_close(&p);
}

/* A server that refuses before the body has come: one transaction. */
static void test_early_refusal(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, "POST /up HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", 0 },
                               { SERVER, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", 0 },
                               { CLIENT, "defghi" GET, 0 },
                               { SERVER, OK_2, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 2);
    expect(0, "query", "POST /up");
    expect(0, "http.response.status_code", "413");
    expect(1, "query", "GET /a/b.txt");
    parser_close(&p);
}

static void test_odd_heads(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){
            { CLIENT,
              "\r\n\nGET / HTTP/1.1\nHost: h\nX-Fold: one\n two\n\tthree\nX:v\nx: w\nbad line\n"
              ": none\nContent-Type:\ta/b \n\n",
              0 },
            { SERVER, "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0 },
            { 0 } },
        all_headers);
    assert_int_equal(p.n, 1);
    expect_json(0, "\"x-fold\":\"one two three\"");
    expect_json(0, "\"x\":\"v, w\"");
    expect_json(0, "\"content-type\":\"a/b\"");
    expect(0, "http.response.status_phrase", "");
    parser_close(&p);
}

static void test_version_09(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, "GET /old\r\n", 0 },
                               { SERVER, "<html>", 0 },
                               { SERVER_END, NULL, 0 },
                               { 0 } },
              all_bodies);
    assert_int_equal(p.n, 1);
    expect(0, "http.version", "0.9");
    expect(0, "url.path", "/old");
    expect(0, "http.response.body.content", "<html>");
    expect(0, "status", "OK");
    parser_close(&p);
}

static void test_orphans(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){ { SERVER, OK_2, 0 }, { CLIENT, GET, 0 }, { FLOW_END, NULL, 0 }, { 0 } },
        NULL);
    assert_int_equal(p.n, 2);
    expect(0, "error.message", "Unmatched response");
    expect(0, "source.ip", "10.0.0.2");
    expect(0, "destination.bytes", "40");
    expect(0, "event.start", "");
    expect(1, "error.message", "Unmatched request");
    expect(1, "status", "Error");
    expect(1, "source.bytes", "75");
    parser_close(&p);
}

/* The capture began in mid-stream and took the server for the client. */
static void test_roles(void **state)
{
    (void)state;
    both_ways((struct step[]){ { SERVER, GET, 0 }, { SERVER, GET, 0 }, { CLIENT, OK_2, 0 }, { 0 } },
              NULL);
    assert_int_equal(p.n, 0); /* the stub's directions stay: only the first message may turn them */
    assert_int_equal(p.flow.client_is_back, 1);
    parser_close(&p);
}

static void test_gap_in_body(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, GET GET, 0 },
                               { SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012", 0 },
                               { SERVER_GAP, NULL, 4 },
                               { SERVER, "789" OK_2, 0 },
                               { 0 } },
              all_bodies);
    assert_int_equal(p.n, 2);
    expect(0, "error.message", "Packet loss while capturing the response");
    expect(0, "status", "OK");
    expect(0, "http.response.body.content", "012789");
    expect(1, "error.message", "");
    parser_close(&p);
}

/* A hole that ends the body and begins the next response. */
static void test_gap_over_end(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, "GET /1 HTTP/1.1\r\n\r\n", 0 },
                               { SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012", 0 },
                               { CLIENT, "GET /2 HTTP/1.1\r\n\r\n", 0 },
                               { SERVER_GAP, NULL, 20 },
                               { CLIENT, "GET /3 HTTP/1.1\r\n\r\n", 0 },
                               { SERVER, OK_2, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 3);
    expect(0, "query", "GET /1");
    expect(1, "query", "GET /2");
    expect_json(1, "[\"Unmatched request\",\"Packet loss while capturing the response\"]");
    expect(2, "query", "GET /3");
    expect(2, "status", "OK");
    parser_close(&p);
}

static void test_gap_in_chunks(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){
            { CLIENT, GET GET, 0 },
            { SERVER, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01", 0 },
            { SERVER_GAP, NULL, 4 },
            { SERVER, "67\r\n0\r\n\r\n", 0 },
            { SERVER, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01", 0 },
            { SERVER_GAP, NULL, 40 },
            { 0 } },
        NULL);
    assert_int_equal(p.n, 2);
    expect(0, "http.response.body.bytes", "8");
    expect(1, "error.message", "Packet loss while capturing the response");
    parser_close(&p);
}

/* Ends in mid-message: what was seen is reported. */
static void test_cut_short(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){ { CLIENT, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Le", 0 },
                         { CLIENT_END, NULL, 0 },
                         { SERVER, "HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nab", 0 },
                         { SERVER_END, NULL, 0 },
                         { 0 } },
        NULL);
    assert_int_equal(p.n, 1);
    expect(0, "query", "POST /p");
    expect(0, "http.response.status_code", "400");
    expect(0, "http.response.bytes", "51");
    parser_close(&p);
}

static void test_garbage(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, "\x16\x03\x01\x02\x01 HTTP/1.1\r\n\r\n", 0 },
                               { SERVER, "SSH-2.0-x\r\n\r\n", 0 },
                               { SERVER, "HTTP/1.1 xyz\r\n\r\n", 0 },
                               { CLIENT, "GET \r\n\r\n", 0 },
                               { CLIENT_END, NULL, 0 },
                               { SERVER_END, NULL, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 0);
    parser_close(&p);
}

/* Unknown requests: a response with a length but the next one where its body would be. */
static void test_unknown_head(void **state)
{
    (void)state;
    both_ways((struct step[]){ { SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 0 },
                               { SERVER, OK_2, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 2);
    expect(1, "http.response.body.bytes", "2");
    parser_close(&p);
}

/* A server that says nothing of the length of no body, and goes on. */
static void test_forgotten_length(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, GET GET, 0 },
                               { SERVER, "HTTP/1.1 500 Oops\r\n\r\n", 0 },
                               { SERVER, OK_2, 0 },
                               { 0 } },
              NULL);
    assert_int_equal(p.n, 2);
    expect(0, "http.response.status_code", "500");
    expect(1, "http.response.status_code", "200");
    parser_close(&p);
}

static void redact(struct http_conf *c)
{
    static const char *hide[] = { "pass" }, *heads[] = { "server" };
    all_headers(c);
    c->redact_authorization = true;
    c->hide_keywords = (struct texts){ hide, 1 };
    c->redact_headers = (struct texts){ heads, 1 };
    c->real_ip_header = "x-forwarded-for";
}

static void test_redaction(void **state)
{
    (void)state;
    both_ways(
        (struct step[]){
            { CLIENT,
              "POST /?Pass=1&x=2 HTTP/1.1\r\nAUTHORIZATION: Basic YTpi\r\nX-Forwarded-For: "
              "10.9.8.7, 1.2.3.4\r\n"
              "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
              "10\r\n\r\npass=2&x=3",
              0 },
            { SERVER, "HTTP/1.1 200 OK\r\nServer: me\r\nContent-Length: 0\r\n\r\n", 0 },
            { 0 } },
        redact);
    assert_int_equal(p.n, 1);
    expect(0, "url.query", "Pass=xxxxx&pass=xxxxx&x=3");
    expect(0, "user.name", "");
    expect(0, "network.forwarded_ip", "10.9.8.7");
    expect_json(0, "\"authorization\":\"*\"");
    expect_json(0, "\"server\":\"REDACTED\"");
    expect_json(0, "AUTHORIZATION:***********\\r\\nX-Forw");
    parser_close(&p);
}

static void cookies(struct http_conf *c)
{
    all_headers(c);
    c->split_cookie = true;
}

static void test_user_and_cookies(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT,
                                 "GET / HTTP/1.1\r\nAuthorization: basic bWU6c2VjcmV0\r\nReferer: "
                                 "http://ref.example:81/x\r\n"
                                 "Cookie: A=1; b=\"two\" ;c; D = =3\r\n\r\n",
                                 0 },
                               { SERVER,
                                 "HTTP/1.1 200 OK\r\nSet-Cookie: s=1; Path=/\r\nSet-Cookie: t=2; "
                                 "Path=/x\r\nContent-Length: 0\r\n\r\n",
                                 0 },
                               { 0 } },
              cookies);
    expect(0, "user.name", "me");
    expect_json(0, "\"user.name\":\"me\"");
    expect_json(0, "\"cookie\":{\"a\":\"1\",\"b\":\"two\",\"d\":\"=3\"}");
    expect_json(0, "\"set-cookie\":{\"s\":\"1\",\"t\":\"2\",\"path\":\"/x\"}");
    expect_json(0, "\"hosts\":[\"ref.example\"]");
    parser_close(&p);
}

static void test_coded_body(void **state)
{
    (void)state;
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 21\r\n\r\n";
    static const char br[] = "\x1b\x77\x00\xf8\x8d\x94\x6e\xde\x44\x55\x86\x96\x6c\x20\x6f\x11\x5b"
                             "\x1c\x80\xc5\x01";
    both_ways(
        (struct step[]){
            { CLIENT, GET GET, 0 },
            { SERVER, head, 0 },
            { SERVER, br, 21 },
            { SERVER, "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 2\r\n\r\nuv",
              0 },
            { 0 } },
        all_bodies);
    assert_int_equal(p.n, 2);
    expect(0, "http.response.body.bytes", "120");
    expect(1, "http.response.body.content", "");
    expect(1, "error.message", "unable to decode body using rot13 encoding: decoder not found");
    parser_close(&p);
}

/* Codings without end, one that changes nothing, and a body that breaks off. */
static void test_odd_codings(void **state)
{
    (void)state;
    both_ways((struct step[]){ { CLIENT, GET GET GET, 0 },
                               { SERVER,
                                 "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip, gzip, "
                                 "gzip\r\nContent-Length: 2\r\n\r\nuv",
                                 0 },
                               { SERVER,
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                                 "identity\r\nContent-Encoding: identity\r\n\r\nplain",
                                 0 },
                               { SERVER_END, NULL, 0 },
                               { 0 } },
              all_bodies);
    assert_int_equal(p.n, 2);
    expect(0, "error.message", "unable to decode body using nested encoding: decoder not found");
    expect(0, "http.response.body.bytes", "2");
    expect(1, "http.response.body.content", "plain");
    expect(1, "error.message", "");
    parser_close(&p);
}

static void small(struct http_conf *c)
{
    all_bodies(c);
    c->max_message = 100;
}

static void test_max_message(void **state)
{
    (void)state;
    static char body[400], head[400];
    memset(body, 'x', sizeof body);
    memset(head, 'h', sizeof head);
    memcpy(head, "GET /", 5);
    both_ways((struct step[]){ { CLIENT, GET, 0 },
                               { SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n", 0 },
                               { SERVER, body, 400 },
                               { CLIENT, head, 400 },
                               { 0 } },
              small);
    assert_int_equal(p.n, 1);
    expect(0, "http.response.body.bytes", "100");
    expect(0, "http.response.bytes", "440");
    expect_json(0, "\"content-length\":400");
    parser_close(&p);
}

/* A long answer keeps its request waiting; without one it is given up in time. */
static void test_timeout(void **state)
{
    (void)state;
    open_http();
    parser_feed(&p, DIR_CLIENT, 0, SLICE(GET));
    for (int64_t s = 1; s < 60; s += 5) {
        parser_feed(&p, DIR_SERVER, s * 1000000000,
                    s == 1 ? SLICE("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n") : SLICE("x"));
        parser_expire(&p, s * 1000000000);
    }
    assert_int_equal(p.n, 1);
    expect(0, "status", "OK");
    parser_feed(&p, DIR_CLIENT, 60000000000, SLICE(GET));
    parser_expire(&p, 69000000000);
    assert_int_equal(p.n, 1);
    parser_expire(&p, 70000000000);
    assert_int_equal(p.n, 2);
    expect(1, "error.message", "Unmatched request");
    parser_close(&p);
}

static void test_probe(void **state)
{
    (void)state;
    const struct proto *http = proto_find("http", &(unsigned){ 0 });
    assert_int_equal(http->probe(SLICE("GET / HTTP/1.1\r\n"), DIR_CLIENT), 100);
    assert_int_equal(http->probe(SLICE("BREW /pot HTTP/1.0\n"), DIR_CLIENT), 100);
    assert_int_equal(http->probe(SLICE("HTTP/1.1 200 OK"), DIR_SERVER), 100);
    assert_int_equal(http->probe(SLICE("GET /long"), DIR_CLIENT), PROBE_MORE);
    assert_int_equal(http->probe(SLICE("HT"), DIR_CLIENT), PROBE_MORE);
    assert_int_equal(http->probe(SLICE("INVITE sip:a@b SIP/2.0\r\n"), DIR_CLIENT), 0);
    assert_int_equal(http->probe(SLICE("OPTIONS * RTSP/1.0\r\n"), DIR_CLIENT), 0);
    assert_int_equal(http->probe(SLICE("get key\r\n"), DIR_CLIENT), 0);
    assert_int_equal(http->probe(SLICE("EHLO x\r\n"), DIR_CLIENT), 0);
    assert_int_equal(http->probe(SLICE("PRI * HTTP/2.0\r\n\r\nSM"), DIR_CLIENT), 0);
    assert_int_equal(http->probe(SLICE("\x16\x03\x01"), DIR_CLIENT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transaction),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_no_body),
        cmocka_unit_test(test_interim),
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_until_close),
        cmocka_unit_test(test_tunnels),
        cmocka_unit_test(test_early_refusal),
        cmocka_unit_test(test_body_left_out),
        cmocka_unit_test(test_no_target),
        cmocka_unit_test(test_odd_heads),
        cmocka_unit_test(test_version_09),
        cmocka_unit_test(test_orphans),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_gap_in_body),
        cmocka_unit_test(test_gap_over_end),
        cmocka_unit_test(test_gap_in_chunks),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_unknown_head),
        cmocka_unit_test(test_redaction),
        cmocka_unit_test(test_user_and_cookies),
        cmocka_unit_test(test_coded_body),
        cmocka_unit_test(test_max_message),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_odd_codings),
        cmocka_unit_test(test_forgotten_length),
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_cut_heads),
        cmocka_unit_test(test_broken_chunks),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
