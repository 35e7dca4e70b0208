/* wirelume store export, check, repair, compact: what the store has, while no server runs. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "app/routing.h"
#include "app/state_cmd.h"
#include "app/store_use.h"
#include "os/file.h"
#include "store/library.h"
#include "store/store_export.h"
#include "store/store_files.h"

#define MEMORY      ((uint64_t)1 << 30)
#define FOLDER_MODE 0750

static bool print_line(void *ctx, struct slice line)
{
    (void)ctx;
    fwrite(line.p, 1, line.n, stdout);
    return putchar('\n') != EOF;
}

/* ---- as Parquet, and what is done with files */

struct files_use {
    struct store_use use;
    struct libraries libraries;
    char target[PATH_MAX];
    struct store_files *files;
};

static err find_target(struct files_use *u, const char *folder, struct why *w)
{
    err e = file_make_folder(folder, FOLDER_MODE, w);
    if (!e && !realpath(folder, u->target))
        e = why_set(w, ERR_IO, "%s: %s", folder, strerror(errno));
    return e;
}

static err open_files(struct files_use *u, const struct args *a, const char *target, struct why *w)
{
    err e = store_use_load(&u->use, a, w);
    if (!e && target)
        e = find_target(u, target, w);
    if (e)
        return e;
    const struct config *c = &u->use.start.config;
    const struct node *library = node_path(c->resolved, "output.store.library");
    libraries_find(&u->libraries, library ? library->text : NULL);
    struct store_files_conf conf = { .data = routing_folder(c),
                                     .libraries = u->libraries.v,
                                     .memory_bytes = MEMORY,
                                     .target = target ? u->target : NULL };
    return store_files_open(&u->files, &conf, w);
}

static void close_files(struct files_use *u)
{
    store_files_close(u->files);
    store_use_end(&u->use);
}

typedef err file_fn(struct store_files *f, unsigned i, struct store_file_report *r, struct why *w);

static void print_report(const char *name, const struct store_file_report *r, err e,
                         const struct why *w)
{
    unsigned long long lost = r->content.rows > r->rows ? r->content.rows - r->rows : 0;
    if (e)
        printf("%-32s  %s\n", name, w->text);
    else
        printf("%-32s  %10llu messages  %12lld bytes  %s", name, (unsigned long long)r->rows,
               (long long)r->bytes_after, lost ? "" : "ok\n");
    if (!e && lost)
        printf("%llu messages could not be read: the old file is %s.duckdb.damaged\n", lost, name);
}

/* Every file; 1 when something is not as it should be. */
static int each_file(const struct args *a, const char *target, file_fn *run)
{
    static struct files_use u;
    struct why w = { "" };
    unsigned bad = 0;
    err e = open_files(&u, a, target, &w);
    for (unsigned i = 0; !e && i < store_files_count(u.files); i++) {
        struct store_file_report r;
        struct why of_file = { "" };
        err one = run(u.files, i, &r, &of_file);
        print_report(store_files_name(u.files, i), &r, one, &of_file);
        bad += one || r.rows != r.content.rows;
    }
    close_files(&u);
    if (e)
        return state_refuse("%s", w.text);
    return bad ? state_refuse("%u files of indices are damaged", bad) : 0;
}

int store_check_command(const struct args *a)
{
    return each_file(a, NULL, store_files_check);
}

/* Only what a check finds damaged. */
static err repair(struct store_files *f, unsigned i, struct store_file_report *r, struct why *w)
{
    err e = store_files_check(f, i, r, w);
    if (e != ERR_FORMAT)
        return e;
    e = store_files_rewrite(f, i, r, w);
    return e == ERR_FORMAT ? why_set(w, e, "nothing of it can be read: it is .damaged now") : e;
}

int store_repair_command(const struct args *a)
{
    return each_file(a, NULL, repair);
}

/* A damaged file is left for repair. */
static err compact(struct store_files *f, unsigned i, struct store_file_report *r, struct why *w)
{
    err e = store_files_check(f, i, r, w);
    return e ? e : store_files_rewrite(f, i, r, w);
}

int store_compact_command(const struct args *a)
{
    return each_file(a, NULL, compact);
}

/* Messages that are only in the journal go into files first. */
static err settle(const struct args *a, struct why *w)
{
    static struct store_use u;
    err e = store_use_load(&u, a, w);
    if (!e)
        e = store_use_open(&u, a, w);
    if (!e && !store_settle(u.store))
        e = why_set(w, ERR_IO, "store: messages of the journal cannot be written into files");
    store_use_end(&u);
    return e;
}

static int export_parquet(const struct args *a)
{
    struct why w = { "" };
    if (settle(a, &w))
        return state_refuse("%s", w.text);
    return each_file(a, a->rest.v[0], store_files_parquet);
}

/* ---- as lines */

int store_export_command(const struct args *a)
{
    static struct store_use u;
    const struct view_range all = { INT64_MIN, INT64_MAX, NULL, NULL };
    const struct store_sink sink = { NULL, print_line };
    struct why w = { "" };
    if (a->rest.n)
        return export_parquet(a);
    err e = store_use_load(&u, a, &w);
    if (!e)
        e = store_use_open_read(&u, a, &w);
    if (!e)
        e = store_export(u.store, &all, &sink, &w);
    if (!e && fflush(stdout) != 0)
        e = why_set(&w, ERR_IO, "standard output: it cannot be written");
    store_use_end(&u);
    return e ? state_refuse("%s", w.text) : 0;
}
