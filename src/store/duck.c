/* Loading the library, opening the database with its doors closed, running statements. */
#include "store/duck.h"

#include <dlfcn.h>

#include "base/buf.h"
#include "base/bug.h"
#include "base/log.h"
#include "os/file.h"
#include "store/duck_private.h"

#define PREFIX      "duckdb_"
#define PATH_BYTES  4096
#define SHOWN_BYTES 100 /* of a statement, in a message */
#define MALLCTL     "duckdb_je_mallctl"
#define TRIM        "arena.4096.purge" /* 4096: of all arenas */

err duck_failed(struct why *w, const char *doing, const char *words)
{
    struct slice s = slice_cstr(words ? words : "no reason given");
    bool interrupted = slice_search(s, SLICE("INTERRUPT")) >= 0;
    ptrdiff_t line = slice_find(s, '\n');
    err rc = why_set(w, interrupted ? ERR_END : ERR_IO, "store: %s: %.*s", doing,
                     (int)(line >= 0 ? (size_t)line : s.n), (const char *)s.p);
    for (char *p = w ? w->text : NULL; p && *p; p++) {
        if (*p == '\n')
            *p = ' '; /* of a statement */
    }
    return rc;
}

/* ---- the library */

static bool find_functions(void *library, struct duck_api *api)
{
    bool all = true;
    void *found;
#define F(result, name, parameters)                                                                \
    found = dlsym(library, PREFIX #name);                                                          \
    memcpy(&api->name, &found, sizeof found);                                                      \
    all = all && found;
#include "store/duck_api.def"
#undef F
    return all;
}

static err load(struct duck *d, const char *path, struct why *w)
{
    /* RTLD_LOCAL: its C++ symbols are not ours. It is never unloaded: it has threads and atexit. */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return why_set(w, ERR_MISSING, "store: %s", dlerror());
    if (!find_functions(library, &d->api))
        return why_set(w, ERR_UNSUPPORTED,
                       "store: %s: it lacks functions of DuckDB's C API: "
                       "DuckDB " DUCK_VERSION " is needed",
                       path);
    void *mallctl = dlsym(library, MALLCTL);
    memcpy(&d->mallctl, &mallctl, sizeof mallctl);
    const char *version = d->api.library_version();
    if (!slice_starts(slice_cstr(version), SLICE(DUCK_VERSION)))
        return why_set(w, ERR_UNSUPPORTED,
                       "store: %s is DuckDB %s; files are kept in the format of " DUCK_VERSION
                       ": set output.store.library to a library of that version",
                       path, version);
    return ERR_OK;
}

static err load_first(struct duck *d, const char *const *path, struct why *w)
{
    for (; *path; path++) {
        if (file_exists(*path))
            return load(d, *path, w);
    }
    return why_set(w, ERR_MISSING,
                   "store: libduckdb.so is not there: tools/fetch-duckdb gets it, or set "
                   "output.store.library to one of your own (DuckDB " DUCK_VERSION ")");
}

/* ---- the database */

static err configure(const struct duck_api *api, duck_handle config, const struct duck_conf *conf,
                     struct why *w)
{
    char threads[16], memory[32], folder[PATH_BYTES];
    snprintf(threads, sizeof threads, "%u", conf->threads);
    snprintf(memory, sizeof memory, "%lluMiB", (unsigned long long)conf->memory_bytes >> 20);
    if (snprintf(folder, sizeof folder, "%s/tmp", conf->folder) >= PATH_BYTES)
        return why_set(w, ERR_LIMIT, "store: %s: the path is too long", conf->folder);
    const char *const settings[][2] = {
        { "threads", threads },
        { "memory_limit", memory },
        { "temp_directory", folder },
        { "wal_autocheckpoint", "1GB" },
        { "preserve_insertion_order", "true" },
        { "perfect_ht_threshold", "20" }, /* small numbers are grouped without hashing (codes.h) */
        { "autoinstall_known_extensions", "false" },
        { "autoload_known_extensions", "false" },
    };
    for (size_t i = 0; i < COUNT(settings); i++) {
        if (api->set_config(config, settings[i][0], settings[i][1]))
            return why_set(w, ERR_UNSUPPORTED, "store: DuckDB refuses %s = %s", settings[i][0],
                           settings[i][1]);
    }
    return ERR_OK;
}

/* No file outside the folder, no network, no extension, and nothing of this may be changed. */
static err close_doors(struct duck *d, const struct duck_conf *conf, struct why *w)
{
    char sql[2 * PATH_BYTES + 64];
    struct duck_session *s;
    const char *folder = conf->folder, *also = conf->also ? conf->also : folder;
    if (strchr(folder, '\'') || strchr(also, '\''))
        return why_set(w, ERR_CONFIG, "store: %s: a path with ' in it cannot be used",
                       strchr(folder, '\'') ? folder : also);
    struct buf b = buf_of(sql, sizeof sql);
    buf_printf(&b, "SET allowed_directories = ['%s/', '%s/']", folder, also);
    buf_u8(&b, '\0');
    if (b.full)
        return why_set(w, ERR_LIMIT, "store: %s: the path is too long", folder);
    err rc = duck_session_open(&s, d, w);
    if (rc)
        return rc;
    rc = duck_run(s, sql, w);
    if (!rc)
        rc = duck_run(s, "SET enable_external_access = false", w);
    if (!rc)
        rc = duck_run(s, "SET lock_configuration = true", w);
    duck_session_close(s);
    return rc;
}

static err open_database(struct duck *d, const struct duck_conf *conf, struct why *w)
{
    duck_handle config = NULL;
    char *words = NULL;
    if (d->api.create_config(&config))
        return why_set(w, ERR_IO, "store: DuckDB gives no configuration");
    err rc = configure(&d->api, config, conf, w);
    if (!rc && d->api.open_ext(NULL, &d->db, config, &words))
        rc = duck_failed(w, "opening DuckDB", words);
    if (words)
        d->api.free(words);
    d->api.destroy_config(&config);
    if (!rc)
        rc = close_doors(d, conf, w);
    return rc ? rc : duck_add_functions(d, w);
}

err duck_open(struct duck **out, const struct duck_conf *conf, struct why *w)
{
    struct duck *d = xcalloc(1, sizeof *d);
    BUG_ON(conf->folder[0] != '/');
    err rc = load_first(d, conf->libraries, w);
    if (!rc)
        rc = file_make_folder(conf->folder, 0700, w);
    if (!rc)
        rc = open_database(d, conf, w);
    if (rc) {
        duck_close(d);
        return rc;
    }
    *out = d;
    return ERR_OK;
}

err duck_check(const char *const *libraries, struct why *w)
{
    struct duck d = { 0 };
    return load_first(&d, libraries, w);
}

void duck_close(struct duck *d)
{
    if (d && d->db)
        d->api.close(&d->db);
    xfree(d);
}

const char *duck_version(const struct duck *d)
{
    return d->api.library_version();
}

void duck_trim(struct duck *d)
{
    if (d->mallctl)
        (void)d->mallctl(TRIM, NULL, NULL, NULL, 0);
}

/* ---- sessions */

err duck_session_open(struct duck_session **out, struct duck *d, struct why *w)
{
    struct duck_session *s = xcalloc(1, sizeof *s);
    s->duck = d;
    if (d->api.connect(d->db, &s->handle)) {
        xfree(s);
        return why_set(w, ERR_IO, "store: DuckDB gives no connection");
    }
    *out = s;
    return ERR_OK;
}

void duck_session_close(struct duck_session *s)
{
    if (s)
        s->duck->api.disconnect(&s->handle);
    xfree(s);
}

void duck_interrupt(struct duck_session *s)
{
    s->duck->api.interrupt(s->handle);
}

err duck_run(struct duck_session *s, const char *sql, struct why *w)
{
    struct duck_result result = { 0 };
    char doing[SHOWN_BYTES];
    err rc = ERR_OK;
    snprintf(doing, sizeof doing, "%s", sql);
    if (s->duck->api.query(s->handle, sql, &result))
        rc = duck_failed(w, doing, s->duck->api.result_error(&result));
    s->duck->api.destroy_result(&result);
    return rc;
}
