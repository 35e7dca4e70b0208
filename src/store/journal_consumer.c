/* Consumers of the journal: how far each came, and what nobody needs any more. */
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/file.h"
#include "store/journal_private.h"

#define SUFFIX ".offset"

static bool name_ok(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = ascii_lower(s.p[i]);
        if (!((b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '_'))
            return false;
    }
    return s.n > 0 && s.n <= JOURNAL_NAME_MAX;
}

static bool offset_path(const struct journal *j, const char *name, char out[JOURNAL_PATH])
{
    struct buf b = buf_of(out, JOURNAL_PATH - 1);
    buf_printf(&b, "%s/%s" SUFFIX, j->conf.folder, name);
    out[b.n] = '\0';
    return !b.full;
}

static struct journal_consumer_state *find(struct journal *j, const char *name)
{
    for (unsigned i = 0; i < j->n_consumers; i++) {
        if (strcmp(j->consumer[i].name, name) == 0)
            return &j->consumer[i];
    }
    return NULL;
}

static err add(struct journal *j, struct slice name, uint64_t passed, struct why *w)
{
    if (j->n_consumers == JOURNAL_CONSUMERS_MAX)
        return why_set(w, ERR_LIMIT, "journal: %s: more than %d consumers", j->conf.folder,
                       JOURNAL_CONSUMERS_MAX);
    struct journal_consumer_state *c = &j->consumer[j->n_consumers++];
    *c = (struct journal_consumer_state){ .passed = passed };
    memcpy(c->name, name.p, name.n);
    return ERR_OK;
}

static err keep(const struct journal *j, const char *name, uint64_t passed, struct why *w)
{
    char path[JOURNAL_PATH], text[32];
    struct buf b = buf_of(text, sizeof text);
    buf_dec(&b, passed);
    buf_u8(&b, '\n');
    if (!offset_path(j, name, path))
        return why_set(w, ERR_LIMIT, "journal: %s: the path is too long", j->conf.folder);
    return file_replace(path, buf_slice(&b), 0600, w);
}

static err read_one(struct journal *j, struct slice name, struct why *w)
{
    char path[JOURNAL_PATH], plain[JOURNAL_NAME_MAX + 1];
    struct arena mem;
    struct slice text;
    uint64_t passed;
    memcpy(plain, name.p, name.n);
    plain[name.n] = '\0';
    if (!offset_path(j, plain, path))
        return why_set(w, ERR_LIMIT, "journal: %s: the path is too long", j->conf.folder);
    arena_init(&mem, NULL, 0);
    err rc = file_read(&mem, path, 64, &text, w);
    if (!rc && !(text.n && slice_to_u64(slice_first(text, text.n - 1), &passed) &&
                 passed <= JOURNAL_NUMBER_MAX))
        rc = why_set(w, ERR_FORMAT,
                     "%s: it should hold one number; what this consumer has done is not known: "
                     "remove the file to read the journal from its start",
                     path);
    if (!rc)
        rc = add(j, name, passed, w);
    arena_free(&mem);
    return rc;
}

err journal_read_consumers(struct journal *j, struct why *w)
{
    err rc = ERR_OK;
    DIR *dir = opendir(j->conf.folder);
    if (!dir)
        return why_set(w, ERR_IO, "journal: %s: %s", j->conf.folder, strerror(errno));
    for (struct dirent *d; !rc && (d = readdir(dir));) {
        struct slice name = slice_cstr(d->d_name);
        if (!slice_ends(name, SLICE(SUFFIX)))
            continue;
        name.n -= sizeof SUFFIX - 1;
        if (name_ok(name))
            rc = read_one(j, name, w);
    }
    closedir(dir);
    return rc;
}

err journal_consumer(struct journal *j, const char *name, uint64_t *seq, struct why *w)
{
    struct journal_consumer_state *c = find(j, name);
    BUG_ON(!name_ok(slice_cstr(name)));
    if (c) {
        *seq = c->passed;
        return ERR_OK;
    }
    *seq = 0;
    if (j->conf.read_only)
        return ERR_OK;
    err rc = keep(j, name, 0, w);
    return rc ? rc : add(j, slice_cstr(name), 0, w);
}

/* A segment goes when all its records are passed; the last one stays. */
static void trim(struct journal *j)
{
    uint64_t passed = UINT64_MAX;
    unsigned n = 0;
    for (unsigned i = 0; i < j->n_consumers; i++)
        passed = j->consumer[i].passed < passed ? j->consumer[i].passed : passed;
    while (n + 1 < j->n_segments && j->segment[n + 1].first <= passed + 1) {
        char path[JOURNAL_PATH];
        if (!journal_path(j->conf.folder, j->segment[n].first, path) || unlink(path)) {
            log_warn("store", "journal: a file that nobody needs stays: %s", strerror(errno));
            break;
        }
        atomic_fetch_sub(&j->bytes, j->segment[n].bytes);
        n++;
    }
    if (!n)
        return;
    j->n_segments -= n;
    memmove(j->segment, j->segment + n, j->n_segments * sizeof *j->segment);
}

err journal_passed(struct journal *j, const char *name, uint64_t seq, struct why *w)
{
    struct journal_consumer_state *c = find(j, name);
    BUG_ON(!c || seq > journal_durable(j));
    if (seq <= c->passed)
        return ERR_OK;
    err rc = keep(j, name, seq, w);
    if (rc)
        return rc;
    c->passed = seq;
    trim(j);
    return ERR_OK;
}
