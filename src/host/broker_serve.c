/* The broker's process: one question, one answer. What is asked by name of a socket is answered
 * only when the kernel listed that socket at the last look. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/bug.h"
#include "host/broker_wire.h"
#include "host/fdwalk.h"

#define SOCKETS_MAX   65536 /* those beyond have no process */
#define PROCESS_BYTES ((size_t)256 * 1024)

struct serving {
    struct socket_row *row; /* sorted by inode */
    unsigned n;
    struct fdwalk walk;
    struct arena mem;
    struct broker_question question;
    struct broker_answer answer;
};

/* ---- texts */

void told_put(struct told *t, const struct process *p)
{
    const struct slice texts[TOLD_TEXTS] = { p->name, p->executable, p->cwd, p->container };
    size_t at = 0;
    t->pid = p->pid;
    t->ppid = p->ppid;
    t->start_ns = p->start_ns;
    t->uid = p->uid;
    t->n_args = p->n_args < PROCESS_ARGS ? p->n_args : PROCESS_ARGS;
    for (unsigned i = 0; i < TOLD_TEXTS + t->n_args; i++) {
        struct slice s = i < TOLD_TEXTS ? texts[i] : p->args[i - TOLD_TEXTS];
        s = slice_first(s, TOLD_BYTES - at);
        if (s.n)
            memcpy(t->text + at, s.p, s.n);
        *(i < TOLD_TEXTS ? &t->n_text[i] : &t->n_arg[i - TOLD_TEXTS]) = (uint16_t)s.n;
        at += s.n;
    }
}

static bool next_text(const struct told *t, size_t *at, uint16_t n, struct slice *out)
{
    if (n > TOLD_BYTES - *at)
        return false;
    *out = slice_of(t->text + *at, n);
    *at += n;
    return true;
}

bool told_take(const struct told *t, struct process *p, struct arena *a)
{
    struct slice text[TOLD_TEXTS], arg[PROCESS_ARGS];
    size_t at = 0;
    if (t->n_args > PROCESS_ARGS)
        return false;
    for (unsigned i = 0; i < TOLD_TEXTS; i++)
        if (!next_text(t, &at, t->n_text[i], &text[i]))
            return false;
    for (unsigned i = 0; i < t->n_args; i++)
        if (!next_text(t, &at, t->n_arg[i], &arg[i]))
            return false;
    const struct process shown = { .pid = t->pid,
                                   .ppid = t->ppid,
                                   .start_ns = t->start_ns,
                                   .uid = t->uid,
                                   .name = text[0],
                                   .executable = text[1],
                                   .cwd = text[2],
                                   .container = text[3],
                                   .args = arg,
                                   .n_args = t->n_args };
    return process_copy(p, &shown, a);
}

/* ---- a look */

static void keep_row(void *ctx, const struct socket_row *row)
{
    struct serving *s = ctx;
    if (s->n < SOCKETS_MAX)
        s->row[s->n++] = *row;
}

static int by_inode(const void *a, const void *b)
{
    const struct socket_row *x = a, *y = b;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static void look(struct serving *s)
{
    s->n = 0;
    if (sockdiag_each(keep_row, s, &s->answer.why))
        return;
    qsort(s->row, s->n, sizeof *s->row, by_inode);
    fdwalk_run(&s->walk);
    s->answer.hidden = s->walk.closed;
}

/* ---- answers */

/* 0: no such socket, or nobody has it. */
static int64_t owner_of(const struct serving *s, const struct socket_row *asked)
{
    const struct socket_row *row =
        s->n ? bsearch(asked, s->row, s->n, sizeof *s->row, by_inode) : NULL;
    if (!row || row->ip_proto != asked->ip_proto || row->local_port != asked->local_port ||
        row->remote_port != asked->remote_port || !addr_eq(&row->local, &asked->local) ||
        !addr_eq(&row->remote, &asked->remote))
        return 0;
    return fdwalk_pid(&s->walk, row->inode);
}

static void tell_process(struct serving *s)
{
    struct process p;
    int64_t pid = owner_of(s, &s->question.row[0]);
    arena_reset(&s->mem);
    if (pid > 0 && process_read(&p, pid, &s->mem, ""))
        told_put(&s->answer.told, &p);
}

/* False: it is none. */
static bool answer(struct serving *s)
{
    const struct broker_question *q = &s->question;
    if (q->n > BROKER_ROWS)
        return false;
    switch (q->kind) {
    case BROKER_LOOK:
        look(s);
        return true;
    case BROKER_OWNERS:
        for (unsigned i = 0; i < q->n; i++)
            s->answer.pid[i] = owner_of(s, &q->row[i]);
        return true;
    case BROKER_PROCESS:
        if (q->n == 1)
            tell_process(s);
        return q->n == 1;
    default:
        return false;
    }
}

void broker_serve(int fd)
{
    struct serving *s = xcalloc(1, sizeof *s);
    s->row = xcalloc(SOCKETS_MAX, sizeof *s->row);
    arena_init(&s->mem, NULL, PROCESS_BYTES);
    for (;;) {
        ssize_t n = recv(fd, &s->question, sizeof s->question, MSG_TRUNC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        memset(&s->answer, 0, sizeof s->answer);
        s->answer.refused = n != (ssize_t)sizeof s->question || !answer(s);
        s->answer.kind = s->question.kind;
        s->answer.number = s->question.number;
        if (send(fd, &s->answer, sizeof s->answer, MSG_NOSIGNAL) != (ssize_t)sizeof s->answer)
            break;
    }
    arena_free(&s->mem);
    fdwalk_free(&s->walk);
    xfree(s->row);
    xfree(s);
}
