/* The options `ssl.*` put into an OpenSSL context (packetbeat-core.md 2.10). */
#include "out/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/buf.h"
#include "base/bug.h"
#include "os/file.h"

#define PEM_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define CHAIN_MAX     16

static const char *const modes[] = { "full", "strict", "certificate", "none", NULL };
enum mode { MODE_FULL, MODE_STRICT, MODE_CERTIFICATE, MODE_NONE };

struct tls_client {
    SSL_CTX *ctx;
    const struct tls_conf *conf;
    enum mode mode;
    uint8_t fingerprint[32]; /* ca_trusted_fingerprint */
    bool has_fingerprint;
};

struct maker {
    struct tls_client *t;
    const struct tls_conf *conf;
    const char *prefix;
    struct why *w;
};

struct name_pair {
    const char *beats, *openssl;
};

/* clang-format off */
static const struct name_pair suites[] = {
    { "ECDHE-ECDSA-AES-128-CBC-SHA",    "ECDHE-ECDSA-AES128-SHA" },
    { "ECDHE-ECDSA-AES-128-CBC-SHA256", "ECDHE-ECDSA-AES128-SHA256" },
    { "ECDHE-ECDSA-AES-128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256" },
    { "ECDHE-ECDSA-AES-256-CBC-SHA",    "ECDHE-ECDSA-AES256-SHA" },
    { "ECDHE-ECDSA-AES-256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384" },
    { "ECDHE-ECDSA-CHACHA20-POLY1305",  "ECDHE-ECDSA-CHACHA20-POLY1305" },
    { "ECDHE-RSA-AES-128-CBC-SHA",      "ECDHE-RSA-AES128-SHA" },
    { "ECDHE-RSA-AES-128-CBC-SHA256",   "ECDHE-RSA-AES128-SHA256" },
    { "ECDHE-RSA-AES-128-GCM-SHA256",   "ECDHE-RSA-AES128-GCM-SHA256" },
    { "ECDHE-RSA-AES-256-CBC-SHA",      "ECDHE-RSA-AES256-SHA" },
    { "ECDHE-RSA-AES-256-GCM-SHA384",   "ECDHE-RSA-AES256-GCM-SHA384" },
    { "ECDHE-RSA-CHACHA20-POLY1305",    "ECDHE-RSA-CHACHA20-POLY1305" },
    { "ECDHE-RSA-CHACHA20-POLY1205",    "ECDHE-RSA-CHACHA20-POLY1305" }, /* as Beats spell it */
    { "RSA-AES-128-CBC-SHA",            "AES128-SHA" },
    { "RSA-AES-128-CBC-SHA256",         "AES128-SHA256" },
    { "RSA-AES-128-GCM-SHA256",         "AES128-GCM-SHA256" },
    { "RSA-AES-256-CBC-SHA",            "AES256-SHA" },
    { "RSA-AES-256-GCM-SHA384",         "AES256-GCM-SHA384" },
    { "RSA-3DES-CBC3-SHA",              NULL },
    { "ECDHE-RSA-3DES-CBC3-SHA",        NULL },
    { "RSA-RC4-128-SHA",                NULL },
    { "ECDHE-RSA-RC4-128-SHA",          NULL },
    { "ECDHE-ECDSA-RC4-128-SHA",        NULL },
    { "TLS-AES-128-GCM-SHA256",         "TLS_AES_128_GCM_SHA256" },
    { "TLS-AES-256-GCM-SHA384",         "TLS_AES_256_GCM_SHA384" },
    { "TLS-CHACHA20-POLY1305-SHA256",   "TLS_CHACHA20_POLY1305_SHA256" },
};

static const struct { const char *name; int version; } versions[] = {
    { "TLSv1", TLS1_VERSION }, { "TLSv1.0", TLS1_VERSION }, { "TLSv1.1", TLS1_1_VERSION },
    { "TLSv1.2", TLS1_2_VERSION }, { "TLSv1.3", TLS1_3_VERSION },
};
/* clang-format on */

static const char *config_folder = "";

void tls_set_folder(const char *folder)
{
    config_folder = folder;
}

static bool is_set(const char *text)
{
    return text && *text;
}

bool tls_wanted(const struct tls_conf *c)
{
    if (c->enabled)
        return strcmp(c->enabled, "false") != 0 && strcmp(c->enabled, "off") != 0 &&
               strcmp(c->enabled, "no") != 0;
    return c->verification_mode || c->certificate || c->key || c->key_passphrase ||
           c->renegotiation || c->ca_trusted_fingerprint || c->supported_protocols.n ||
           c->cipher_suites.n || c->curve_types.n || c->certificate_authorities.n || c->ca_sha256.n;
}

