/* One event of a request and its response, or of one of them alone (packetbeat-protocols.md 6.5 to
 * 6.9). */
#include "proto/http/report.h"

#include "base/buf.h"
#include "base/table.h"
#include "codec/unescape.h"
#include "proto/http/decode.h"
#include "proto/http/headers.h"
#include "proto/http/url.h"

#define REASON_MAX 256 /* longest reason phrase shown */

static const char *const versions[] = { [9] = "0.9", [10] = "1.0", [11] = "1.1", [12] = "1.2" };

static bool one_in(const struct texts *list, struct slice type)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (slice_search(type, slice_cstr(list->v[i])) >= 0)
            return true;
    }
    return false;
}

bool http_body_shown(const struct http_conf *conf, const struct http_message *m, struct slice head)
{
    struct slice type = http_piece(head, m->type);
    const struct texts *own = m->is_request ? &conf->request_body_for : &conf->response_body_for;
    return one_in(&conf->body_for, type) || one_in(own, type);
}

static bool is_form(const struct http_message *m, struct slice head)
{
    return m->is_request && slice_search(http_piece(head, m->type), SLICE("urlencoded")) >= 0;
}

bool http_body_wanted(const struct http_conf *conf, const struct http_message *m, struct slice head)
{
    return is_form(m, head) || http_body_shown(conf, m, head);
}

/* a + b in the event's memory. */
static struct slice concat(struct event *e, struct slice a, struct slice b)
{
    struct buf out = buf_of(arena_alloc(e->mem, a.n + b.n), a.n + b.n);
    if (!out.p) {
        e->lost = true;
        return slice_of(NULL, 0);
    }
    buf_add(&out, a);
    buf_add(&out, b);
    return buf_slice(&out);
}

/* The head as sent and the body as shown: `request` and `response`. */
static void raw_text(struct proto_ctx *x, struct event *e, const struct http_text *t,
                     struct slice body)
{
    const struct http_conf *conf = x->conf;
    bool wanted = t->m->is_request ? conf->common.send_request : conf->common.send_response;
    if (!wanted)
        return;
    struct slice text = concat(e, t->head, body);
    if (conf->redact_authorization && t->m->is_request && text.n)
        http_mask_authorization((uint8_t *)text.p, t->head.n);
    event_str_ref(e, &ecs[t->m->is_request ? ECS_REQUEST : ECS_RESPONSE], text);
}

/* Sizes, content and raw text. shown: the body is part of the event. */
static void body_fields(struct proto_ctx *x, struct event *e, const struct http_text *t,
                        struct slice body, bool shown)
{
    bool req = t->m->is_request;
    uint64_t bytes = t->m->framing == HTTP_NO_BODY ? 0 : http_content_length(t->m);
    if (shown && body.n) {
        bytes = body.n;
        event_str(e, &http_fields[req ? HTTP_REQUEST_BODY_CONTENT : HTTP_RESPONSE_BODY_CONTENT],
                  body);
    }
    event_int_nz(e, &http_fields[req ? HTTP_REQUEST_BODY_BYTES : HTTP_RESPONSE_BODY_BYTES],
                 (int64_t)bytes);
    event_int_nz(e, &http_fields[req ? HTTP_REQUEST_BYTES : HTTP_RESPONSE_BYTES],
                 (int64_t)t->m->wire_bytes);
    http_headers_object(x, e, &http_fields[req ? HTTP_REQUEST_HEADERS : HTTP_RESPONSE_HEADERS], t);
    raw_text(x, e, t, shown ? body : slice_of(NULL, 0));
}

/* A name goes to related.hosts, an address to related.ip. */
static void related_host(struct event *e, struct slice host, bool *is_name)
{
    struct addr ip;
    *is_name = host.n && !addr_parse(host, &ip);
    if (*is_name)
        event_add_str(e, &ecs[ECS_RELATED_HOSTS], host, true);
    else if (host.n)
        event_add_ip(e, &ecs[ECS_RELATED_IP], &ip, true);
}

/* Where a request goes to. */
struct target {
    struct http_url url;
    struct slice host;
    uint16_t port;
    bool connect;
};

/* An absolute target and CONNECT's name the server themselves, and Host is then ignored (RFC 9112
 * section 3.2.2); else Host does, and the port of the connection is the default. */
static void find_target(struct proto_ctx *x, struct event *e, const struct http_text *t,
                        struct target *to)
{
    struct slice host = http_unfolded(http_piece(t->head, t->m->host), x->env->scratch);
    uint16_t server_port = x->end[DIR_SERVER].port;
    to->connect = slice_eq(http_piece(t->head, t->m->method), SLICE("CONNECT"));
    http_url_parse(http_piece(t->head, t->m->uri), to->connect, x->env->scratch, &to->url);
    if (to->url.authority.n) {
        bool tls = slice_eq_nocase(to->url.scheme, SLICE("https"));
        http_host_split(to->url.authority, &to->host, &to->port);
        to->port = to->port ? to->port : tls ? 443 : 80;
        return;
    }
    http_host_split(host, &to->host, &to->port);
    if (to->port && to->port != server_port)
        event_note(e, "Host header port number mismatch");
    to->port = to->port ? to->port : server_port;
}

