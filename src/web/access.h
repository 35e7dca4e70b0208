/* Who may do what: users with scrypt hashes, tokens, sessions, the CSRF token. All secrets are
 * random or hashed here; sessions are kept in memory only. The loop's thread, but
 * access_check_password.
 */
#pragma once

#include "model/option.h"
#include "web/password.h"
#include "web/route.h"

#define ACCESS_NAMES    256 /* users, and tokens */
#define ACCESS_NAME_MAX 64
#define SESSIONS_MAX    256 /* beyond: the one unused for longest ends */
#define SECRET_TEXT     44  /* 32 random bytes in base64url, with NUL */

struct access_conf {
    struct texts users, tokens; /* NAME:ROLE:scrypt:…, NAME:ROLE:sha256:HEX */
    int64_t idle_ns, life_ns;   /* of a session */
};

struct access_user {
    struct slice name;
    enum access_need role; /* ACCESS_READ or ACCESS_ADMIN */
    struct password password;
};

struct access_token {
    struct slice name;
    enum access_need role;
    uint8_t hash[32];
};

struct access_session {
    uint8_t hash[32]; /* of the cookie's text */
    char csrf[SECRET_TEXT];
    const struct access_user *user; /* NULL: the place is free */
    int64_t begun_ns, used_ns;
};

struct access {
    struct access_conf conf;
    struct access_user user[ACCESS_NAMES];
    struct access_token token[ACCESS_NAMES];
    unsigned n_users, n_tokens;
    struct access_session session[SESSIONS_MAX];
    char csrf[SECRET_TEXT]; /* where no login is needed */
};

/* Reads users and tokens; name of the section ("web") and texts must outlive a. */
MUST_CHECK err access_open(struct access *a, const struct access_conf *conf, struct why *w);

/* Are there users or tokens? Then nobody gets in without. */
bool access_needs_login(const struct access *a);

/* NULL: no such user, or not the password. Takes as long for both. Any thread. */
const struct access_user *access_check_password(const struct access *a, struct slice user,
                                                struct slice password);

/* A session for u; the text of its cookie into secret. */
struct access_session *access_begin(struct access *a, const struct access_user *u, int64_t now_ns,
                                    char secret[SECRET_TEXT]);
void access_end(struct access_session *s);

/* The session of a cookie, which is used now; NULL: none, or it is over. */
struct access_session *access_session_of(struct access *a, struct slice cookie, int64_t now_ns);
const struct access_token *access_token_of(const struct access *a, struct slice token);

/* Equal texts, in the same time wherever they differ. */
bool access_same(struct slice a, struct slice b);

/* 32 random bytes as text. */
void access_secret(char out[SECRET_TEXT]);

/* 1 to ACCESS_NAME_MAX bytes, no blanks, no control characters, no ':'. */
bool access_name_ok(struct slice s);

/* "reader", "admin" */
const char *access_role_name(enum access_need role);
bool access_role_read(struct slice text, enum access_need *out);

/* What goes into web.tokens for a token. */
void access_token_line(struct buf *b, const char *name, enum access_need role, struct slice token);
