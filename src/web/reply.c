/* Heads of answers. */
#include "web/reply.h"

#include "base/bug.h"
#include "codec/deflate.h"
#include "web/pool.h"

#define PACK_MIN   1024 /* bytes; what is smaller fits into a packet anyway */
#define PACK_LEVEL 1

static const char guards[] =
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

struct slice reply_finish(struct exchange *x)
{
    if (x->out.full)
        exchange_fail(x, 500, "the answer is larger than %zu MiB (mend: ask for less)",
                      JSON_BYTES >> 20);
    return x->constant.n ? x->constant : buf_slice(&x->out);
}

void reply_pack(struct exchange *x)
{
    struct worker *w = x->worker;
    struct slice body = buf_slice(&x->out);
    if (x->status != 200 || x->constant.n || x->out.full || body.n < PACK_MIN ||
        !http_takes_gzip(&x->head))
        return;
    if (!w->deflater)
        w->deflater = deflater_new(PACK_LEVEL);
    size_t room = deflate_bound(body.n);
    struct buf packed = buf_of(xmalloc(room), room);
    if (!deflate_pack_as(w->deflater, DEFLATE_GZIP, body, &packed)) {
        xfree(packed.p);
        return;
    }
    xfree(x->out.p);
    x->out = packed;
    x->packed = true;
}

void reply_head(struct buf *b, const struct exchange *x, size_t body_bytes, bool keep_alive)
{
    buf_printf(b, "HTTP/1.1 %d %s\r\n", x->status, http_reason(x->status));
    buf_lit(b, guards);
    buf_add(b, buf_slice(&x->headers));
    if (x->type && x->status != 304 && x->status != 204)
        buf_printf(b, "Content-Type: %s\r\n", x->type);
    if (x->route)
        buf_lit(b, "Cache-Control: no-store\r\n");
    if (x->route && x->route->place == PLACE_POOL)
        buf_lit(b, "Vary: Accept-Encoding\r\n");
    if (x->packed)
        buf_lit(b, "Content-Encoding: gzip\r\n");
    if (!x->live && x->status != 304 && x->status != 204)
        buf_printf(b, "Content-Length: %zu\r\n", body_bytes);
    buf_cstr(b, keep_alive && !x->live ? "\r\n" : "Connection: close\r\n\r\n");
}