/* ---- PEM from text or files */

static const char *openssl_text(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text ? text : "not usable";
}

static void path_of(const char *name, struct buf *b)
{
    if (name[0] != '/' && *config_folder) {
        buf_cstr(b, config_folder);
        buf_u8(b, '/');
    }
    buf_cstr(b, name);
    buf_u8(b, '\0');
}

/* A memory BIO over PEM text, or over a file. */
static BIO *open_pem(const struct maker *m, const char *option, const char *text)
{
    char path[4096];
    struct buf b = buf_of(path, sizeof path);
    if (strstr(text, "-----BEGIN"))
        return BIO_new_mem_buf(text, -1);
    path_of(text, &b);
    BIO *file = b.full ? NULL : BIO_new_file(path, "r");
    if (!file) {
        err e =
            why_set(m->w, ERR_CONFIG, "%s.%s: %s: %s", m->prefix, option, text, strerror(errno));
        (void)e;
    }
    ERR_clear_error();
    return file;
}

static int passphrase(char *out, int size, int writing, void *ctx)
{
    (void)writing;
    const char *text = ctx;
    size_t n = text ? strlen(text) : 0;
    if (n > (size_t)size)
        return -1;
    if (n)
        memcpy(out, text, n);
    return (int)n;
}

/* ---- what is trusted */

static err add_authority(const struct maker *m, const char *text)
{
    BIO *in = open_pem(m, "certificate_authorities", text);
    X509 *x;
    unsigned n = 0;
    if (!in)
        return ERR_CONFIG;
    for (; (x = PEM_read_bio_X509(in, NULL, NULL, NULL)); n++) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(m->t->ctx), x);
        X509_free(x);
    }
    BIO_free(in);
    ERR_clear_error();
    return n ? ERR_OK
             : why_set(m->w, ERR_CONFIG, "%s.certificate_authorities: no certificate in %.60s",
                       m->prefix, text);
}

static err add_authorities(const struct maker *m)
{
    const struct texts *list = &m->conf->certificate_authorities;
    if (!list->n)
        SSL_CTX_set_default_verify_paths(m->t->ctx);
    for (unsigned i = 0; i < list->n; i++) {
        err e = add_authority(m, list->v[i]);
        if (e)
            return e;
    }
    return ERR_OK;
}

static err set_mode(const struct maker *m)
{
    const char *name = is_set(m->conf->verification_mode) ? m->conf->verification_mode : "full";
    for (unsigned i = 0; modes[i]; i++) {
        if (strcmp(modes[i], name) != 0)
            continue;
        m->t->mode = (enum mode)i;
        SSL_CTX_set_verify(m->t->ctx, i == MODE_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
        return ERR_OK;
    }
    return why_set(m->w, ERR_CONFIG,
                   "%s.verification_mode: \"%s\" is none of full, strict, certificate, none",
                   m->prefix, name);
}

static bool has_fingerprint(const struct tls_client *t, X509 *x)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    return X509_digest(x, EVP_sha256(), digest, &n) == 1 && n == sizeof t->fingerprint &&
           memcmp(digest, t->fingerprint, n) == 0;
}

/* ca_trusted_fingerprint: an authority that the server shows becomes trusted. */
static int verify_chain(X509_STORE_CTX *store, void *ctx)
{
    struct tls_client *t = ctx;
    STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(store);
    for (int i = 0; i < sk_X509_num(shown) && i < CHAIN_MAX; i++) {
        X509 *x = sk_X509_value(shown, i);
        if (X509_check_ca(x) && has_fingerprint(t, x))
            X509_STORE_add_cert(SSL_CTX_get_cert_store(t->ctx), x);
    }
    return X509_verify_cert(store);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, ascii_lower((uint8_t)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

static err set_fingerprint(const struct maker *m)
{
    const char *text = m->conf->ca_trusted_fingerprint;
    if (!is_set(text))
        return ERR_OK;
    for (unsigned i = 0; i < sizeof m->t->fingerprint; i++, text += 2) {
        int hi = hex_digit(text[0]), lo = hi < 0 ? -1 : hex_digit(text[1]);
        if (lo < 0)
            return why_set(m->w, ERR_CONFIG, "%s.ca_trusted_fingerprint: 64 hex digits are needed",
                           m->prefix);
        m->t->fingerprint[i] = (uint8_t)(hi << 4 | lo);
    }
    m->t->has_fingerprint = true;
    SSL_CTX_set_cert_verify_callback(m->t->ctx, verify_chain, m->t);
    return ERR_OK;
}

/* ---- our own certificate */

static err load_chain(const struct maker *m, BIO *in)
{
    X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);
    bool good = x && SSL_CTX_use_certificate(m->t->ctx, x) == 1;
    X509_free(x);
    while (good && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)))
        if (SSL_CTX_add0_chain_cert(m->t->ctx, x) != 1)
            X509_free(x);
    return good ? ERR_OK
                : why_set(m->w, ERR_CONFIG, "%s.certificate: %s", m->prefix, openssl_text());
}

