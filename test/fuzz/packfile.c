/* Fuzz target: files of packs that somebody else wrote. The first byte chooses a table (CSV, as a
 * map of texts, of any case or of networks), a MaxMind file, or grok patterns; for tables the first
 * line of the rest is a key that is asked for. Either there is a mistake with a sentence, or the
 * file is used. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pack/grok.h"
#include "pack/lookup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* MMDB_open leaks what it has read of a description that ends in a mistake (1.7.1). */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static struct slice line_of(struct slice *rest)
{
    ptrdiff_t end = slice_find(*rest, '\n');
    struct slice s = slice_first(*rest, end < 0 ? rest->n : (size_t)end);
    *rest = slice_after(*rest, end < 0 ? rest->n : (size_t)end + 1);
    return s;
}

static int file_of(struct slice s)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, s.p, s.n) == (ssize_t)s.n && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static uint64_t read_bytes(struct slice s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s.n; i++)
        sum += s.p[i];
    return sum;
}

static void ask(const struct lookup_table *t, struct slice text, struct arena *mem)
{
    struct rule_value key = { .kind = K_STRING, .n = (uint32_t)text.n, .p = text.p };
    struct lookup_answer a = lookup_ask(t, &key, 1700000000000, mem);
    if (a.single.kind == K_STRING)
        (void)read_bytes(slice_of(a.single.p, a.single.n));
}

static void table(struct slice rest, unsigned choice, struct arena *mem, struct mistakes *wrong)
{
    struct slice key = line_of(&rest);
    struct lookup_source s = { .name = SLICE("t"),
                               .path = "t.csv",
                               .key = "key",
                               .value = "value",
                               .separator = choice & 8 ? ';' : ',',
                               .quote = '"',
                               .nocase = choice & 16,
                               .cidr = choice & 32 };
    struct lookup_table t = { 0 };
    bool good;
    if (choice & 1) {
        int fd = file_of(rest);
        good = lookup_mmdb(&t, &s, fd, wrong);
        close(fd);
    } else {
        good = lookup_csv(&t, &s, rest, mem, wrong);
    }
    require(good || wrong->n > 0);
    if (good) {
        ask(&t, key, mem);
        ask(&t, SLICE("10.1.2.3"), mem);
        lookup_close(&t);
    }
}

static void patterns(struct slice rest, struct arena *mem, struct mistakes *wrong)
{
    static struct pattern_room *room;
    struct slice text = line_of(&rest);
    struct rule_value out;
    struct why w = { "" };
    room = room ? room : pattern_room_new();
    pattern_use_room(room);
    struct grok_library *lib = grok_library_new(mem);
    if (!lib)
        return;
    grok_library_read(lib, "p.grok", rest, wrong);
    grok_library_check(lib, wrong);
    for (unsigned i = 0; !wrong->n && i < grok_library_count(lib) && i < 8; i++) {
        struct slice name;
        struct slice pattern = grok_library_at(lib, i, &name);
        const struct grok *g = grok_make(mem, lib, pattern, i & 1, &w);
        require(name.n > 0 && grok_has(lib, name) && (g || w.text[0]));
        if (g)
            (void)grok_find(g, text, mem, &out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct arena mem;
    if (!n)
        return 0;
    uint8_t *exact = malloc(n);
    memcpy(exact, data, n);
    arena_init(&mem, &pool, 0);
    struct mistakes wrong = { .mem = &mem };
    if (exact[0] & 2)
        patterns(slice_of(exact + 1, n - 1), &mem, &wrong);
    else
        table(slice_of(exact + 1, n - 1), exact[0], &mem, &wrong);
    for (unsigned i = 0; i < wrong.n && i < MISTAKES_MAX; i++)
        require(wrong.v[i] == NULL || wrong.v[i][0] != '\0');
    arena_free(&mem);
    chunk_pool_free(&pool);
    free(exact);
    return 0;
}
