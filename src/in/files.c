/* Capture files as one capture: names and patterns become files, packets are merged by time and,
 * when asked, paced. A file is opened when its first packet is due. */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "in/capfile.h"
#include "in/capture.h"
#include "in/filter.h"
#include "os/clock.h"
#include "os/file.h"

#define FILES_MAX  100000 /* named by all patterns together */
#define OPEN_MAX   512    /* that overlap in time */
#define WAIT_NS    INT64_C(100000000)
#define NEVER_NS   INT64_MAX
#define UNKNOWN_NS INT64_MIN /* of a pipe: it is opened at once */

/* A name, and when its first packet is due. */
struct named {
    char *path;
    int64_t first_ns;
    uint64_t bytes;
    unsigned order; /* as given: decides between equal times */
};

/* A file that is open, with its next packet. */
struct source {
    struct capfile file;
    struct packet next;
    unsigned order;
    bool stale; /* next must be read with filling */
};

struct files {
    struct capture base;
    struct capture_file_conf conf; /* its names are the caller's */
    struct named *named;
    unsigned n_named, n_begun; /* sorted by first_ns; those before n_begun were opened */
    struct source *heap[OPEN_MAX];
    unsigned n_heap;
    struct source *waiting[OPEN_MAX]; /* stale, or over: to be closed at the next read */
    unsigned n_waiting;
    struct filter *filter;

    uint64_t read_before, total, packets; /* bytes of closed files; of all files */
    unsigned n_damaged;
    struct why damage; /* of the first damaged file */

    bool paced, one_at_a_time, has_pipe, is_packed, again;
    int64_t loops, due_ns, last_ns; /* still to play; monotonic time and packet time of the last */
    int64_t starts_ns, moved_ns;    /* of struct capture_file_conf; how far packets are moved */
    struct packet held;             /* paced: read, not yet due */
    bool is_held;
};

/* ---- names */

static void names_add(struct files *s, const char *path)
{
    if ((s->n_named & (s->n_named - 1)) == 0) /* grows at powers of two */
        s->named = xrealloc(s->named, (s->n_named ? s->n_named * 2 : 1) * sizeof(*s->named));
    s->named[s->n_named] = (struct named){ .path = xstrdup(path), .order = s->n_named };
    s->n_named++;
}

/* A name that exists is itself, also with pattern characters in it. */
static err names_expand(struct files *s, const char *path, struct why *w)
{
    if (strcmp(path, "-") == 0 || access(path, F_OK) == 0 || !strpbrk(path, "*?[")) {
        names_add(s, path);
        return ERR_OK;
    }
    glob_t g;
    int r = glob(path, 0, NULL, &g);
    if (r == GLOB_NOMATCH)
        return why_set(w, ERR_MISSING, "%s: no file matches", path);
    if (r != 0)
        return why_set(w, ERR_IO, "%s: the directory cannot be read", path);
    err e = ERR_OK;
    if (g.gl_pathc > FILES_MAX - s->n_named)
        e = why_set(w, ERR_LIMIT, "%s: more than %u files", path, FILES_MAX);
    for (size_t i = 0; e == ERR_OK && i < g.gl_pathc; i++)
        names_add(s, g.gl_pathv[i]);
    globfree(&g);
    return e;
}

