/* Lists of containers: read whole, kept under a mutex, read again now and then and when an id is
 * asked for that the last one did not have. */
#include "pipe/docker.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bug.h"
#include "base/log.h"
#include "codec/json.h"
#include "host/httpget.h"
#include "os/clock.h"
#include "os/thread.h"

#define SECOND_NS        INT64_C(1000000000)
#define FIRST_WAIT_MS    250
#define REREAD_MS        60000
#define PAUSE_NS         SECOND_NS /* between two lists, whatever is asked for */
#define ANSWER_MAX_BYTES ((size_t)8 << 20)
#define LIST_BYTES       ((size_t)64 << 20)
#define SHORT_ID         12

struct list {
    struct arena mem;
    struct container *v;
    unsigned n;
};

struct docker {
    struct docker_conf conf;
    char host[256], port[8]; /* of tcp:// */
    pthread_mutex_t mutex;   /* guards now */
    struct list list[2];
    struct list *now; /* NULL: none was read yet */
    struct thread thread;
    int wake_fd, end_fd, done_fd;
};

/* ---- a list */

static struct slice text_at(const struct node *n, const char *key)
{
    const struct node *at = node_get(n, key);
    return at && at->type == NODE_STR ? slice_cstr(at->text) : slice_of(NULL, 0);
}

static struct slice label_name(const struct docker *d, struct slice name, struct arena *a)
{
    struct slice copy = arena_dup(a, name);
    for (size_t i = 0; d->conf.dedot && i < copy.n; i++)
        if (copy.p[i] == '.')
            ((uint8_t *)(uintptr_t)copy.p)[i] = '_';
    return copy;
}

static bool take_labels(const struct docker *d, const struct node *labels, struct list *to,
                        struct object *out)
{
    unsigned n = 0;
    for (const struct node *c = labels ? labels->child : NULL; c; c = c->next)
        n++;
    out->m = arena_alloc(&to->mem, n * sizeof *out->m);
    for (const struct node *c = n && out->m ? labels->child : NULL; c; c = c->next) {
        struct slice text = slice_cstr(c->text ? c->text : "");
        out->m[out->n++] = (struct member){
            label_name(d, slice_cstr(c->key ? c->key : ""), &to->mem),
            { .field = 0xffff, .type = VT_STR, .p = text.p, .n = (uint32_t)text.n }
        };
    }
    out->cap = out->n;
    return out->m != NULL;
}

/* Names begin with a slash. */
static bool take_container(const struct docker *d, const struct node *n, struct list *to)
{
    struct container *c = &to->v[to->n];
    const struct node *names = node_get(n, "Names");
    const char *name = names && names->child && names->child->text ? names->child->text : "";
    *c = (struct container){ .id = text_at(n, "Id"),
                             .image = text_at(n, "Image"),
                             .name = slice_cstr(name + (name[0] == '/')) };
    to->n += c->id.n > 0;
    return take_labels(d, node_get(n, "Labels"), to, &c->labels);
}

static bool read_list(const struct docker *d, struct slice body, struct list *to)
{
    struct node *root;
    struct why ignored;
    unsigned n = 0;
    if (json_read(&to->mem, body, "docker", &root, &ignored) || root->type != NODE_LIST)
        return false;
    for (const struct node *c = root->child; c; c = c->next)
        n++;
    to->n = 0;
    to->v = arena_alloc(&to->mem, (n + 1) * sizeof *to->v);
    for (const struct node *c = root->child; to->v && c; c = c->next)
        if (!take_container(d, c, to))
            return false;
    return to->v != NULL;
}

/* ---- the thread */

static err ask(const struct docker *d, struct list *to, struct why *w)
{
    const char *unix_path = *d->host ? NULL : d->conf.host + strlen("unix://");
    struct http_request r = { .unix_path = unix_path,
                              .host = d->host,
                              .port = d->port,
                              .method = "GET",
                              .path = "/containers/json",
                              .headers = "",
                              .deadline_ns = clock_mono_ns() + 10 * SECOND_NS,
                              .cancel_fd = d->end_fd,
                              .max_bytes = ANSWER_MAX_BYTES };
    struct http_answer answer;
    arena_reset(&to->mem);
    err e = http_get(&r, &to->mem, &answer, w);
    if (e)
        return e;
    if (answer.status != 200 || !read_list(d, answer.body, to))
        return why_set(w, ERR_IO, "the answer (status %u) is no list of containers", answer.status);
    return ERR_OK;
}

static bool look(struct docker *d, struct why *w)
{
    struct list *to = d->now == &d->list[0] ? &d->list[1] : &d->list[0]; /* only we change now */
    if (ask(d, to, w))
        return false;
    pthread_mutex_lock(&d->mutex);
    d->now = to;
    pthread_mutex_unlock(&d->mutex);
    return true;
}

