/* The keystore of Beats: secrets in one encrypted file, named by ${KEY} in settings
 * (packetbeat-core.md 2.1). Boot only. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct keystore;

/* Reads the file; one that is not there gives an empty keystore. strict: the file must be private
 * (0600). Memory from a. */
MUST_CHECK err keystore_open(struct arena *a, const char *path, bool strict, struct keystore **out,
                             struct why *w);

/* The secret of a key, or NULL (also when k is NULL). Lives as long as the arena. */
const char *keystore_get(const struct keystore *k, const char *key);

/* The i-th key in the order of names, or NULL at the end. */
const char *keystore_key(const struct keystore *k, unsigned i);

MUST_CHECK err keystore_put(struct keystore *k, const char *key, struct slice secret,
                            struct why *w);
bool keystore_remove(struct keystore *k, const char *key);

/* Encrypts and replaces the file, mode 0600. */
MUST_CHECK err keystore_save(const struct keystore *k, const char *path, struct why *w);
