/* TLS as outputs use it: the options `ssl.*` (packetbeat-core.md 2.10) and what is made of them. */
#pragma once

#include <openssl/ssl.h>

#include "model/option.h"

struct tls_conf {
    const char *enabled, *verification_mode, *certificate, *key, *key_passphrase, *renegotiation,
        *ca_trusted_fingerprint;
    struct texts supported_protocols, cipher_suites, curve_types, certificate_authorities,
        ca_sha256;
};

/* Rows of an output's table whose owner has the member `ssl` of type struct tls_conf. */
/* clang-format off */
#define TLS_OPTIONS(owner) \
    OPT(owner, ssl.enabled,                 TEXT,   "ssl.enabled",                 NULL, 0, 0, 0, \
        "Speak TLS; by default when any ssl option is given."), \
    OPT(owner, ssl.verification_mode,       TEXT,   "ssl.verification_mode",       NULL, 0, 0, 0, \
        "full (chain and name, default), strict (the name must be a SAN), certificate (chain alone), none."), \
    OPT(owner, ssl.supported_protocols,     TEXTS,  "ssl.supported_protocols",     NULL, 0, 0, 0, \
        "TLSv1.1 to TLSv1.3: the lowest and the highest of the list hold."), \
    OPT(owner, ssl.cipher_suites,           TEXTS,  "ssl.cipher_suites",           NULL, 0, 0, 0, \
        "Cipher suites that may be used up to TLS 1.2, as Beats name them."), \
    OPT(owner, ssl.curve_types,             TEXTS,  "ssl.curve_types",             NULL, 0, 0, 0, "P-256, P-384, P-521, X25519."), \
    OPT(owner, ssl.certificate_authorities, TEXTS,  "ssl.certificate_authorities", NULL, 0, 0, 0, \
        "Files, or PEM text, of trusted authorities (default: the system's)."), \
    OPT(owner, ssl.certificate,             TEXT,   "ssl.certificate",             NULL, 0, 0, 0, \
        "File, or PEM text, of our own certificate with its chain."), \
    OPT(owner, ssl.key,                     TEXT,   "ssl.key",                     NULL, 0, 0, 0, "File, or PEM text, of its key."), \
    OPT(owner, ssl.key_passphrase,          SECRET, "ssl.key_passphrase",          NULL, 0, 0, 0, "Passphrase of an encrypted key."), \
    OPT(owner, ssl.renegotiation,           TEXT,   "ssl.renegotiation",           NULL, 0, 0, 0, \
        "never (default), once or freely: may the server renegotiate up to TLS 1.2."), \
    OPT(owner, ssl.ca_sha256,               TEXTS,  "ssl.ca_sha256",               NULL, 0, 0, 0, \
        "Base64 SHA-256 of the public key of an authority that must be in the verified chain."), \
    OPT(owner, ssl.ca_trusted_fingerprint,  TEXT,   "ssl.ca_trusted_fingerprint",  NULL, 0, 0, 0, \
        "Hex SHA-256 of an authority's certificate that is trusted when the server shows it."), \
    { "ssl.restart_on_cert_change", OPT_NODE, 0, NULL, 0, 0, OPT_INERT, NULL, "Restart when a certificate's file changes." }
/* clang-format on */

struct tls_client;

/* True when the options ask for TLS. */
bool tls_wanted(const struct tls_conf *conf);

/* Reads certificates and keys. prefix ("output.logstash.ssl") stands in messages; files are below
 * the folder of tls_set_folder. */
MUST_CHECK err tls_client_new(const struct tls_conf *conf, const char *prefix,
                              struct tls_client **out, struct why *w);
void tls_client_free(struct tls_client *t);

/* A connection that will check that it speaks to host (a name or an address). NULL: no memory. */
SSL *tls_client_connect(struct tls_client *t, const char *host);

/* After the handshake: what verification left to be checked (ca_sha256). */
MUST_CHECK err tls_client_check(const struct tls_client *t, SSL *ssl, struct why *w);

/* Why a handshake failed, in words. */
void tls_explain(SSL *ssl, unsigned long code, struct why *w);
const char *tls_mode(const struct tls_client *t); /* full, strict, certificate, none */

/* Where files of certificates are when their paths are not absolute: path.config. Boot only; the
 * text must stay. */
void tls_set_folder(const char *folder);
