/* Asking the broker. An answer that comes after its time is counted and passed over. */
#include "host/broker.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "host/broker_wire.h"
#include "os/aside.h"

#define ANSWER_S 2

struct broker {
    struct aside aside;
    uint32_t number;
    struct counters *counters; /* NULL: nobody counts */
    struct broker_question question;
    struct broker_answer answer;
};

/* ---- asking */

static void count(struct broker *b, enum counter_id id, uint64_t n)
{
    if (b->counters)
        counter_add(b->counters, id, n);
}

static err hear(struct broker *b, enum broker_kind kind, struct why *w)
{
    for (;;) {
        ssize_t n = recv(b->aside.fd, &b->answer, sizeof b->answer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return why_set(w, ERR_IO, "the broker does not answer within %d s", ANSWER_S);
        if (n <= 0)
            return why_set(w, ERR_IO, "the broker has ended");
        if (n != (ssize_t)sizeof b->answer || b->answer.refused)
            break;
        if (b->answer.number != b->number) {
            count(b, COUNTER_PROCESSES_LATE, 1);
            continue;
        }
        b->answer.why.text[sizeof b->answer.why.text - 1] = 0;
        if (b->answer.kind == kind)
            return b->answer.why.text[0] ? why_set(w, ERR_IO, "%s", b->answer.why.text) : ERR_OK;
        break;
    }
    count(b, COUNTER_PROCESSES_REFUSED, 1);
    return why_set(w, ERR_FORMAT, "the broker refused a question");
}

static err ask(struct broker *b, enum broker_kind kind, struct why *w)
{
    b->question.kind = kind;
    b->question.number = ++b->number;
    ssize_t n = send(b->aside.fd, &b->question, sizeof b->question, MSG_NOSIGNAL);
    if (n != (ssize_t)sizeof b->question)
        return why_set(w, ERR_IO, "the broker cannot be asked: %s", strerror(errno));
    return hear(b, kind, w);
}

static void set_patience(int fd)
{
    const struct timeval patience = { .tv_sec = ANSWER_S };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

err broker_open(struct broker **out, uint64_t rights, bool closed, struct why *w)
{
    const struct aside_conf conf = { .name = "broker",
                                     .run = broker_serve,
                                     .closed = closed,
                                     .rights = rights,
                                     .calls = CALLS_BROKER };
    struct aside aside;
    struct why inner;
    *out = NULL;
    if (aside_open(&aside, &conf, &inner))
        return why_set(w, ERR_RIGHTS, "the process that looks at others: %s", inner.text);
    struct broker *b = xcalloc(1, sizeof *b);
    b->aside = aside;
    set_patience(aside.fd);
    *out = b;
    return ERR_OK;
}

void broker_close(struct broker *b)
{
    if (!b)
        return;
    close(b->aside.fd);
    xfree(b);
}

pid_t broker_pid(const struct broker *b)
{
    return b->aside.pid;
}

void broker_count(struct broker *b, struct counters *c)
{
    b->counters = c;
}

err broker_look(struct broker *b, unsigned *hidden, struct why *w)
{
    b->question.n = 0;
    err rc = ask(b, BROKER_LOOK, w);
    *hidden = rc ? 0 : b->answer.hidden;
    return rc;
}

err broker_owners(struct broker *b, const struct socket_row *rows, unsigned n,
                  int64_t pids[BROKER_ROWS], struct why *w)
{
    BUG_ON(n > BROKER_ROWS);
    b->question.n = n;
    memcpy(b->question.row, rows, n * sizeof *rows);
    count(b, COUNTER_PROCESSES_ASKED, n);
    err rc = ask(b, BROKER_OWNERS, w);
    for (unsigned i = 0; i < n; i++) {
        pids[i] = rc ? 0 : b->answer.pid[i];
        count(b, COUNTER_PROCESSES_ANSWERED, pids[i] > 0);
    }
    return rc;
}

bool broker_process(struct broker *b, const struct socket_row *row, struct process *out,
                    struct arena *a)
{
    struct why ignored;
    b->question.n = 1;
    b->question.row[0] = *row;
    return ask(b, BROKER_PROCESS, &ignored) == ERR_OK && b->answer.told.pid > 0 &&
           told_take(&b->answer.told, out, a);
}
