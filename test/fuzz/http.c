/* Fuzz target: heads of HTTP requests. However the bytes are cut, the end is found at the same
 * place; what is taken obeys the rules that guard and handlers rely on. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "web/http.h"
#include "web/password.h"
#include "web/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static enum http_scan scan_in_steps(struct slice s, size_t step, size_t *end)
{
    enum http_scan scan = HTTP_MORE;
    *end = 0;
    for (size_t have = 0; scan == HTTP_MORE && have < s.n;) {
        have = s.n - have < step ? s.n : have + step;
        scan = http_head_scan(slice_first(s, have), end);
    }
    return scan;
}

static void check_path(struct slice path)
{
    require(path.n > 0 && path.p[0] == '/' && utf8_ok(path));
    require(slice_find(path, 0) < 0 && slice_find(path, '\\') < 0 && slice_find(path, '\n') < 0);
    require(slice_search(path, SLICE("/../")) < 0 && !slice_ends(path, SLICE("/..")));
}

static void check_headers(const struct http_head *h)
{
    unsigned lengths = 0;
    for (unsigned i = 0; i < h->n; i++) {
        struct slice name = h->header[i].name, value = h->header[i].value;
        require(name.n > 0 && slice_find(name, ' ') < 0 && slice_find(name, ':') < 0);
        require(slice_find(value, '\n') < 0 && slice_find(value, '\r') < 0 &&
                slice_find(value, 0) < 0);
        require(!slice_eq_nocase(name, SLICE("Transfer-Encoding")));
        lengths += slice_eq_nocase(name, SLICE("Content-Length"));
    }
    require(lengths <= 1 && (lengths == 1 || h->body_bytes == 0));
}

static void use(const struct http_head *h)
{
    char text[64];
    struct buf allow = buf_of(text, sizeof text);
    struct slice id;
    struct password p;
    check_path(h->path);
    check_headers(h);
    (void)route_find(h->method, h->path, &id, &allow);
    (void)http_cookie(h, SLICE("wirelume_session"));
    (void)http_host_name(h->host);
    (void)password_read(&p, h->query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);
    size_t end, again;
    struct arena mem;
    struct http_head head;
    struct why why;
    if (n)
        memcpy(exact, data, n);
    arena_init(&mem, NULL, (size_t)1 << 20);
    enum http_scan scan = scan_in_steps(slice_of(exact, n), n ? n : 1, &end);
    require(scan_in_steps(slice_of(exact, n), 3, &again) == scan);
    if (scan == HTTP_WHOLE) {
        require(end == again && end <= n);
        if (http_head_read(&head, slice_of(exact, end), &mem, &why) == 0)
            use(&head);
    }
    arena_free(&mem);
    free(exact);
    return 0;
}
