/* OpenSSL contexts of servers. TLS 1.2 and 1.3, no renegotiation, no session tickets kept. */
#include "pipe/servertls.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define SELF_SIGNED_DAYS 365
#define DAY_SECONDS      86400

const char *const tls_client_auth_names[] = { "disabled", "optional", "required", NULL };

const char *tls_error(char *text, size_t n)
{
    unsigned long code = ERR_get_error();
    if (code)
        ERR_error_string_n(code, text, n);
    else
        snprintf(text, n, "no reason given");
    ERR_clear_error();
    return text;
}

static err fail(struct why *w, const char *name, const char *key, const char *file)
{
    char text[256];
    return why_set(w, ERR_CONFIG, "%s.%s: %s: %s", name, key, file, tls_error(text, sizeof text));
}

static int give_password(char *to, int size, int writing, void *ctx)
{
    size_t n = ctx ? strlen(ctx) : 0;
    (void)writing;
    if (!n || n > (size_t)size)
        return 0;
    memcpy(to, ctx, n);
    return (int)n;
}

/* ---- a pair of our own */

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e && X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
    return ok;
}

static bool fill_cert(X509 *cert, EVP_PKEY *key)
{
    char host[256] = "localhost", alternatives[400];
    gethostname(host, sizeof host - 1);
    snprintf(alternatives, sizeof alternatives, "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:%s", host);
    X509_NAME *name = X509_get_subject_name(cert);
    return X509_set_version(cert, 2) && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_SECONDS) &&
           X509_gmtime_adj(X509_getm_notAfter(cert), SELF_SIGNED_DAYS * DAY_SECONDS) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)host, -1, -1,
                                      0) &&
           X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
           add_extension(cert, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(cert, NID_subject_alt_name, alternatives) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

static err use_own_pair(SSL_CTX *ctx, const char *name, struct why *w)
{
    char text[256];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    bool ok = key && cert && fill_cert(cert, key) && SSL_CTX_use_certificate(ctx, cert) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, key) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    if (!ok)
        return why_set(w, ERR_IO, "%s: no self-signed pair can be made: %s", name,
                       tls_error(text, sizeof text));
    log_warn("intake", "%s: TLS without tls_cert_file: a self-signed pair serves until the end",
             name);
    return ERR_OK;
}

/* ---- files */

static err use_files(SSL_CTX *ctx, const struct tls_conf *conf, const char *name, struct why *w)
{
    if (!conf->cert_file || !conf->key_file)
        return why_set(w, ERR_CONFIG, "%s: tls_cert_file and tls_key_file go together", name);
    SSL_CTX_set_default_passwd_cb(ctx, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, (void *)(uintptr_t)conf->key_password);
    if (SSL_CTX_use_certificate_chain_file(ctx, conf->cert_file) != 1)
        return fail(w, name, "tls_cert_file", conf->cert_file);
    if (SSL_CTX_use_PrivateKey_file(ctx, conf->key_file, SSL_FILETYPE_PEM) != 1)
        return fail(w, name, "tls_key_file", conf->key_file);
    return ERR_OK;
}

/* Its names are what clients are told they may show certificates of. */
static bool trust_file(SSL_CTX *ctx, const char *path)
{
    STACK_OF(X509_NAME) *names = SSL_dup_CA_list(SSL_CTX_get_client_CA_list(ctx));
    if (!names)
        names = sk_X509_NAME_new_null();
    if (names && SSL_add_file_cert_subjects_to_stack(names, path))
        SSL_CTX_set_client_CA_list(ctx, names);
    else
        sk_X509_NAME_pop_free(names, X509_NAME_free);
    return SSL_CTX_load_verify_locations(ctx, path, NULL) == 1;
}

/* Every regular file of the folder, whatever its name; how many are trusted now. */
static unsigned trust_folder(SSL_CTX *ctx, const char *path)
{
    char file[4096];
    struct stat st;
    unsigned n = 0;
    DIR *folder = opendir(path);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        int length = snprintf(file, sizeof file, "%s/%s", path, d->d_name);
        if (length < 0 || (size_t)length >= sizeof file || stat(file, &st) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        n += trust_file(ctx, file);
        ERR_clear_error();
    }
    if (folder)
        closedir(folder);
    return n;
}

/* Trusted means: this certificate itself, or one that it signed; a root need not be at hand. */
static err trust(SSL_CTX *ctx, const struct tls_conf *conf, const char *name, struct why *w)
{
    const char *path = conf->client_auth_cert_file;
    struct stat st;
    if (!path || !*path)
        return why_set(w, ERR_CONFIG,
                       "%s: tls_client_auth needs tls_client_auth_cert_file: whom to trust", name);
    if (stat(path, &st) != 0)
        return why_set(w, ERR_CONFIG, "%s.tls_client_auth_cert_file: %s: not there", name, path);
    X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    bool ok = S_ISDIR(st.st_mode) ? trust_folder(ctx, path) > 0 : trust_file(ctx, path);
    return ok ? ERR_OK : fail(w, name, "tls_client_auth_cert_file", path);
}

static err set_up(SSL_CTX *ctx, const struct tls_conf *conf, const char *name, struct why *w)
{
    static const unsigned char session[] = "wirelume";
    bool files = (conf->cert_file && *conf->cert_file) || (conf->key_file && *conf->key_file);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_id_context(ctx, session, sizeof session - 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    err rc = files ? use_files(ctx, conf, name, w) : use_own_pair(ctx, name, w);
    if (rc || conf->client_auth == TLS_CLIENT_DISABLED)
        return rc;
    int mode = SSL_VERIFY_PEER;
    if (conf->client_auth == TLS_CLIENT_REQUIRED)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(ctx, mode, NULL);
    return trust(ctx, conf, name, w);
}

err tls_new(const struct tls_conf *conf, const char *name, SSL_CTX **out, struct why *w)
{
    *out = NULL;
    if (!conf->enable)
        return ERR_OK;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return why_set(w, ERR_IO, "%s: OpenSSL does not begin", name);
    err rc = set_up(ctx, conf, name, w);
    if (rc)
        SSL_CTX_free(ctx);
    else
        *out = ctx;
    return rc;
}

void tls_free(SSL_CTX *ctx)
{
    SSL_CTX_free(ctx);
}
