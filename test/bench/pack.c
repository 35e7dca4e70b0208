/* Codec and pack on one core: events as a sensor sends them become messages, and the Packetbeat
 * pack gives them their meaning. Usage: pack ROUNDS [FILE.ndjson…] (run where packs/ is; without
 * files: DNS events of 1.5 KB) */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "in/beats_message.h"
#include "lib/dns_events.h"
#include "model/message_batch.h"
#include "os/file.h"
#include "pack/pack.h"
#include "pack/program.h"

#define EVENTS_MAX 65536
#define DNS_EVENTS 2048
#define FILE_BYTES ((size_t)256 << 20)

struct fixture {
    struct arena files, mem;
    struct chunk_pool pool;
    struct slice *event;
    unsigned n;
    struct beats_reader *beats;
    struct packs *packs;
    struct program_run *run;
    struct rule_env env;
    uint64_t fields;
};

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void read_events(struct fixture *f, const char *path)
{
    struct slice text;
    struct why why;
    if (file_read(&f->files, path, FILE_BYTES, &text, &why)) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    while (text.n && f->n < EVENTS_MAX) {
        ptrdiff_t end = slice_find(text, '\n');
        struct slice line = slice_first(text, end < 0 ? text.n : (size_t)end);
        if (line.n)
            f->event[f->n++] = line;
        text = slice_after(text, line.n + 1);
    }
}

static void load_pack(struct fixture *f)
{
    static const char *folders[] = { "packs" }, *enabled[] = { "packetbeat" };
    struct packs_conf conf = { .folders = { folders, 1 }, .enabled = { enabled, 1 } };
    struct mistakes wrong = { .mem = &f->files };
    f->packs = packs_load(&conf, &wrong);
    for (unsigned i = 0; i < wrong.n && i < MISTAKES_MAX; i++)
        fprintf(stderr, "%s\n", wrong.v[i]);
    if (!f->packs)
        exit(1);
}

static void make_ready(struct fixture *f)
{
    f->run = program_run_new(f->packs->program);
    f->env = packs_env(f->packs);
    f->env.now_ms = 1707945600000;
}

static void take(void *ctx, struct message *m)
{
    ((struct fixture *)ctx)->fields += m->n;
}

static void pass(struct fixture *f, bool with_pack)
{
    struct program_sink sink = { take, f };
    for (unsigned i = 0; i < f->n; i++) {
        struct message *m;
        if (i % MESSAGE_BATCH_MAX == 0)
            arena_reset(&f->mem);
        if (beats_message(f->beats, f->event[i], &f->mem, &m) != BEATS_MESSAGE)
            continue;
        message_stream(m, f->env.default_stream);
        if (with_pack)
            program_run(f->run, &f->env, m, &sink, NULL);
        else
            take(f, m);
    }
}

static double measure(struct fixture *f, const char *name, unsigned rounds, bool with_pack)
{
    pass(f, with_pack);
    f->fields = 0;
    double from = cpu_s();
    for (unsigned i = 0; i < rounds; i++)
        pass(f, with_pack);
    double each = (cpu_s() - from) / rounds / f->n;
    printf("%-16s %10.0f messages/s %8.0f ns a message, %.1f fields each\n", name, 1 / each,
           each * 1e9, (double)f->fields / rounds / f->n);
    return each;
}

int main(int argc, char **argv)
{
    static struct fixture f;
    if (argc < 2) {
        fprintf(stderr, "usage: pack ROUNDS [FILE.ndjson…]\n");
        return 2;
    }
    arena_init(&f.files, NULL, 0);
    f.pool.max_bytes = (size_t)256 << 20;
    arena_init(&f.mem, &f.pool, 0);
    f.event = calloc(EVENTS_MAX, sizeof *f.event);
    f.beats = beats_reader_new(&(struct beats_conf){ 0 });
    for (int i = 2; i < argc; i++)
        read_events(&f, argv[i]);
    if (argc == 2)
        dns_events_make(f.event, f.n = DNS_EVENTS);
    load_pack(&f);
    make_ready(&f);
    unsigned rounds = (unsigned)strtoul(argv[1], NULL, 10);
    printf("%u events, %u rules\n", f.n, program_rules(f.packs->program));
    double codec = measure(&f, "codec", rounds, false);
    double all = measure(&f, "codec and pack", rounds, true);
    printf("%-16s %10s %19.0f ns a message\n", "pack alone", "", (all - codec) * 1e9);
    uint64_t asked = 0, matched = 0;
    for (unsigned i = 0; i < program_rules(f.packs->program); i++) {
        asked += program_counts(f.run)[i].evaluated;
        matched += program_counts(f.run)[i].matched;
    }
    printf("a message asks %.1f rules, %.1f of them are true\n", (double)asked / (rounds + 1) / f.n,
           (double)matched / (rounds + 1) / f.n);
    return 0;
}
