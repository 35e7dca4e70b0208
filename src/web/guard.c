/* Checks of a request. */
#include "web/guard.h"

#include "os/clock.h"
#include "web/web_private.h"

#define API SLICE("/api/")

/* A name that an attacker's DNS may point here is refused; an address cannot be pointed. */
bool guard_host_ok(struct slice authority, const struct texts *names)
{
    struct slice name = http_host_name(authority);
    struct addr unused;
    if (slice_eq_nocase(name, SLICE("localhost")) || addr_parse(name, &unused))
        return true;
    for (unsigned i = 0; i < names->n; i++)
        if (name.n && slice_eq_nocase(name, slice_cstr(names->v[i])))
            return true;
    return false;
}

static bool check_host(struct exchange *x)
{
    if (x->who.is_local || guard_host_ok(x->head.host, &x->web->conf.names))
        return true;
    web_count(x->web, COUNTER_WEB_FORBIDDEN);
    x->head.keep_alive = false;
    exchange_fail(x, x->head.host.n ? 421 : 400,
                  "this server does not answer for the host \"%.*s\" (mend: web.names)",
                  x->head.host.n < 200 ? (int)x->head.host.n : 200, (const char *)x->head.host.p);
    return false;
}

/* Browsers say where a request that is no plain link comes from; others say nothing. */
static bool is_own_origin(const struct exchange *x)
{
    struct slice origin = http_header(&x->head, SLICE("Origin"));
    struct slice site = http_header(&x->head, SLICE("Sec-Fetch-Site"));
    ptrdiff_t at = slice_search(origin, SLICE("://"));
    if (site.n && !slice_eq(site, SLICE("same-origin")) && !slice_eq(site, SLICE("none")))
        return false;
    return origin.n == 0 ||
           (at > 0 && slice_eq_nocase(slice_after(origin, (size_t)at + 3), x->head.host));
}

static bool is_safe(enum http_method m)
{
    return m == HTTP_GET || m == HTTP_HEAD;
}

static bool check_origin(struct exchange *x)
{
    if (is_safe(x->head.method) || is_own_origin(x))
        return true;
    web_count(x->web, COUNTER_WEB_FORBIDDEN);
    exchange_fail(x, 403, "requests of other sites are not answered");
    return false;
}

/* ---- who */

static bool take_token(struct exchange *x, struct slice token)
{
    struct web *web = x->web;
    const struct access_token *t = access_token_of(&web->access, token);
    if (!t) {
        web_count(web, COUNTER_WEB_LOGINS_FAILED);
        exchange_fail(x, 401, "the token is not known");
        return false;
    }
    x->who.role = t->role;
    x->who.name = t->name;
    x->who.by_token = true;
    return true;
}

static bool find_who(struct exchange *x)
{
    struct web *web = x->web;
    struct slice authorization = http_header(&x->head, SLICE("Authorization"));
    if (x->who.is_local || !access_needs_login(&web->access)) {
        x->who.role = ACCESS_ADMIN;
        return true;
    }
    if (authorization.n > 7 && slice_eq_nocase(slice_first(authorization, 7), SLICE("Bearer ")))
        return take_token(x, slice_trim(slice_after(authorization, 7)));
    struct slice cookie = http_cookie(&x->head, SLICE("wirelume_session"));
    x->who.session = access_session_of(&web->access, cookie, clock_mono_ns());
    if (x->who.session) {
        x->who.role = x->who.session->user->role;
        x->who.name = x->who.session->user->name;
    }
    return true;
}

static bool check_rights(struct exchange *x)
{
    if (x->who.role >= x->route->need)
        return true;
    web_count(x->web, COUNTER_WEB_FORBIDDEN);
    if (x->who.role == ACCESS_NONE)
        exchange_fail(x, 401, "a login is needed");
    else
        exchange_fail(x, 403, "this needs the role admin");
    return false;
}

static bool check_csrf(struct exchange *x)
{
    struct slice token = http_header(&x->head, SLICE("X-CSRF-Token"));
    const char *want = x->who.session ? x->who.session->csrf : x->web->access.csrf;
    if (x->route->kind == KIND_READS || x->who.by_token || x->who.is_local ||
        access_same(token, slice_cstr(want)))
        return true;
    web_count(x->web, COUNTER_WEB_FORBIDDEN);
    exchange_fail(x, 403,
                  "the header X-CSRF-Token is missing or old (GET /api/v1/session gives "
                  "one)");
    return false;
}

/* A page of another site can send JSON only after asking, which is refused. */
static bool check_type(struct exchange *x)
{
    struct slice type = http_header(&x->head, SLICE("Content-Type"));
    ptrdiff_t at = slice_find(type, ';');
    struct slice base = slice_trim(at < 0 ? type : slice_first(type, (size_t)at));
    bool has_body = x->head.method == HTTP_POST || x->head.method == HTTP_PUT;
    if (!has_body || slice_eq_nocase(base, SLICE("application/json")))
        return true;
    exchange_fail(x, 415, "the body must be JSON, with Content-Type: application/json");
    return false;
}

/* ---- what */

static bool find_route(struct exchange *x)
{
    char text[64];
    struct buf allow = buf_of(text, sizeof text - 1);
    x->route = route_find(x->head.method, x->head.path, &x->id, &allow);
    if (x->route)
        return true;
    text[allow.n] = '\0';
    if (!allow.n) {
        exchange_fail(x, 404,
                      "there is nothing at this path (GET /api/v1/openapi.json lists what "
                      "there is)");
        return false;
    }
    exchange_fail(x, 405, "this path answers %s", text);
    exchange_header(x, "Allow", text);
    return false;
}

static bool check_file(struct exchange *x)
{
    if (is_safe(x->head.method))
        return true;
    exchange_fail(x, 405, "this path answers GET, HEAD");
    exchange_header(x, "Allow", "GET, HEAD");
    return false;
}

bool guard_head(struct exchange *x)
{
    if (!check_host(x) || !check_origin(x))
        return false;
    if (!slice_starts(x->head.path, API))
        return check_file(x);
    return find_route(x) && check_type(x) && find_who(x) && check_rights(x) && check_csrf(x);
}
