/* wirelume keystore create|add|list|remove */
#include <stdio.h>

#include "app/ask.h"
#include "app/command.h"
#include "app/start.h"
#include "base/buf.h"
#include "os/file.h"

struct store {
    struct config config;
    struct keystore *keystore;
    const char *path;
};

static int store_open(struct store *s, const struct args *a, bool fresh)
{
    struct config_source source = start_source(a);
    struct why why;
    if (config_read(&s->config, &source, &why))
        return start_refuse(&why);
    const struct node *n = node_path(s->config.root, "keystore.path");
    s->path = paths_join(&s->config.mem, s->config.paths.data,
                         n && n->text && *n->text ? n->text : "packetbeat.keystore");
    const char *path = fresh ? "/dev/null/none" : s->path;
    if (keystore_open(&s->config.mem, path, a->strict_perms, &s->keystore, &why) == 0 &&
        (!fresh || file_make_folder(s->config.paths.data, 0770, &why) == 0))
        return 0;
    config_free(&s->config);
    return start_refuse(&why);
}

/* Saves and closes; says `text` when it went well. */
static int store_save(struct store *s, const char *text)
{
    struct why why = { "" };
    err rc = file_make_folder(s->config.paths.data, 0770, &why);
    if (!rc)
        rc = keystore_save(s->keystore, s->path, &why);
    config_free(&s->config);
    if (rc)
        return start_refuse(&why);
    puts(text);
    return 0;
}

static bool asked_yes(const char *question)
{
    printf("%s [y/N]: ", question);
    fflush(stdout);
    int c = getchar();
    return c == 'y' || c == 'Y';
}

int keystore_create_command(const struct args *a)
{
    struct store s;
    if (store_open(&s, a, true))
        return 1;
    if (!a->force && file_exists(s.path) && !asked_yes("A keystore already exists, Overwrite?")) {
        puts("Exiting without creating keystore.");
        config_free(&s.config);
        return 0;
    }
    return store_save(&s, "Created packetbeat keystore");
}

int keystore_list_command(const struct args *a)
{
    struct store s;
    const char *key;
    if (store_open(&s, a, false))
        return 1;
    for (unsigned i = 0; (key = keystore_key(s.keystore, i)); i++)
        puts(key);
    config_free(&s.config);
    return 0;
}

int keystore_remove_command(const struct args *a)
{
    struct store s;
    if (store_open(&s, a, false))
        return 1;
    for (unsigned i = 0; i < a->rest.n; i++)
        if (!keystore_remove(s.keystore, a->rest.v[i])) {
            fprintf(stderr, "could not find key '%s' in the keystore\n", a->rest.v[i]);
            config_free(&s.config);
            return 1;
        }
    if (a->rest.n)
        return store_save(&s, "successfully removed");
    fputs("keystore remove needs the names of keys\n", stderr);
    config_free(&s.config);
    return 1;
}

static struct slice ask_for(const char *key, char *line, size_t cap)
{
    char prompt[300];
    snprintf(prompt, sizeof prompt, "Enter value for %s", key);
    return ask_secret(line, cap, prompt);
}

int keystore_add_command(const struct args *a)
{
    struct store s;
    struct why why;
    char line[4096];
    if (a->rest.n != 1) {
        fputs("failed to add key: exactly one key is needed\n", stderr);
        return 1;
    }
    if (store_open(&s, a, false))
        return 1;
    const char *key = a->rest.v[0];
    struct slice secret = slice_of(NULL, 0);
    err rc = ERR_OK;
    if (keystore_get(s.keystore, key) && !a->force &&
        !asked_yes("The key already exists, Overwrite?")) {
        config_free(&s.config);
        return 0;
    }
    if (a->from_stdin)
        rc = file_read(&s.config.mem, "-", 65536, &secret, &why);
    else
        secret = ask_for(key, line, sizeof line);
    if (!rc)
        rc = keystore_put(s.keystore, key, secret, &why);
    if (!rc)
        return store_save(&s, "Successfully updated the keystore");
    config_free(&s.config);
    return start_refuse(&why);
}