static void clear_bell(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

/* False: the end. */
static bool wait_to_look(struct docker *d)
{
    struct pollfd fds[] = { { d->end_fd, POLLIN, 0 }, { d->wake_fd, POLLIN, 0 } };
    if (poll(fds, 1, (int)(PAUSE_NS / 1000000)) > 0)
        return false;
    poll(fds, 2, REREAD_MS);
    clear_bell(d->wake_fd);
    return !fds[0].revents;
}

static void ring_bell(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n;
}

/* Without a daemon at the start there is nothing to do; one that goes away later may come back. */
static void run(void *ctx)
{
    struct docker *d = ctx;
    struct why w;
    bool there = look(d, &w);
    ring_bell(d->done_fd);
    if (!there)
        log_info("add_docker_metadata", "no docker at %s (%s): events get no container",
                 d->conf.host, w.text);
    bool failing = false;
    while (there && wait_to_look(d)) {
        bool fine = look(d, &w);
        if (!fine && !failing)
            log_warn("add_docker_metadata", "%s: %s; containers are those known before",
                     d->conf.host, w.text);
        failing = !fine;
    }
}

/* ---- for the pipe */

static bool read_host(struct docker *d)
{
    struct slice host = slice_cstr(d->conf.host);
    if (slice_starts(host, SLICE("unix:///")))
        return true;
    if (!slice_starts(host, SLICE("tcp://")) && !slice_starts(host, SLICE("http://")))
        return false;
    host = slice_after(host, (size_t)slice_search(host, SLICE("://")) + 3);
    ptrdiff_t colon = slice_find(host, ':');
    if (colon < 1 || (size_t)colon >= sizeof d->host || host.n - (size_t)colon > sizeof d->port)
        return false;
    memcpy(d->host, host.p, (size_t)colon);
    memcpy(d->port, host.p + colon + 1, host.n - (size_t)colon - 1);
    return true;
}

struct docker *docker_open(const struct docker_conf *conf)
{
    struct docker *d = xcalloc(1, sizeof *d);
    d->conf = *conf;
    d->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    d->end_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    d->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&d->mutex, NULL);
    arena_init(&d->list[0].mem, NULL, LIST_BYTES);
    arena_init(&d->list[1].mem, NULL, LIST_BYTES);
    if (!read_host(d) || thread_start(&d->thread, "docker", run, d)) {
        docker_close(d);
        return NULL;
    }
    struct pollfd done = { d->done_fd, POLLIN, 0 };
    poll(&done, 1, FIRST_WAIT_MS);
    return d;
}

void docker_close(struct docker *d)
{
    if (!d)
        return;
    ring_bell(d->end_fd);
    thread_join(&d->thread);
    close(d->wake_fd);
    close(d->end_fd);
    close(d->done_fd);
    arena_free(&d->list[0].mem);
    arena_free(&d->list[1].mem);
    pthread_mutex_destroy(&d->mutex);
    xfree(d);
}

static bool copy(const struct container *from, struct arena *a, struct container *out)
{
    *out = *from;
    out->id = arena_dup(a, from->id);
    out->name = arena_dup(a, from->name);
    out->image = arena_dup(a, from->image);
    out->labels.m = arena_alloc(a, from->labels.n * sizeof *out->labels.m);
    for (unsigned i = 0; out->labels.m && i < from->labels.n; i++) {
        const struct member *m = &from->labels.m[i];
        struct slice text = arena_dup(a, slice_of(m->v.p, m->v.n));
        out->labels.m[i] = *m;
        out->labels.m[i].key = arena_dup(a, m->key);
        out->labels.m[i].v.p = text.p;
    }
    return !a->full;
}

static bool is_it(const struct docker *d, const struct container *c, struct slice id)
{
    return slice_eq(c->id, id) ||
           (d->conf.short_ids && id.n >= SHORT_ID && slice_starts(c->id, id));
}

bool docker_is_there(struct docker *d)
{
    pthread_mutex_lock(&d->mutex);
    bool there = d->now != NULL;
    pthread_mutex_unlock(&d->mutex);
    return there;
}

bool docker_find(struct docker *d, struct slice id, struct arena *a, struct container *out)
{
    bool found = false, asked;
    pthread_mutex_lock(&d->mutex);
    asked = d->now != NULL;
    for (unsigned i = 0; d->now && i < d->now->n && !found; i++)
        found = is_it(d, &d->now->v[i], id) && copy(&d->now->v[i], a, out);
    pthread_mutex_unlock(&d->mutex);
    if (asked && !found)
        ring_bell(d->wake_fd);
    return found;
}
