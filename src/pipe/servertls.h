/* TLS of the receiver's inputs: the options of Graylog's inputs (graylog.md 1.2) as an OpenSSL
 * context. */
#pragma once

#include "model/option.h"

enum tls_client_auth { TLS_CLIENT_DISABLED, TLS_CLIENT_OPTIONAL, TLS_CLIENT_REQUIRED };

struct tls_conf {
    bool enable;
    const char *cert_file, *key_file, *key_password;
    int client_auth; /* enum tls_client_auth */
    const char *client_auth_cert_file;
};

extern const char *const tls_client_auth_names[];

/* Rows for an input's table; `owner` has a struct tls_conf `tls`. */
/* clang-format off */
#define TLS_OPTIONS(owner) \
    OPT(owner, tls.enable,                BOOL,   "tls_enable",                "false", 0, 0, 0, "Speak TLS."), \
    OPT(owner, tls.cert_file,             TEXT,   "tls_cert_file",             NULL,    0, 0, 0, "Certificate chain, PEM; without one a self-signed pair serves until the end."), \
    OPT(owner, tls.key_file,              TEXT,   "tls_key_file",              NULL,    0, 0, 0, "Its private key, PEM."), \
    OPT(owner, tls.key_password,          SECRET, "tls_key_password",          NULL,    0, 0, 0, "Password of the key."), \
    OPT_NAMES(owner, tls.client_auth,             "tls_client_auth",           "disabled", tls_client_auth_names, 0, "Whether clients show a certificate."), \
    OPT(owner, tls.client_auth_cert_file, TEXT,   "tls_client_auth_cert_file", NULL,    0, 0, 0, "File or folder of the certificates (PEM) that clients are trusted by.")
/* clang-format on */

struct ssl_ctx_st;

/* *out is NULL when TLS is off. name stands in messages ("inputs.beats"). Free with tls_free. */
MUST_CHECK err tls_new(const struct tls_conf *conf, const char *name, struct ssl_ctx_st **out,
                       struct why *w);
void tls_free(struct ssl_ctx_st *ctx);

/* The oldest error that OpenSSL keeps for this thread, as text; the others are forgotten. */
const char *tls_error(char *text, size_t n);