static int by_first(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    if (x->first_ns != y->first_ns)
        return x->first_ns < y->first_ns ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* ---- damage */

/* Named once, however often the files are played. */
static void note_damage(struct files *s, const struct why *w)
{
    if (!s->again && s->n_damaged++ == 0)
        s->damage = *w;
}

/* ---- the heap of open files: the earliest packet on top, then the order of the names */

static bool is_before(const struct source *a, const struct source *b)
{
    if (a->next.ts_ns != b->next.ts_ns)
        return a->next.ts_ns < b->next.ts_ns;
    return a->order < b->order;
}

static void heap_down(struct files *s)
{
    struct source *x = s->heap[0];
    unsigned i = 0;
    for (unsigned kid; (kid = 2 * i + 1) < s->n_heap; i = kid) {
        if (kid + 1 < s->n_heap && is_before(s->heap[kid + 1], s->heap[kid]))
            kid++;
        if (!is_before(s->heap[kid], x))
            break;
        s->heap[i] = s->heap[kid];
    }
    s->heap[i] = x;
}

static void heap_push(struct files *s, struct source *x)
{
    unsigned i = s->n_heap++;
    for (; i > 0 && is_before(x, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = x;
}

static struct source *heap_pop(struct files *s)
{
    struct source *top = s->heap[0];
    s->heap[0] = s->heap[--s->n_heap];
    if (s->n_heap)
        heap_down(s);
    return top;
}

/* ---- opening and closing */

static void source_close(struct files *s, struct source *x)
{
    uint64_t used, total;
    window_progress(&x->file.view, &used, &total);
    s->read_before += used;
    if (x->file.damage != DAMAGE_NONE)
        note_damage(s, &x->file.why);
    capfile_close(&x->file);
    xfree(x);
}

/* Opens the next file and puts it to those that must be read. False: it cannot be opened. */
static bool source_begin(struct files *s, struct why *w)
{
    const struct named *name = &s->named[s->n_begun++];
    struct source *x = xcalloc(1, sizeof(*x));
    x->order = name->order;
    x->stale = true;
    if (capfile_open(&x->file, name->path, w) != ERR_OK) {
        xfree(x);
        return false;
    }
    s->waiting[s->n_waiting++] = x;
    return true;
}

/* Reads the next packet of each file that waits; those that are over are closed. False: a pipe has
 * nothing now. */
static bool refresh(struct files *s)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < s->n_waiting; i++) {
        struct source *x = s->waiting[i];
        int n = x->stale ? capfile_read(&x->file, &x->next, 1, true) : CAPFILE_END;
        x->stale = n == CAPFILE_NOTHING;
        if (n > 0)
            heap_push(s, x);
        else if (n == CAPFILE_NOTHING)
            s->waiting[kept++] = x;
        else
            source_close(s, x);
    }
    s->n_waiting = kept;
    return kept == 0;
}

/* Opens all files whose first packet is not after what the open ones have. ERR_LIMIT. */
static err begin_due(struct files *s, struct why *w)
{
    while (s->n_begun < s->n_named) {
        int64_t now_ns = s->n_heap ? s->heap[0]->next.ts_ns : NEVER_NS;
        if (s->n_waiting == 0 && s->named[s->n_begun].first_ns > now_ns)
            break;
        if (s->n_heap + s->n_waiting == OPEN_MAX)
            return why_set(
                w, ERR_LIMIT,
                "more than %u capture files overlap in time; merge them in smaller parts",
                OPEN_MAX);
        struct why inner;
        if (!source_begin(s, &inner))
            note_damage(s, &inner);
        if (!refresh(s))
            break;
    }
    return ERR_OK;
}

/* ---- reading */

static void copy_packet(struct packet *to, const struct packet *from)
{
    capfile_packet(to, from->ts_ns, from->frame, from->wire_len);
    to->link_type = from->link_type;
}

/* One open file and no other to come: straight from its reader. */
static int read_alone(struct files *s, struct packet *p, unsigned max)
{
    struct source *x = s->heap[0];
    unsigned n = 0;
    if (!x->stale) {
        copy_packet(p, &x->next);
        x->stale = true;
        n = 1;
        if (max == 1)
            return 1;
    }
    int more = capfile_read(&x->file, p + n, max - n, n == 0);
    if (more > 0)
        return (int)n + more;
    if (more == CAPFILE_END && n == 0) {
        s->n_heap = 0;
        source_close(s, x);
        return CAPTURE_END;
    }
    return n ? (int)n : CAPTURE_IDLE;
}

/* Takes packets from the top until one file needs filling or another file is due. */
static int read_merged(struct files *s, struct packet *p, unsigned max)
{
    unsigned n = 0;
    int64_t limit_ns = s->n_begun < s->n_named ? s->named[s->n_begun].first_ns : NEVER_NS;
    while (n < max && s->n_heap && s->n_waiting == 0 && s->heap[0]->next.ts_ns < limit_ns) {
        struct source *x = s->heap[0];
        copy_packet(&p[n++], &x->next);
        int r = capfile_read(&x->file, &x->next, 1, false);
        if (r > 0) {
            heap_down(s);
            continue;
        }
        x->stale = r == CAPFILE_NOTHING;
        s->waiting[s->n_waiting++] = heap_pop(s);
    }
    return (int)n;
}

/* Every file is played again from its start. */
static bool play_again(struct files *s)
{
    if (s->loops <= 1 || s->packets == 0)
        return false;
    s->loops--;
    s->again = true;
    s->base.pass++;
    s->n_begun = 0;
    s->last_ns = UNKNOWN_NS;
    return true;
}

/* As capture_ops.read, but neither filtered nor paced. */
static int read_next(struct files *s, struct packet *p, unsigned max, struct why *w)
{
    if (s->n_named == 1 && s->n_heap == 1) {
        int n = read_alone(s, p, max);
        if (n != CAPTURE_END)
            return n;
    }
    for (;;) {
        if (s->n_waiting && !refresh(s))
            return CAPTURE_IDLE;
        if (begin_due(s, w) != ERR_OK)
            return CAPTURE_FAILED;
        if (s->n_waiting)
            return CAPTURE_IDLE;
        if (s->n_heap == 0 && s->n_begun == s->n_named && !play_again(s))
            return CAPTURE_END;
        if (s->n_heap)
            return read_merged(s, p, max);
    }
}

/* Leaves only the packets that pass; their number, or -1. */
static int sift(struct filter *f, struct packet *p, int n, struct why *w)
{
    int kept = 0;
    for (int i = 0; i < n; i++) {
        int pass = filter_match(f, &p[i], w);
        if (pass < 0)
            return -1;
        if (pass && kept++ != i)
            copy_packet(&p[kept - 1], &p[i]);
    }
    return kept;
}

static void move(struct files *s, struct packet *p, int n)
{
    if (!s->starts_ns)
        return;
    if (!s->packets)
        s->moved_ns = s->starts_ns - p[0].ts_ns;
    for (int i = 0; i < n; i++)
        p[i].ts_ns += s->moved_ns;
}

static int read_sifted(struct files *s, struct packet *p, unsigned max, struct why *w)
{
    for (;;) {
        int n = read_next(s, p, max, w);
        if (n <= 0)
            return n;
        move(s, p, n);
        s->packets += (unsigned)n;
        if (!s->filter)
            return n;
        n = sift(s->filter, p, n, w);
        if (n < 0)
            return CAPTURE_FAILED;
        if (n > 0)
            return n;
    }
}

/* One packet at a time, when it is due, with the present time. The first one, also of a repetition,
 * and one that goes back in time are due at once. */
static int read_paced(struct files *s, struct packet *p, struct why *w)
{
    if (!s->is_held) {
        int n = read_sifted(s, &s->held, 1, w);
        if (n <= 0)
            return n;
        int64_t now_ns = clock_mono_ns(), ts_ns = s->held.ts_ns;
        if (s->last_ns == UNKNOWN_NS)
            s->due_ns = now_ns;
        else if (ts_ns > s->last_ns)
            s->due_ns += ts_ns - s->last_ns;
        s->last_ns = ts_ns;
        s->is_held = true;
    }
    int64_t now_ns = clock_mono_ns();
    if (s->due_ns - now_ns > WAIT_NS) {
        clock_sleep_until(now_ns + WAIT_NS);
        return CAPTURE_IDLE;
    }
    if (s->due_ns > now_ns)
        clock_sleep_until(s->due_ns);
    s->is_held = false;
    copy_packet(p, &s->held);
    p->ts_ns = clock_real_ns();
    return 1;
}

/* False: standard input has ended, nobody will ever press it. */
static bool wait_for_enter(void)
{
    char c = 0;
    if (!file_write_all(STDOUT_FILENO, SLICE("Press enter to read packet")))
        return false;
    while (c != '\n')
        if (read(STDIN_FILENO, &c, 1) != 1)
            return false;
    return true;
}

static int files_read(struct capture *c, struct packet *p, unsigned max, struct why *w)
{
    struct files *s = container_of(c, struct files, base);
    if (s->one_at_a_time && !s->is_held) {
        s->one_at_a_time = wait_for_enter();
        max = 1;
    }
    return s->paced ? read_paced(s, p, w) : read_sifted(s, p, max, w);
}

static void files_stats(struct capture *c, struct capture_stats *out)
{
    struct files *s = container_of(c, struct files, base);
    *out = (struct capture_stats){ .packets = s->packets,
                                   .bytes_read = s->read_before,
                                   .bytes_total = s->total };
    for (unsigned i = 0; i < s->n_heap + s->n_waiting; i++) {
        struct source *x = i < s->n_heap ? s->heap[i] : s->waiting[i - s->n_heap];
        uint64_t used, total;
        window_progress(&x->file.view, &used, &total);
        out->bytes_read += used;
    }
}

static void files_close(struct capture *c)
{
    struct files *s = container_of(c, struct files, base);
    for (unsigned i = 0; i < s->n_heap; i++)
        source_close(s, s->heap[i]);
    for (unsigned i = 0; i < s->n_waiting; i++)
        source_close(s, s->waiting[i]);
    for (unsigned i = 0; i < s->n_named; i++)
        xfree(s->named[i].path);
    xfree(s->named);
    filter_free(s->filter);
    xfree(s);
}

static const struct capture_ops files_ops = {
    .read = files_read,
    .stats = files_stats,
    .close = files_close,
};

bool capture_was_damaged(const struct capture *c, struct why *w)
{
    if (c->ops != &files_ops)
        return false;
    const struct files *s = container_of(c, struct files, base);
    if (s->n_damaged > 1)
        why_set(w, ERR_FORMAT, "%s (and %u more files)", s->damage.text, s->n_damaged - 1);
    else if (s->n_damaged)
        *w = s->damage;
    return s->n_damaged > 0;
}

/* ---- looking at the files before they are played */

/* When a file's first packet is due; ERR_MISSING, ERR_IO and ERR_FORMAT for what cannot be read at
 * all. Pipes are not touched. */
static err look_at(struct files *s, struct named *name, struct why *w)
{
    struct stat st;
    bool standard = strcmp(name->path, "-") == 0;
    if ((standard ? fstat(STDIN_FILENO, &st) : stat(name->path, &st)) == 0 &&
        !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        name->first_ns = UNKNOWN_NS;
        s->has_pipe = true;
        return ERR_OK;
    }
    struct capfile file;
    struct packet first;
    err e = capfile_open(&file, name->path, w);
    if (e != ERR_OK)
        return e;
    uint64_t used;
    window_progress(&file.view, &used, &name->bytes);
    int n = capfile_read(&file, &first, 1, true);
    s->is_packed |= file.view.unpack != NULL;
    name->first_ns = n > 0 ? first.ts_ns : UNKNOWN_NS;
    if (file.damage == DAMAGE_UNKNOWN)
        e = why_set(w, ERR_FORMAT, "%s", file.why.text);
    capfile_close(&file);
    s->total += name->bytes;
    return e;
}

/* A file that cannot be read at all is an error when it is the only one, else it is damage that the
 * run will meet and name. */
static err look_at_all(struct files *s, struct why *w)
{
    for (unsigned i = 0; i < s->n_named; i++) {
        struct why why;
        err e = look_at(s, &s->named[i], &why);
        if (e != ERR_OK && s->n_named == 1)
            return why_set(w, e, "%s", why.text);
        if (s->one_at_a_time && strcmp(s->named[i].path, "-") == 0)
            return why_set(w, ERR_USAGE,
                           "-O reads the Enter key from standard input, which is also the capture");
    }
    if (s->has_pipe || s->loops < 1)
        s->loops = 1; /* what came through a pipe is gone */
    s->total *= (uint64_t)s->loops;
    qsort(s->named, s->n_named, sizeof(*s->named), by_first);
    return ERR_OK;
}

err capture_open_files(const struct capture_file_conf *conf, struct capture **out, struct why *w)
{
    struct files *s = xcalloc(1, sizeof(*s));
    s->base.ops = &files_ops;
    s->conf = *conf;
    s->base.fd = -1;
    s->base.realtime = conf->paced;
    s->paced = conf->paced;
    s->one_at_a_time = conf->one_at_a_time;
    s->loops = conf->loops;
    s->starts_ns = conf->starts_ns;
    s->last_ns = UNKNOWN_NS;
    *out = NULL;
    err e = ERR_OK;
    if (conf->filter && conf->filter[0])
        e = filter_new(conf->filter, &s->filter, w);
    for (unsigned i = 0; e == ERR_OK && i < conf->n_paths; i++)
        e = names_expand(s, conf->paths[i], w);
    if (e == ERR_OK && s->n_named == 0)
        e = why_set(w, ERR_USAGE, "no capture file was named");
    if (e == ERR_OK)
        e = look_at_all(s, w);
    if (e == ERR_OK)
        *out = &s->base;
    else
        files_close(&s->base);
    return e;
}

err capture_open_again(const struct capture *c, struct capture **out, struct why *w)
{
    const struct files *s = c->ops == &files_ops ? container_of(c, struct files, base) : NULL;
    *out = NULL;
    if (!s || s->has_pipe || s->is_packed || s->paced || s->conf.one_at_a_time)
        return why_set(w, ERR_UNSUPPORTED, "this capture is read once");
    return capture_open_files(&s->conf, out, w);
}
