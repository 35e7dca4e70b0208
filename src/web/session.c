/* Logging in and out: /api/v1/session. */
#include "base/log.h"
#include "codec/json.h"
#include "os/clock.h"
#include "store/state_json.h"
#include "web/answers.h"
#include "web/handlers.h"
#include "web/web_private.h"

#define SECOND_NS INT64_C(1000000000)

static void put_name(struct buf *b, const char *key, struct slice s)
{
    state_json_key(b, key);
    if (s.n)
        json_string(b, s, false);
    else
        buf_lit(b, "null");
}

/* The session that the cookie means now: meanwhile its place may have become another's. */
static struct access_session *session_now(struct exchange *x)
{
    struct slice cookie = http_cookie(&x->head, SLICE("wirelume_session"));
    return access_session_of(&x->web->access, cookie, clock_mono_ns());
}

static void show(struct exchange *x, const struct access_session *s)
{
    struct web *web = x->web;
    bool needed = access_needs_login(&web->access) && !x->who.is_local;
    const char *csrf = s ? s->csrf : needed ? NULL : web->access.csrf;
    const char *role = x->who.role == ACCESS_NONE ? NULL : access_role_name(x->who.role);
    struct buf *b = exchange_json(x);
    buf_u8(b, '{');
    state_json_bool(b, "login_required", needed);
    put_name(b, "user", x->who.name);
    put_name(b, "role", slice_cstr(role));
    put_name(b, "csrf", slice_cstr(csrf));
    buf_u8(b, '}');
}

void session_show(struct exchange *x)
{
    show(x, session_now(x));
}

static void set_cookie(struct exchange *x, const char *secret, int64_t life_ns)
{
    char text[256];
    snprintf(text, sizeof text,
             "wirelume_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", secret,
             (long long)(life_ns / SECOND_NS), x->web->tls ? "; Secure" : "");
    exchange_header(x, "Set-Cookie", text);
}

/* ---- logging in: the hash is made on the pool, the session on the loop */

static void check_password(struct exchange *x)
{
    const struct node *body = exchange_object(x);
    const struct node *user = node_get(body, "user"), *password = node_get(body, "password");
    if (!body)
        return;
    if (!user || !password || user->type != NODE_STR || password->type != NODE_STR) {
        exchange_fail(x, 400, "a login needs \"user\" and \"password\"");
        return;
    }
    x->logged_in =
        access_check_password(&x->web->access, slice_cstr(user->text), slice_cstr(password->text));
    if (!x->logged_in)
        exchange_fail(x, 401, "the name or the password is wrong");
}

static void finish_login(struct exchange *x)
{
    struct web *web = x->web;
    char secret[SECRET_TEXT];
    if (!x->logged_in) {
        web_count(web, COUNTER_WEB_LOGINS_FAILED);
        return;
    }
    limiter_succeeded(&web->limiter, &x->ip);
    web_count(web, COUNTER_WEB_LOGINS);
    const struct access_session *s =
        access_begin(&web->access, x->logged_in, clock_mono_ns(), secret);
    x->who.role = x->logged_in->role;
    x->who.name = x->logged_in->name;
    set_cookie(x, secret, web->conf.life_ns);
    log_info("web", "login of %.*s", (int)x->who.name.n, (const char *)x->who.name.p);
    show(x, s);
}

/* An attempt counts as failed until it is known to be none: many at once get no further. */
void session_login(struct exchange *x)
{
    struct web *web = x->web;
    int64_t now = clock_mono_ns(), wait = limiter_wait_ns(&web->limiter, &x->ip, now);
    char seconds[24];
    if (!access_needs_login(&web->access)) {
        show(x, NULL);
        return;
    }
    if (wait) {
        web_count(web, COUNTER_WEB_LOGINS_FAILED);
        snprintf(seconds, sizeof seconds, "%lld", (long long)(wait / SECOND_NS + 1));
        exchange_fail(x, 429, "too many logins failed from this address: wait %s s", seconds);
        exchange_header(x, "Retry-After", seconds);
        return;
    }
    limiter_failed(&web->limiter, &x->ip, now);
    x->work = check_password;
    x->finish = finish_login;
}

void session_logout(struct exchange *x)
{
    struct access_session *s = session_now(x);
    if (s)
        access_end(s);
    x->who = (struct who){ .is_local = x->who.is_local };
    set_cookie(x, "", 0);
    show(x, NULL);
}
