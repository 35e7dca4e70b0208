/* The dashboard's files. */
#include "web/static.h"

#include "codec/deflate.h"
#include "web/assets.h"
#include "web/exchange.h"

static const char no_dashboard[] =
    "<!doctype html><meta charset=\"utf-8\"><title>wirelume</title><h1>wirelume</h1>"
    "<p>This program was built without its dashboard. To have it: <code>make ui</code>, then "
    "<code>make</code>.</p><p>The API answers all the same: "
    "<a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p>\n";

/* A path of a page, not of a file: the dashboard itself knows what it is. */
static bool is_page(struct slice path)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    return slice_find(slice_after(path, at), '.') < 0;
}

static const struct asset *find(struct slice path)
{
    struct slice name = is_page(path) ? SLICE("/index.html") : path;
    for (unsigned i = 0; i < assets_n; i++)
        if (slice_eq(slice_cstr(assets[i].path), name))
            return &assets[i];
    return NULL;
}

static void answer(struct exchange *x, const char *type, struct slice body)
{
    x->status = 200;
    x->type = type;
    x->constant = body;
}

/* For who does not take gzip, which no browser is. */
static void unpack(struct exchange *x, struct slice packed)
{
    struct inflater *inflater = inflater_new();
    struct unpacking how = { &x->mem, JSON_BYTES, 0 };
    struct slice text;
    if (deflate_unpack(inflater, DEFLATE_GZIP, packed, &how, &text) == DEFLATE_DONE)
        answer(x, x->type, text);
    else
        exchange_fail(x, 500, "the file could not be unpacked");
    inflater_free(inflater);
}

static void answer_asset(struct exchange *x, const struct asset *a)
{
    answer(x, a->type, slice_of(a->start, (size_t)(a->end - a->start)));
    exchange_header(x, "ETag", a->etag);
    exchange_header(x, "Vary", "Accept-Encoding");
    exchange_header(x, "Cache-Control",
                    a->lasting ? "public, max-age=31536000, immutable" : "no-cache");
    if (http_list_has(http_header(&x->head, SLICE("If-None-Match")), slice_cstr(a->etag))) {
        x->status = 304;
        x->constant = slice_of(NULL, 0);
    } else if (a->packed && http_takes_gzip(&x->head)) {
        exchange_header(x, "Content-Encoding", "gzip");
    } else if (a->packed) {
        unpack(x, x->constant);
    }
}

void static_answer(struct exchange *x)
{
    const struct asset *a = find(x->head.path);
    if (a) {
        answer_asset(x, a);
    } else if (assets_n == 0 && is_page(x->head.path)) {
        answer(x, "text/html; charset=utf-8", slice_of(no_dashboard, sizeof no_dashboard - 1));
        exchange_header(x, "Cache-Control", "no-cache");
    } else {
        exchange_fail(x, 404, "there is no such file");
    }
}
