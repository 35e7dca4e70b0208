/* add_docker_metadata against a fake daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/fakehttp.h"
#include "lib/processing.h"

#define REST ",\"type\":\"http\"}"
#define ID   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char home[] = "/tmp/wl-docker-XXXXXX";
static char socket_path[128], told[512];

static void keep_line(void *ctx, enum log_level level, const char *area, const char *line)
{
    (void)ctx, (void)level, (void)area;
    snprintf(told, sizeof told, "%s", line);
}

static const struct fake_route routes[] = {
    { "GET /containers/json ", "Host: localhost\r\n",
      FAKE_OK("[{\"Id\":\"" ID "\",\"Names\":[\"/"
              "web\"],\"Image\":\"nginx:1\",\"Labels\":{\"a.b\":\"c\"},\"State\":\"running\"},"
              "{\"Id\":\"ff\",\"Names\":null,\"Image\":\"x\",\"Labels\":null},{\"Names\":[\"/"
              "no-id\"]}]") },
    { NULL, NULL, NULL }
};

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", home, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* A process 7 in the container and one 8 in none. */
static void make_host(void)
{
    static const char *const folders[] = { "proc", "proc/7", "proc/8" };
    char path[256];
    assert_non_null(mkdtemp(home));
    for (size_t i = 0; i < COUNT(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", home, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    write_file("proc/7/stat", "7 (a) S 1 7 7 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 99 0 0\n");
    write_file("proc/7/cgroup", "0::/system.slice/docker-" ID ".scope\n");
    write_file("proc/8/stat", "8 (b) S 1 8 8 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 99 0 0\n");
    write_file("proc/8/cgroup", "0::/user.slice\n");
    snprintf(socket_path, sizeof socket_path, "%s/docker.sock", home);
}

/* The fields of an event with more ones, behind the processor with more settings. */
static void is(const char *fields, const char *more, const char *want)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "[{add_fields: {target: '', fields: {%s}}}, {add_docker_metadata: {host: 'unix://%s', "
             "hostfs: %s%s}}, {drop_fields: {fields: [x, process, m], ignore_missing: true}}]",
             fields, socket_path, home, more);
    processing_is(yaml, want, 0);
}

#define WEB                                                                                        \
    ",\"container\":{\"id\":\"" ID                                                                 \
    "\",\"image\":{\"name\":\"nginx:1\"},\"labels\":{\"a_b\":\"c\"},"                              \
    "\"name\":\"web\"}" REST

static void containers_are_told(void **state)
{
    (void)state;
    struct fakehttp f = fakehttp_start(routes, socket_path);
    is("process.pid: 7", "", WEB);
    is("process: {pid: 8, parent.pid: 7}", "", WEB);
    is("process.pid: 8", "", REST);
    is("process.pid: 9", "", REST);
    is("m: " ID, ", match_fields: [m]", WEB);
    is("m: 0123456789ab", ", match_fields: [m]", REST);
    is("m: '0123456789ab'", ", match_fields: [m], match_short_id: true", WEB);
    is("m: ff", ", match_fields: [no, m]",
       ",\"container\":{\"id\":\"ff\",\"image\":{\"name\":\"x\"},\"name\":\"\"}" REST);
    is("m: unknown", ", match_fields: [m]", REST);
    fakehttp_stop(&f);
}

static void labels_keep_their_dots(void **state)
{
    (void)state;
    struct fakehttp f = fakehttp_start(routes, socket_path);
    is("process.pid: 7", ", labels: {dedot: false}",
       ",\"container\":{\"id\":\"" ID
       "\",\"image\":{\"name\":\"nginx:1\"},\"labels\":{\"a.b\":\"c\"},"
       "\"name\":\"web\"}" REST);
    fakehttp_stop(&f);
}

static void without_docker_nothing_happens(void **state)
{
    (void)state;
    static const struct fake_route bad[] = { { "GET ", NULL, FAKE_OK("{}") },
                                             { NULL, NULL, NULL } };
    is("process.pid: 7", "", REST);
    assert_non_null(strstr(told, "no docker at unix://"));
    struct fakehttp f = fakehttp_start(bad, socket_path);
    is("process.pid: 7", "", REST);
    assert_non_null(strstr(told, "no list of containers"));
    fakehttp_stop(&f);
    unlink(socket_path);
    assert_non_null(
        strstr(processing_refusal("[{add_docker_metadata: {host: /x}}]"), "unix:///PATH"));
}

static int setup(void **state)
{
    (void)state;
    log_set_sink(keep_line, NULL);
    make_host();
    processing_open();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[256];
    processing_close();
    log_set_sink(NULL, NULL);
    snprintf(command, sizeof command, "rm -r %s", home);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_docker_nothing_happens),
        cmocka_unit_test(containers_are_told),
        cmocka_unit_test(labels_keep_their_dots),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