static err load_key(const struct maker *m, BIO *in)
{
    void *secret = (void *)(uintptr_t)m->conf->key_passphrase;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, passphrase, secret);
    bool good = key && SSL_CTX_use_PrivateKey(m->t->ctx, key) == 1 &&
                SSL_CTX_check_private_key(m->t->ctx) == 1;
    EVP_PKEY_free(key);
    return good ? ERR_OK
                : why_set(m->w, ERR_CONFIG,
                          "%s.key: %s (does it belong to the certificate, and "
                          "is key_passphrase right?)",
                          m->prefix, openssl_text());
}

static err set_identity(const struct maker *m)
{
    const struct tls_conf *c = m->conf;
    if (!is_set(c->certificate) && !is_set(c->key))
        return ERR_OK;
    if (!is_set(c->certificate) || !is_set(c->key))
        return why_set(m->w, ERR_CONFIG, "%s: certificate and key are needed both", m->prefix);
    BIO *certificate = open_pem(m, "certificate", c->certificate);
    BIO *key = certificate ? open_pem(m, "key", c->key) : NULL;
    err e = certificate && key ? load_chain(m, certificate) : ERR_CONFIG;
    if (!e)
        e = load_key(m, key);
    BIO_free(certificate);
    BIO_free(key);
    ERR_clear_error();
    return e;
}

/* ---- versions, suites, curves */

static int version_of(const char *name)
{
    for (unsigned i = 0; i < COUNT(versions); i++)
        if (strcmp(versions[i].name, name) == 0)
            return versions[i].version;
    return 0;
}

