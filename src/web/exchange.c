/* Requests and answers. */
#include "web/exchange.h"

#include <stdarg.h>

#include "base/bug.h"
#include "codec/json.h"

#define ERROR_BYTES 4096

struct exchange *exchange_new(struct web *web, size_t max_bytes)
{
    struct exchange *x = xcalloc(1, sizeof *x);
    list_init(&x->queued);
    x->web = web;
    arena_init(&x->mem, NULL, max_bytes);
    x->headers = buf_of(x->header_text, sizeof x->header_text);
    return x;
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    xfree(x->out.p);
    arena_free(&x->mem);
    xfree(x);
}

static struct buf *begin(struct exchange *x, int status, size_t bytes)
{
    xfree(x->out.p);
    x->out = buf_of(xmalloc(bytes), bytes);
    x->status = status;
    x->type = "application/json";
    x->constant = slice_of(NULL, 0);
    x->packed = false;
    return &x->out;
}

struct buf *exchange_json(struct exchange *x)
{
    return begin(x, 200, JSON_BYTES);
}

struct buf *exchange_buffer(struct exchange *x, size_t bytes)
{
    return begin(x, 200, bytes);
}

void exchange_fail(struct exchange *x, int status, const char *fmt, ...)
{
    struct why w;
    va_list args;
    va_start(args, fmt);
    vsnprintf(w.text, sizeof w.text, fmt, args);
    va_end(args);
    struct buf *b = begin(x, status, ERROR_BYTES);
    buf_lit(b, "{\"error\":{\"text\":");
    json_string(b, slice_cstr(w.text), false);
    buf_lit(b, "}}");
}

void exchange_fail_at(struct exchange *x, const char *text, unsigned line, unsigned column)
{
    struct buf *b = begin(x, 400, ERROR_BYTES);
    buf_lit(b, "{\"error\":{\"text\":");
    json_string(b, slice_cstr(text), false);
    buf_printf(b, ",\"line\":%u,\"column\":%u}}", line, column);
}

void exchange_fail_why(struct exchange *x, err e, const struct why *w)
{
    static const int status[ERR_COUNT] = {
        [ERR_CONFIG] = 400,  [ERR_USAGE] = 400, [ERR_FORMAT] = 400,      [ERR_LIMIT] = 400,
        [ERR_MISSING] = 404, [ERR_END] = 504,   [ERR_UNSUPPORTED] = 501,
    };
    exchange_fail(x, status[e] ? status[e] : 500, "%s", w->text);
}

void exchange_header(struct exchange *x, const char *name, const char *value)
{
    buf_printf(&x->headers, "%s: %s\r\n", name, value);
    BUG_ON(x->headers.full);
}

const struct node *exchange_object(struct exchange *x)
{
    struct node *root;
    struct why w;
    if (json_read(&x->mem, x->body, "body", &root, &w)) {
        exchange_fail(x, 400, "%s", w.text);
        return NULL;
    }
    if (root->type == NODE_MAP)
        return root;
    exchange_fail(x, 400, "the body is not a JSON object");
    return NULL;
}
