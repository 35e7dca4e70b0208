/* Process fields of events, from sockets of this very program, and add_process_metadata. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/processing.h"
#include "model/event_json.h"
#include "pipe/processes.h"

static struct arena arena;
static struct counters counters;
static char text[65536];

static struct addr address(const char *s)
{
    struct addr a;
    assert_true(addr_parse(slice_cstr(s), &a));
    return a;
}

static const char *json_of(struct event *e)
{
    static const struct event_json_conf conf = { .beat = "b", .version = "v" };
    struct buf out = buf_of(text, sizeof text - 1);
    event_json(e, &conf, NULL, &out);
    text[out.n] = '\0';
    return text;
}

/* A listening port of this program. */
static uint16_t listen_here(int *fd)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&at, n) | listen(*fd, 1), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&at, &n), 0);
    return ntohs(at.sin_port);
}

static struct event *event(const char *src, const char *dst, uint16_t dport)
{
    struct event *e = event_make(&arena, 8);
    e->ends = (struct event_ends){ .known = true,
                                   .ip_proto = 6,
                                   .src = address(src),
                                   .dst = address(dst),
                                   .sport = 9,
                                   .dport = dport };
    return e;
}

static struct procs *procs;
static struct interfaces none;
static int fd;
static uint16_t port;

static void begin(void)
{
    struct why why;
    port = listen_here(&fd);
    procs = procs_new(&(struct procs_conf){ 0 });
    if (procs_look(procs, &why))
        fail_msg("%s", why.text);
    memset(&counters, 0, sizeof counters);
    schema_reset();
    schema_freeze();
}

static void end(void)
{
    procs_close(procs);
    close(fd);
}

static void the_server_is_named(void **state)
{
    (void)state;
    char want[128];
    begin();
    struct event *e = event("127.0.0.1", "127.0.0.1", port);
    processes_fill(procs, &none, e, &counters);
    const char *json = json_of(e);
    snprintf(want, sizeof want, "\"parent\":{\"pid\":%d},\"pid\":%d", getppid(), getpid());
    assert_non_null(strstr(json, "\"destination\":{\"process\":{\"args\":[\""));
    assert_non_null(strstr(json, "},\"process\":{\"args\":[\""));
    assert_non_null(strstr(json, want));
    assert_non_null(strstr(json, "\"working_directory\":\"/"));
    assert_non_null(strstr(json, "\"name\":\"test_processes\""));
    assert_null(strstr(json, "\"source\""));
    assert_int_equal(counter_get(&counters, COUNTER_PROCESSES_UNKNOWN), 1); /* the client */
    end();
}

static void flows_have_the_parent_otherwise(void **state)
{
    (void)state;
    char want[128];
    begin();
    struct event *e = event("127.0.0.1", "127.0.0.1", port);
    e->source = EVENT_SOURCE_FLOW;
    processes_fill(procs, &none, e, &counters);
    snprintf(want, sizeof want, "\"pid\":%d,\"ppid\":%d", getpid(), getppid());
    assert_non_null(strstr(json_of(e), want));
    end();
}

static void only_this_machine_is_looked_at(void **state)
{
    (void)state;
    begin();
    struct event *e = event("10.9.8.7", "10.9.8.6", port);
    processes_fill(procs, &none, e, &counters);
    assert_int_equal(e->n, 0);
    assert_int_equal(counter_get(&counters, COUNTER_PROCESSES_UNKNOWN), 0);
    e = event("127.0.0.1", "127.0.0.1", port);
    e->ends.ip_proto = 1;
    processes_fill(procs, &none, e, &counters);
    assert_int_equal(e->n, 0);
    end();
}

static const char *metadata(const char *more)
{
    static char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "[{add_fields: {target: '', fields: {m: %d}}}, {add_process_metadata: {match_pids: "
             "[no, m]%s}}, {drop_fields: {fields: [x, m]}}]",
             getpid(), more);
    return yaml;
}

static void metadata_is_added_by_pid(void **state)
{
    (void)state;
    char want[256];
    const char *json = processing_after(metadata(""));
    assert_non_null(strstr(json, "\"process\":{\"args\":[\""));
    assert_non_null(strstr(json, "\"title\":\"build/"));
    assert_non_null(strstr(json, "\"start_time\":\"20"));
    assert_null(strstr(json, "\"env\""));
    json = processing_after(metadata(", restricted_fields: true"));
    assert_non_null(strstr(json, "\"env\":{\""));
    snprintf(want, sizeof want, "\"owner\":{\"id\":\"%d\"", getuid());
    assert_non_null(strstr(json, want));
    snprintf(want, sizeof want, ",\"q\":{\"process\":{\"pid\":%d}},\"type\":\"http\"}", getpid());
    processing_is(metadata(", target: q, include_fields: [process.pid]"), want, 0);
    processing_is("[{add_process_metadata: {match_pids: [no]}}, {drop_fields: {fields: [x]}}]",
                  ",\"type\":\"http\"}", 0);
    processing_is("[{add_process_metadata: {match_pids: [no], ignore_missing: false}},"
                  " {drop_fields: {fields: [x]}}]",
                  ",\"type\":\"http\"}", 1);
    processing_is("[{add_process_metadata: {match_pids: [x.name]}}, {drop_fields: {fields: [x]}}]",
                  ",\"type\":\"http\"}", 1);
    assert_non_null(
        strstr(processing_refusal(
                   "[{add_process_metadata: {match_pids: [a], include_fields: [process.env]}}]"),
               "restricted_fields"));
}

static int setup(void **state)
{
    (void)state;
    processing_open();
    arena_init(&arena, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    processing_close();
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_is_named),
        cmocka_unit_test(flows_have_the_parent_otherwise),
        cmocka_unit_test(only_this_machine_is_looked_at),
        cmocka_unit_test(metadata_is_added_by_pid),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
