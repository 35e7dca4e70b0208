#include "lib/storefolder.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/duckdb.h"

static void quiet(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx, (void)level, (void)area, (void)text;
}

bool storefolder_make(char path[64], const char *name, struct store_conf *conf)
{
    static const char *const libraries[] = { DUCKDB_LIBRARY, NULL };
    const char *memory = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
    snprintf(path, 64, "%s/%s.XXXXXX", memory, name);
    if (!mkdtemp(path))
        return false;
    if (!getenv("LOUD"))
        log_set_sink(quiet, NULL);
    *conf = (struct store_conf){ .data = path,
                                 .libraries = libraries,
                                 .memory_bytes = 256 << 20,
                                 .seal_rows = 100,
                                 .now_ms = STOREFOLDER_START };
    return true;
}

int storefolder_remove(const char *path)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", path);
    return system(command);
}
