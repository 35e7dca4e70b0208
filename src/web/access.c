/* Users, tokens, sessions. */
#include "web/access.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/bug.h"

#define SECRET_BYTES 32

bool access_same(struct slice a, struct slice b)
{
    return a.n == b.n && a.n && CRYPTO_memcmp(a.p, b.p, a.n) == 0;
}

static void hash_of(struct slice s, uint8_t out[32])
{
    BUG_ON(!SHA256(s.p, s.n, out));
}

void access_secret(char out[SECRET_TEXT])
{
    uint8_t random[SECRET_BYTES];
    xneed(RAND_bytes(random, sizeof random) == 1, "random numbers");
    struct buf b = buf_of(out, SECRET_TEXT);
    buf_base64(&b, slice_of(random, sizeof random), false);
    for (size_t i = 0; i < b.n; i++)
        out[i] = (char)(out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i]);
    out[b.n] = '\0';
}

/* ---- names of the configuration */

static const char *const role_names[] = { [ACCESS_READ] = "reader", [ACCESS_ADMIN] = "admin" };

const char *access_role_name(enum access_need role)
{
    return role_names[role];
}

bool access_role_read(struct slice text, enum access_need *out)
{
    *out = slice_eq(text, SLICE("admin")) ? ACCESS_ADMIN : ACCESS_READ;
    return *out == ACCESS_ADMIN || slice_eq(text, SLICE("reader"));
}

bool access_name_ok(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == ':' || s.p[i] == '"')
            return false;
    return s.n > 0 && s.n <= ACCESS_NAME_MAX;
}

/* NAME:ROLE: at the start of *rest, which moves behind it. */
static bool read_name(struct slice *rest, struct slice *name, enum access_need *role)
{
    ptrdiff_t at = slice_find(*rest, ':');
    *name = slice_first(*rest, at < 0 ? 0 : (size_t)at);
    *rest = slice_after(*rest, name->n + 1);
    ptrdiff_t end = slice_find(*rest, ':');
    bool ok =
        end > 0 && access_name_ok(*name) && access_role_read(slice_first(*rest, (size_t)end), role);
    *rest = slice_after(*rest, end < 0 ? rest->n : (size_t)end + 1);
    return ok;
}

static err add_user(struct access *a, struct slice text, unsigned number, struct why *w)
{
    struct access_user *u = &a->user[a->n_users];
    if (!read_name(&text, &u->name, &u->role) || !password_read(&u->password, text))
        return why_set(w, ERR_CONFIG,
                       "web.users: item %u is not NAME:ROLE:scrypt:… with the role reader or admin "
                       "(mend: `wirelume web user NAME` prints the line)",
                       number);
    for (unsigned i = 0; i < a->n_users; i++)
        if (slice_eq(a->user[i].name, u->name))
            return why_set(w, ERR_CONFIG, "web.users: %.*s is there twice", (int)u->name.n,
                           (const char *)u->name.p);
    a->n_users++;
    return ERR_OK;
}

static int hex(uint8_t c)
{
    uint8_t l = ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

static bool read_hash(struct slice text, uint8_t out[32])
{
    if (!slice_starts(text, SLICE("sha256:")) || text.n != 7 + 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int high = hex(text.p[7 + 2 * i]), low = hex(text.p[8 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static err add_token(struct access *a, struct slice text, unsigned number, struct why *w)
{
    struct access_token *t = &a->token[a->n_tokens];
    if (!read_name(&text, &t->name, &t->role) || !read_hash(text, t->hash))
        return why_set(w, ERR_CONFIG,
                       "web.tokens: item %u is not NAME:ROLE:sha256:HEX with the role reader or "
                       "admin (mend: `wirelume web token NAME` prints the line)",
                       number);
    a->n_tokens++;
    return ERR_OK;
}

err access_open(struct access *a, const struct access_conf *conf, struct why *w)
{
    err rc = ERR_OK;
    *a = (struct access){ .conf = *conf };
    if (conf->users.n > ACCESS_NAMES || conf->tokens.n > ACCESS_NAMES)
        return why_set(w, ERR_CONFIG, "web.users and web.tokens have %d items at most",
                       ACCESS_NAMES);
    for (unsigned i = 0; i < conf->users.n && !rc; i++)
        rc = add_user(a, slice_cstr(conf->users.v[i]), i + 1, w);
    for (unsigned i = 0; i < conf->tokens.n && !rc; i++)
        rc = add_token(a, slice_cstr(conf->tokens.v[i]), i + 1, w);
    access_secret(a->csrf);
    return rc;
}

bool access_needs_login(const struct access *a)
{
    return a->n_users + a->n_tokens > 0;
}

/* ---- passwords and tokens */

const struct access_user *access_check_password(const struct access *a, struct slice user,
                                                struct slice password)
{
    static const struct password nobodys = { .log_n = 15, .r = 8, .p = 1 };
    const struct access_user *found = NULL;
    for (unsigned i = 0; i < a->n_users; i++)
        if (slice_eq(a->user[i].name, user))
            found = &a->user[i];
    bool same = password_is(found ? &found->password : &nobodys, password);
    return found && same ? found : NULL;
}

const struct access_token *access_token_of(const struct access *a, struct slice token)
{
    const struct access_token *found = NULL;
    uint8_t hash[32];
    hash_of(token, hash);
    for (unsigned i = 0; i < a->n_tokens; i++)
        if (CRYPTO_memcmp(a->token[i].hash, hash, sizeof hash) == 0)
            found = &a->token[i];
    return found;
}

void access_token_line(struct buf *b, const char *name, enum access_need role, struct slice token)
{
    uint8_t hash[32];
    hash_of(token, hash);
    buf_printf(b, "%s:%s:sha256:", name, role_names[role]);
    buf_hex(b, slice_of(hash, sizeof hash), false);
}

/* ---- sessions */

void access_end(struct access_session *s)
{
    *s = (struct access_session){ .user = NULL };
}

static struct access_session *place_for_one(struct access *a)
{
    struct access_session *oldest = &a->session[0];
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        if (!a->session[i].user)
            return &a->session[i];
        if (a->session[i].used_ns < oldest->used_ns)
            oldest = &a->session[i];
    }
    return oldest;
}

struct access_session *access_begin(struct access *a, const struct access_user *u, int64_t now_ns,
                                    char secret[SECRET_TEXT])
{
    struct access_session *s = place_for_one(a);
    access_end(s);
    access_secret(secret);
    hash_of(slice_cstr(secret), s->hash);
    access_secret(s->csrf);
    s->user = u;
    s->begun_ns = s->used_ns = now_ns;
    return s;
}

static bool is_over(const struct access *a, const struct access_session *s, int64_t now_ns)
{
    return now_ns - s->used_ns > a->conf.idle_ns || now_ns - s->begun_ns > a->conf.life_ns;
}

struct access_session *access_session_of(struct access *a, struct slice cookie, int64_t now_ns)
{
    uint8_t hash[32];
    if (cookie.n != SECRET_TEXT - 1)
        return NULL;
    hash_of(cookie, hash);
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        struct access_session *s = &a->session[i];
        if (!s->user || CRYPTO_memcmp(s->hash, hash, sizeof hash) != 0)
            continue;
        if (!is_over(a, s, now_ns)) {
            s->used_ns = now_ns;
            return s;
        }
        access_end(s);
    }
    return NULL;
}