static void url_full(struct proto_ctx *x, struct event *e, const struct target *to,
                     struct slice scheme, struct slice query)
{
    struct slice path = http_url_escape(to->url.path, x->env->scratch);
    size_t cap = scheme.n + to->host.n + path.n + query.n + sizeof "://[]:65535/?";
    struct buf out = buf_of(arena_alloc(e->mem, cap), cap);
    if (!out.p || to->host.n == 0)
        return;
    bool v6 = slice_find(to->host, ':') >= 0 && slice_find(to->host, '.') < 0;
    buf_add(&out, scheme);
    buf_cstr(&out, v6 ? "://[" : "://");
    buf_add(&out, to->host);
    buf_cstr(&out, v6 ? "]" : "");
    if (to->port != 80) {
        buf_u8(&out, ':');
        buf_dec(&out, to->port);
    }
    if (path.n && path.p[0] != '/')
        buf_u8(&out, '/');
    buf_add(&out, path);
    if (query.n) {
        buf_u8(&out, '?');
        buf_add(&out, query);
    }
    event_str_ref(e, &ecs[ECS_URL_FULL], buf_slice(&out));
}

/* What follows the last dot of the last segment. */
static struct slice extension(struct slice path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '.' && path.p[n - 1] != '/')
        n--;
    return n > 0 && path.p[n - 1] == '.' ? slice_after(path, n) : slice_of(NULL, 0);
}

/* `query`: the method and what it is for. */
static void query_line(struct event *e, struct slice method, struct slice what)
{
    struct buf out = buf_of(arena_alloc(e->mem, method.n + what.n + 1), method.n + what.n + 1);
    if (!out.p) {
        e->lost = true;
        return;
    }
    buf_add(&out, method);
    buf_u8(&out, ' ');
    buf_add(&out, what);
    event_str_ref(e, &ecs[ECS_QUERY], buf_slice(&out));
}

static void url_fields(struct proto_ctx *x, struct event *e, const struct http_text *t,
                       struct slice form)
{
    const struct http_conf *conf = x->conf;
    struct target to;
    bool is_name;
    find_target(x, e, t, &to);
    struct slice scheme = to.url.scheme.n ? to.url.scheme : SLICE("http");
    struct slice query = http_url_params(to.url.query, form, &conf->hide_keywords, e->mem);
    query_line(e, http_piece(t->head, t->m->method), to.connect ? to.url.authority : to.url.path);
    event_str_nz(e, &ecs[ECS_URL_DOMAIN], to.host);
    if (to.port != 80)
        event_int_nz(e, &ecs[ECS_URL_PORT], to.port);
    related_host(e, to.host, &is_name);
    if (is_name)
        event_str(e, &ecs[ECS_DESTINATION_DOMAIN], to.host);
    if (to.connect)
        return;
    event_str(e, &ecs[ECS_URL_SCHEME], scheme);
    event_str_nz(e, &ecs[ECS_URL_PATH], to.url.path);
    event_str_nz(e, &ecs[ECS_URL_EXTENSION], extension(to.url.path));
    if (query.n)
        event_str_ref(e, &ecs[ECS_URL_QUERY], query);
    url_full(x, e, &to, scheme, query);
}

/* The host of the page that the request came from. */
static void referrer_fields(struct proto_ctx *x, struct event *e, const struct http_text *t)
{
    struct slice referrer = http_unfolded(http_piece(t->head, t->m->referrer), x->env->scratch);
    struct http_url url;
    struct slice host;
    uint16_t port;
    if (referrer.n == 0)
        return;
    event_str(e, &http_fields[HTTP_REQUEST_REFERRER], referrer);
    http_url_parse(referrer, false, x->env->scratch, &url);
    http_host_split(url.authority, &host, &port);
    if (host.n)
        event_add_str(e, &ecs[ECS_RELATED_HOSTS], host, true);
}

static void real_ip_fields(struct event *e, const struct http_text *t)
{
    struct slice list = http_piece(t->head, t->m->real_ip), first;
    struct addr ip;
    if (!http_list_next(&list, &first) || !addr_parse(first, &ip))
        return;
    event_ip(e, &ecs[ECS_NETWORK_FORWARDED_IP], &ip);
    event_add_ip(e, &ecs[ECS_RELATED_IP], &ip, true);
}

/* RFC 4648, padded or not; false on anything else. */
static bool base64_decode(struct slice s, struct buf *out)
{
    uint32_t bits = 0;
    unsigned n = 0;
    while (s.n && s.p[s.n - 1] == '=')
        s.n--;
    for (size_t i = 0; i < s.n; i++) {
        int v = unescape_base64_letter(s.p[i]);
        if (v < 0)
            return false;
        bits = bits << 6 | (unsigned)v;
        n += 6;
        if (n >= 8) {
            n -= 8;
            buf_u8(out, (uint8_t)(bits >> n));
        }
    }
    return true;
}

