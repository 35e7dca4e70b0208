/* The keystore of Beats: "v1", then base64 of salt[64], iv[12] and AES-256-GCM of a JSON object
 * {"KEY": {"value": "<base64>"}} with its tag[16]; the key is PBKDF2-HMAC-SHA512 of the empty
 * password, 10,000 rounds. */
#include "app/keystore.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "codec/json.h"
#include "os/file.h"

#define SALT_BYTES 64
#define IV_BYTES   12
#define TAG_BYTES  16
#define KEY_BYTES  32
#define ROUNDS     10000
#define FILE_MAX   ((size_t)1 << 20)
#define KEYS_MAX   1000

struct entry {
    const char *key, *secret;
};

struct keystore {
    struct arena *mem;
    const char *path;
    struct entry entry[KEYS_MAX]; /* in the order of keys */
    unsigned n;
};

static bool derive_key(const uint8_t *salt, uint8_t key[KEY_BYTES])
{
    return PKCS5_PBKDF2_HMAC("", 0, salt, SALT_BYTES, ROUNDS, EVP_sha512(), KEY_BYTES, key) == 1;
}

/* in: ciphertext and tag. Plain text into out (n bytes less the tag). */
static bool decrypt(const uint8_t *sealed, size_t n, uint8_t *out, size_t *out_n)
{
    const uint8_t *iv = sealed + SALT_BYTES, *text = iv + IV_BYTES;
    size_t length = n - SALT_BYTES - IV_BYTES - TAG_BYTES;
    uint8_t key[KEY_BYTES], tag[TAG_BYTES];
    int put = 0, end = 0;
    memcpy(tag, sealed + n - TAG_BYTES, TAG_BYTES);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && derive_key(sealed, key) &&
              EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
              EVP_DecryptUpdate(c, out, &put, text, (int)length) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
              EVP_DecryptFinal_ex(c, out + put, &end) == 1;
    EVP_CIPHER_CTX_free(c);
    *out_n = ok ? (size_t)(put + end) : 0;
    return ok;
}