static err set_versions(const struct maker *m)
{
    const struct texts *list = &m->conf->supported_protocols;
    int low = list->n ? TLS1_3_VERSION : TLS1_1_VERSION, high = list->n ? 0 : TLS1_3_VERSION;
    for (unsigned i = 0; i < list->n; i++) {
        int v = version_of(list->v[i]);
        if (!v)
            return why_set(m->w, ERR_CONFIG,
                           "%s.supported_protocols: \"%s\" is none of TLSv1.0 to TLSv1.3",
                           m->prefix, list->v[i]);
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    /* OpenSSL signs nothing with SHA-1 at its usual level; who asks for old versions alone gets
     * them. */
    if (high < TLS1_2_VERSION)
        SSL_CTX_set_security_level(m->t->ctx, 0);
    SSL_CTX_set_min_proto_version(m->t->ctx, low);
    SSL_CTX_set_max_proto_version(m->t->ctx, high);
    return ERR_OK;
}

static err add_suite(const struct maker *m, const char *name, struct buf *old, struct buf *new)
{
    for (unsigned i = 0; i < COUNT(suites); i++) {
        if (strcmp(suites[i].beats, name) != 0)
            continue;
        if (!suites[i].openssl)
            return why_set(m->w, ERR_UNSUPPORTED, "%s.cipher_suites: %s is broken and not there",
                           m->prefix, name);
        struct buf *b = strncmp(suites[i].openssl, "TLS_", 4) == 0 ? new : old;
        if (b->n)
            buf_u8(b, ':');
        buf_cstr(b, suites[i].openssl);
        return ERR_OK;
    }
    return why_set(m->w, ERR_CONFIG, "%s.cipher_suites: there is no \"%s\"", m->prefix, name);
}

static err set_suites(const struct maker *m)
{
    char text[2][2048];
    struct buf old = buf_of(text[0], sizeof text[0] - 1), new = buf_of(text[1], sizeof text[1] - 1);
    for (unsigned i = 0; i < m->conf->cipher_suites.n; i++) {
        err e = add_suite(m, m->conf->cipher_suites.v[i], &old, &new);
        if (e)
            return e;
    }
    text[0][old.n] = text[1][new.n] = '\0';
    if ((old.n && SSL_CTX_set_cipher_list(m->t->ctx, text[0]) != 1) ||
        (new.n &&SSL_CTX_set_ciphersuites(m->t->ctx, text[1]) != 1))
        return why_set(m->w, ERR_CONFIG, "%s.cipher_suites: %s", m->prefix, openssl_text());
    return ERR_OK;
}

static err set_curves(const struct maker *m)
{
    char text[512];
    struct buf b = buf_of(text, sizeof text - 1);
    for (unsigned i = 0; i < m->conf->curve_types.n; i++) {
        if (b.n)
            buf_u8(&b, ':');
        buf_cstr(&b, m->conf->curve_types.v[i]);
    }
    text[b.n] = '\0';
    if (b.n && SSL_CTX_set1_groups_list(m->t->ctx, text) != 1)
        return why_set(m->w, ERR_CONFIG, "%s.curve_types: \"%s\": P-256, P-384, P-521, X25519",
                       m->prefix, text);
    return ERR_OK;
}

static err set_renegotiation(const struct maker *m)
{
    const char *text = is_set(m->conf->renegotiation) ? m->conf->renegotiation : "never";
    if (strcmp(text, "never") == 0)
        SSL_CTX_set_options(m->t->ctx, SSL_OP_NO_RENEGOTIATION);
    else if (strcmp(text, "once") != 0 && strcmp(text, "freely") != 0)
        return why_set(m->w, ERR_CONFIG, "%s.renegotiation: \"%s\" is none of never, once, freely",
                       m->prefix, text);
    return ERR_OK;
}

/* ---- all of it */

err tls_client_new(const struct tls_conf *conf, const char *prefix, struct tls_client **out,
                   struct why *w)
{
    static err (*const steps[])(const struct maker *m) = {
        set_mode,   add_authorities, set_fingerprint,   set_identity,
        set_suites, set_curves,      set_renegotiation, set_versions,
    };
    struct tls_client *t = xcalloc(1, sizeof *t);
    struct maker m = { t, conf, prefix, w };
    t->conf = conf;
    t->ctx = SSL_CTX_new(TLS_client_method());
    *out = t;
    err e = t->ctx ? ERR_OK : why_set(w, ERR_LIMIT, "%s: %s", prefix, openssl_text());
    for (unsigned i = 0; i < COUNT(steps) && !e; i++)
        e = steps[i](&m);
    if (!e)
        return ERR_OK;
    tls_client_free(t);
    *out = NULL;
    return e;
}

void tls_client_free(struct tls_client *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    xfree(t);
}

SSL *tls_client_connect(struct tls_client *t, const char *host)
{
    uint8_t address[16];
    SSL *ssl = SSL_new(t->ctx);
    if (!ssl)
        return NULL;
    X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    if (!is_address)
        SSL_set_tlsext_host_name(ssl, host);
    if (t->mode > MODE_STRICT)
        return ssl;
    if (t->mode == MODE_STRICT)
        X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_address)
        X509_VERIFY_PARAM_set1_ip_asc(p, host);
    else
        X509_VERIFY_PARAM_set1_host(p, host, 0);
    return ssl;
}

/* Is the SHA-256 of the public key, in base64, one of ca_sha256? */
static bool is_pinned(const struct tls_client *t, X509 *x)
{
    uint8_t *der = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char text[64];
    struct buf b = buf_of(text, sizeof text - 1);
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    if (size <= 0)
        return false;
    EVP_Digest(der, (size_t)size, digest, &n, EVP_sha256(), NULL);
    OPENSSL_free(der);
    buf_base64(&b, slice_of(digest, n), true);
    for (unsigned i = 0; i < t->conf->ca_sha256.n; i++)
        if (slice_eq(buf_slice(&b), slice_cstr(t->conf->ca_sha256.v[i])))
            return true;
    return false;
}

err tls_client_check(const struct tls_client *t, SSL *ssl, struct why *w)
{
    if (!t->conf->ca_sha256.n || t->mode == MODE_NONE)
        return ERR_OK;
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    for (int i = 0; i < sk_X509_num(chain) && i < CHAIN_MAX; i++) {
        X509 *x = sk_X509_value(chain, i);
        if (X509_check_ca(x) && is_pinned(t, x))
            return ERR_OK;
    }
    return why_set(w, ERR_RIGHTS, "no authority of the certificate's chain is in ssl.ca_sha256");
}

void tls_explain(SSL *ssl, unsigned long code, struct why *w)
{
    const char *reason = ERR_reason_error_string(code);
    long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    err e = verified != X509_V_OK
                ? why_set(w, ERR_IO, "TLS: the certificate is not accepted: %s",
                          X509_verify_cert_error_string(verified))
                : why_set(w, ERR_IO, "TLS: %s", reason ? reason : "the connection was closed");
    (void)e;
}

const char *tls_mode(const struct tls_client *t)
{
    return modes[t->mode];
}