/* user.name from Basic credentials (RFC 7617), when the header may be shown. */
static void user_fields(struct proto_ctx *x, struct event *e, const struct http_text *t)
{
    const struct http_conf *conf = x->conf;
    struct slice name = SLICE("authorization"), value = http_piece(t->head, t->m->authorization);
    if (value.n < 6 || conf->redact_authorization || !http_header_stored(conf, name) ||
        !slice_eq_nocase(slice_first(value, 6), SLICE("Basic ")))
        return;
    for (unsigned i = 0; i < conf->redact_headers.n; i++) {
        if (slice_eq(slice_cstr(conf->redact_headers.v[i]), name))
            return;
    }
    struct buf user = buf_of(arena_alloc(e->mem, value.n), value.n);
    if (!user.p || !base64_decode(slice_trim(slice_after(value, 6)), &user))
        return;
    ptrdiff_t colon = slice_find(buf_slice(&user), ':');
    if (colon <= 0)
        return;
    event_str_ref(e, &ecs[ECS_USER_NAME], slice_first(buf_slice(&user), (size_t)colon));
    event_dotted(e, &ecs[ECS_USER_NAME]);
    event_add_str(e, &ecs[ECS_RELATED_USER], slice_first(buf_slice(&user), (size_t)colon), true);
}

static void request_fields(struct proto_ctx *x, struct event *e, const struct http_text *t)
{
    struct slice method = http_piece(t->head, t->m->method), body;
    struct inflated mem = { 0 };
    bool shown = http_body_shown(x->conf, t->m, t->head);
    bool decoded = (t->body.n == 0 || http_decode(x, e, t, &mem, &body)) && t->body.n;
    body = decoded ? body : slice_of(NULL, 0);
    event_str(e, &ecs[ECS_METHOD], method);
    event_str(e, &http_fields[HTTP_REQUEST_METHOD], method);
    event_cstr_ref(e, &http_fields[HTTP_VERSION],
                   name_of(versions, COUNT(versions), t->m->version));
    url_fields(x, e, t, is_form(t->m, t->head) ? body : slice_of(NULL, 0));
    referrer_fields(x, e, t);
    real_ip_fields(e, t);
    user_fields(x, e, t);
    event_str_nz(e, &ecs[ECS_USER_AGENT_ORIGINAL],
                 http_unfolded(http_piece(t->head, t->m->agent), x->env->scratch));
    body_fields(x, e, t, body, shown);
    inflate_free(&mem, x->env->slab);
}

static void response_fields(struct proto_ctx *x, struct event *e, const struct http_text *t)
{
    uint8_t lower[REASON_MAX];
    struct inflated mem = { 0 };
    struct slice body = slice_of(NULL, 0);
    struct slice phrase = slice_first(http_piece(t->head, t->m->phrase), sizeof lower);
    if (t->body.n && !http_decode(x, e, t, &mem, &body))
        body = slice_of(NULL, 0);
    for (size_t i = 0; i < phrase.n; i++)
        lower[i] = ascii_lower(phrase.p[i]);
    event_int_nz(e, &http_fields[HTTP_RESPONSE_STATUS], t->m->status);
    event_str_nz(e, &http_fields[HTTP_RESPONSE_PHRASE], slice_of(lower, phrase.n));
    body_fields(x, e, t, body, http_body_shown(x->conf, t->m, t->head));
    inflate_free(&mem, x->env->slab);
}

/* Why the event is not what it should be, in the order of time. */
static void notes(struct event *e, const struct http_text *request,
                  const struct http_text *response, bool answer_lost)
{
    if (request && request->m->lost)
        event_note(e, "Packet loss while capturing the request");
    if (!request || !response)
        event_note(e, request ? "Unmatched request" : "Unmatched response");
    if (answer_lost || (response && response->m->lost))
        event_note(e, "Packet loss while capturing the response");
}

void http_report(struct proto_ctx *x, const struct http_text *request,
                 const struct http_text *response, bool answer_lost)
{
    int64_t start_ns = request ? request->m->ts_ns : 0, end_ns = response ? response->m->ts_ns : 0;
    struct event *e =
        proto_event(x, request ? DIR_CLIENT : DIR_SERVER, request ? start_ns : end_ns);
    if (!e)
        return;
    bool good = request && response && response->m->status < 400;
    event_cstr_ref(e, &ecs[ECS_STATUS], good ? "OK" : "Error");
    proto_times(e, start_ns, end_ns);
    proto_bytes(e, request ? request->m->wire_bytes : 0, response ? response->m->wire_bytes : 0);
    notes(e, request, response, answer_lost);
    if (request)
        request_fields(x, e, request);
    if (response)
        response_fields(x, e, response);
    proto_emit(x, e);
}