static bool encrypt(struct slice text, uint8_t *sealed)
{
    uint8_t *iv = sealed + SALT_BYTES, *out = iv + IV_BYTES, key[KEY_BYTES];
    int put = 0, end = 0;
    if (RAND_bytes(sealed, SALT_BYTES + IV_BYTES) != 1)
        return false;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && derive_key(sealed, key) &&
              EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
              EVP_EncryptUpdate(c, out, &put, text.p, (int)text.n) == 1 &&
              EVP_EncryptFinal_ex(c, out + put, &end) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + text.n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

/* Standard base64 with padding; memory from a. False when it is none. */
static bool from_base64(struct arena *a, struct slice text, uint8_t **out, size_t *n)
{
    *out = arena_alloc(a, text.n / 4 * 3 + 4);
    if (!*out || text.n % 4)
        return false;
    int length = EVP_DecodeBlock(*out, text.p, (int)text.n);
    size_t padding = 0;
    while (padding < text.n && padding < 2 && text.p[text.n - 1 - padding] == '=')
        padding++;
    if (length < 0)
        return false;
    *n = (size_t)length - padding;
    return true;
}

static int entry_cmp(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static err broken(const struct keystore *k, struct why *w, const char *what)
{
    return why_set(w, ERR_FORMAT, "could not read the keystore %s: %s", k->path, what);
}

static err read_entries(struct keystore *k, struct slice json, struct why *w)
{
    struct node *root;
    struct why inner;
    if (json_read(k->mem, json, "keystore", &root, &inner))
        return broken(k, w, inner.text);
    for (const struct node *c = root->child; root->type == NODE_MAP && c; c = c->next) {
        const struct node *value = node_get(c, "value");
        uint8_t *secret;
        size_t n;
        if (!value || !value->text || !from_base64(k->mem, slice_cstr(value->text), &secret, &n))
            return broken(k, w, "a value that is not base64");
        err rc = keystore_put(k, c->key, slice_of(secret, n), w);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

static err read_sealed(struct keystore *k, struct slice text, struct why *w)
{
    uint8_t *sealed;
    size_t n, plain_n;
    if (!slice_starts(text, SLICE("v1")))
        return broken(k, w, "it does not begin with v1");
    if (!from_base64(k->mem, slice_after(text, 2), &sealed, &n) ||
        n < SALT_BYTES + IV_BYTES + TAG_BYTES)
        return broken(k, w, "it is damaged");
    uint8_t *plain = arena_alloc(k->mem, n);
    if (!plain || !decrypt(sealed, n, plain, &plain_n))
        return broken(k, w, "it is damaged or has a password");
    return read_entries(k, slice_of(plain, plain_n), w);
}

err keystore_open(struct arena *a, const char *path, bool strict, struct keystore **out,
                  struct why *w)
{
    struct keystore *k = arena_zalloc(a, sizeof *k);
    struct stat st;
    struct slice text;
    *out = NULL;
    if (!k)
        return why_set(w, ERR_LIMIT, "no memory for the keystore");
    k->mem = a;
    k->path = path;
    *out = k;
    if (stat(path, &st))
        return ERR_OK;
    if (strict && (st.st_mode & 077))
        return why_set(w, ERR_CONFIG,
                       "the keystore %s can be read by others (mode %04o) (mend: chmod 600 '%s')",
                       path, (unsigned)st.st_mode & 07777, path);
    err rc = file_read(a, path, FILE_MAX, &text, w);
    return rc ? rc : read_sealed(k, text, w);
}

const char *keystore_get(const struct keystore *k, const char *key)
{
    for (unsigned i = 0; k && i < k->n; i++)
        if (strcmp(k->entry[i].key, key) == 0)
            return k->entry[i].secret;
    return NULL;
}

const char *keystore_key(const struct keystore *k, unsigned i)
{
    return i < k->n ? k->entry[i].key : NULL;
}

err keystore_put(struct keystore *k, const char *key, struct slice secret, struct why *w)
{
    char *text = arena_alloc(k->mem, secret.n + 1);
    struct slice name = arena_dup(k->mem, slice_of(key, strlen(key) + 1));
    if (!text || !name.n)
        return why_set(w, ERR_LIMIT, "no memory for the keystore");
    if (secret.n)
        memcpy(text, secret.p, secret.n);
    text[secret.n] = '\0';
    keystore_remove(k, key);
    if (k->n == KEYS_MAX)
        return why_set(w, ERR_LIMIT, "the keystore is full (%d keys)", KEYS_MAX);
    k->entry[k->n++] = (struct entry){ (const char *)name.p, text };
    qsort(k->entry, k->n, sizeof k->entry[0], entry_cmp);
    return ERR_OK;
}

bool keystore_remove(struct keystore *k, const char *key)
{
    for (unsigned i = 0; i < k->n; i++) {
        if (strcmp(k->entry[i].key, key) != 0)
            continue;
        k->n--;
        memmove(&k->entry[i], &k->entry[i + 1], (k->n - i) * sizeof k->entry[0]);
        return true;
    }
    return false;
}

/* The JSON object, in memory that is the arena's. */
static struct slice to_json(const struct keystore *k)
{
    size_t cap = 64;
    for (unsigned i = 0; i < k->n; i++)
        cap += strlen(k->entry[i].key) * 6 + strlen(k->entry[i].secret) * 2 + 32;
    struct buf b = buf_of(arena_alloc(k->mem, cap), cap);
    b.full = !b.p;
    buf_u8(&b, '{');
    for (unsigned i = 0; i < k->n; i++) {
        buf_cstr(&b, i ? "," : "");
        json_string(&b, slice_cstr(k->entry[i].key), false);
        buf_lit(&b, ":{\"value\":\"");
        buf_base64(&b, slice_cstr(k->entry[i].secret), true);
        buf_lit(&b, "\"}");
    }
    buf_u8(&b, '}');
    return b.full ? slice_of(NULL, 0) : buf_slice(&b);
}

err keystore_save(const struct keystore *k, const char *path, struct why *w)
{
    struct slice json = to_json(k);
    size_t n = SALT_BYTES + IV_BYTES + TAG_BYTES + json.n, cap = n / 3 * 4 + 16;
    uint8_t *sealed = arena_alloc(k->mem, n), *text = arena_alloc(k->mem, cap);
    if (!json.n || !sealed || !text || !encrypt(json, sealed))
        return why_set(w, ERR_LIMIT, "the keystore %s could not be encrypted", path);
    struct buf b = buf_of(text, cap);
    buf_lit(&b, "v1");
    buf_base64(&b, slice_of(sealed, n), true);
    return file_replace(path, buf_slice(&b), 0600, w);
}
