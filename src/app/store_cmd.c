/* wirelume store export: what the store has, while no server runs. */
#include "app/state_cmd.h"
#include "app/store_use.h"
#include "store/store_export.h"

static bool print_line(void *ctx, struct slice line)
{
    (void)ctx;
    fwrite(line.p, 1, line.n, stdout);
    return putchar('\n') != EOF;
}

int store_export_command(const struct args *a)
{
    static struct store_use u;
    const struct view_range all = { INT64_MIN, INT64_MAX, NULL };
    const struct store_sink sink = { NULL, print_line };
    struct why w = { "" };
    err e = store_use_load(&u, a, &w);
    if (!e)
        e = store_use_open(&u, a, &w);
    if (!e)
        e = store_export(u.store, &all, &sink, &w);
    if (!e && fflush(stdout) != 0)
        e = why_set(&w, ERR_IO, "standard output: it cannot be written");
    store_use_end(&u);
    return e ? state_refuse("%s", w.text) : 0;
}
