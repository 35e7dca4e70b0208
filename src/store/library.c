/* Places of DuckDB's library. */
#include "store/library.h"

#include <stdio.h>
#include <unistd.h>

#define LIBRARY "libduckdb.so"

static void add(struct libraries *l, unsigned *n, const char *folder, const char *rest)
{
    int length = snprintf(l->path[*n], sizeof l->path[*n], "%s%s", folder, rest);
    if (length <= 0 || (size_t)length >= sizeof l->path[*n])
        return;
    l->v[*n] = l->path[*n];
    ++*n;
}

/* The folder of the running program; empty: it cannot be told. */
static void program_folder(char *out, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", out, cap - 1);
    while (n > 0 && out[n - 1] != '/')
        n--;
    out[n > 0 ? n : 0] = '\0';
}

void libraries_find(struct libraries *l, const char *given)
{
    /* ../duckdb: of a build folder, where tools/fetch-duckdb puts it */
    static const char *const beside[] = { LIBRARY, "../lib/wirelume/" LIBRARY,
                                          "../duckdb/" LIBRARY };
    static const char *const usual[] = { "/usr/local/lib/" LIBRARY, "/usr/lib/" LIBRARY };
    char folder[2048];
    unsigned n = 0;
    memset(l->v, 0, sizeof l->v);
    if (given && *given) {
        add(l, &n, given, "");
        return;
    }
    program_folder(folder, sizeof folder);
    for (unsigned i = 0; i < COUNT(beside); i++)
        add(l, &n, folder, beside[i]);
    for (unsigned i = 0; i < COUNT(usual); i++)
        add(l, &n, usual[i], "");
}
