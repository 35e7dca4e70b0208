/* Heads of answers. */
#include "web/reply.h"

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

void reply_head(struct buf *b, const struct exchange *x, size_t body_bytes, bool keep_alive)
{
    buf_printf(b, "HTTP/1.1 %d %s\r\n", x->status, http_reason(x->status));
    buf_lit(b, guards);
    buf_add(b, buf_slice(&x->headers));
    if (x->type && x->status != 304 && x->status != 204)
        buf_printf(b, "Content-Type: %s\r\n", x->type);
    if (x->route)
        buf_lit(b, "Cache-Control: no-store\r\n");
    if (!x->live && x->status != 304 && x->status != 204)
        buf_printf(b, "Content-Length: %zu\r\n", body_bytes);
    buf_cstr(b, keep_alive && !x->live ? "\r\n" : "Connection: close\r\n\r\n");
}
