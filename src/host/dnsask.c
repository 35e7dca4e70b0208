/* Questions and answers of RFC 1035 sections 4.1 and 3.4, as far as looking names up needs them. */
#include "host/dnsask.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "os/clock.h"
#include "os/file.h"

#define MESSAGE_MAX  4096
#define HEADER_BYTES 12
#define LABEL_MAX    63
#define NAME_MAX     253
#define JUMPS_MAX    32

static const uint16_t type_codes[] = {
    [DNS_A] = 1, [DNS_AAAA] = 28, [DNS_TXT] = 16, [DNS_PTR] = 12
};

bool name_server_parse(struct slice text, struct name_server *out)
{
    uint64_t port = 53;
    struct slice host = text;
    ptrdiff_t close = slice_find(text, ']'), colon = slice_find(text, ':');
    if (text.n && text.p[0] == '[' && close > 1) {
        host = slice_of(text.p + 1, (size_t)close - 1);
        struct slice rest = slice_after(text, (size_t)close + 1);
        if (rest.n && (rest.p[0] != ':' || !slice_to_u64(slice_after(rest, 1), &port)))
            return false;
    } else if (colon >= 0 && slice_find(slice_after(text, (size_t)colon + 1), ':') < 0) {
        host = slice_first(text, (size_t)colon);
        if (!slice_to_u64(slice_after(text, (size_t)colon + 1), &port))
            return false;
    }
    out->port = (uint16_t)port;
    return port > 0 && port <= 65535 && addr_parse(host, &out->addr);
}

unsigned name_servers_of_system(struct name_server *out, unsigned max)
{
    struct arena a;
    struct slice text = { NULL, 0 };
    struct why ignored;
    unsigned n = 0;
    arena_init(&a, NULL, 0);
    if (file_read(&a, "/etc/resolv.conf", 65536, &text, &ignored))
        text.n = 0;
    struct cursor c = cur_of(text);
    while (cur_left(&c) && n < max) {
        ptrdiff_t end = slice_find(cur_rest(&c), '\n');
        struct slice line = cur_bytes(&c, end < 0 ? cur_left(&c) : (size_t)end);
        if (end >= 0)
            cur_skip(&c, 1);
        if (slice_starts(line, SLICE("nameserver ")))
            n += name_server_parse(slice_trim(slice_after(line, 11)), &out[n]);
    }
    arena_free(&a);
    return n;
}

/* ---- questions */

static void put_u16(struct buf *b, uint16_t v)
{
    buf_u8(b, (uint8_t)(v >> 8));
    buf_u8(b, (uint8_t)v);
}

static bool put_name(struct buf *b, struct slice name)
{
    if (name.n && name.p[name.n - 1] == '.')
        name.n--;
    if (!name.n || name.n > NAME_MAX)
        return false;
    while (name.n) {
        ptrdiff_t dot = slice_find(name, '.');
        size_t n = dot < 0 ? name.n : (size_t)dot;
        if (n == 0 || n > LABEL_MAX)
            return false;
        buf_u8(b, (uint8_t)n);
        buf_add(b, slice_first(name, n));
        name = slice_after(name, dot < 0 ? n : n + 1);
    }
    buf_u8(b, 0);
    return true;
}

/* 4.3.2.1.in-addr.arpa, or 32 nibbles under ip6.arpa (RFC 3596 section 2.5). */
static bool put_reverse(struct buf *b, struct slice text)
{
    struct addr a;
    char name[80];
    struct buf n = buf_of(name, sizeof name);
    if (!addr_parse(text, &a))
        return false;
    bool v4 = addr_is_v4(&a);
    for (unsigned i = 16; i-- > (v4 ? 12u : 0u);) {
        if (v4)
            buf_printf(&n, "%u.", a.b[i]);
        else
            buf_printf(&n, "%x.%x.", a.b[i] & 15u, a.b[i] >> 4u);
    }
    buf_cstr(&n, v4 ? "in-addr.arpa" : "ip6.arpa");
    return put_name(b, buf_slice(&n));
}

size_t dns_write_question(enum dns_question type, struct slice name, uint16_t id, uint8_t out[512])
{
    struct buf b = buf_of(out, 512);
    put_u16(&b, id);
    put_u16(&b, 0x0100); /* recursion desired */
    put_u16(&b, 1);
    for (unsigned i = 0; i < 3; i++)
        put_u16(&b, 0);
    if (!(type == DNS_PTR ? put_reverse(&b, name) : put_name(&b, name)))
        return 0;
    put_u16(&b, type_codes[type]);
    put_u16(&b, 1);
    return b.full ? 0 : b.n;
}

/* ---- answers */

/* A name at c, which is passed; with dots into out. Pointers lead backwards only. */
static bool read_name(struct slice message, struct cursor *c, struct buf *out)
{
    struct cursor at = *c;
    size_t limit = (size_t)(c->p - message.p);
    bool jumped = false;
    for (unsigned jumps = 0; cur_ok(&at);) {
        uint8_t n = cur_u8(&at);
        if (n >= 0xc0) {
            size_t to = (size_t)(n & 0x3f) << 8 | cur_u8(&at);
            if (!jumped)
                *c = at;
            jumped = true;
            if (to >= limit || ++jumps > JUMPS_MAX)
                return false;
            limit = to;
            at = cur_of(slice_after(message, to));
            continue;
        }
        if (n > LABEL_MAX)
            return false;
        if (n == 0)
            break;
        if (out->n)
            buf_u8(out, '.');
        buf_add(out, cur_bytes(&at, n));
    }
    if (!jumped)
        *c = at;
    return cur_ok(&at) && out->n <= NAME_MAX && !out->full;
}

static bool put_data(struct slice message, uint16_t type, struct cursor data, struct buf *out)
{
    struct addr a;
    if (type == 1) {
        struct slice b = cur_bytes(&data, 4);
        if (cur_ok(&data))
            a = addr_v4(b.p);
    } else if (type == 28) {
        struct slice b = cur_bytes(&data, 16);
        if (cur_ok(&data))
            a = addr_v6(b.p);
    } else if (type == 12) {
        return read_name(message, &data, out);
    } else {
        while (cur_left(&data))
            buf_add(out, cur_bytes(&data, cur_u8(&data)));
        return cur_ok(&data) && !out->full;
    }
    if (!cur_ok(&data))
        return false;
    buf_addr(out, &a);
    return !out->full;
}

/* One resource record; one of another type (a CNAME in front) is passed. */
static bool read_record(struct slice message, struct cursor *c, uint16_t want, struct arena *a,
                        struct dns_answers *out)
{
    char room[512], text[MESSAGE_MAX];
    struct buf owner = buf_of(room, sizeof room), b = buf_of(text, sizeof text);
    if (!read_name(message, c, &owner))
        return false;
    uint16_t type = cur_u16be(c), class = cur_u16be(c);
    uint32_t ttl = cur_u32be(c);
    struct cursor data = cur_sub(c, cur_u16be(c));
    if (!cur_ok(c))
        return false;
    if (type != want || class != 1 || out->n == DNS_ANSWERS_MAX)
        return true;
    if (!put_data(message, type, data, &b))
        return false;
    struct slice kept = arena_dup(a, buf_slice(&b));
    if (b.n && kept.n == b.n)
        out->v[out->n++] = kept;
    out->ttl = out->n == 1 || ttl < out->ttl ? ttl : out->ttl;
    return true;
}

bool dns_read_answers(struct slice message, struct slice question, struct arena *a,
                      struct dns_answers *out)
{
    struct cursor c = cur_of(message);
    *out = (struct dns_answers){ 0 };
    uint16_t id = cur_u16be(&c), flags = cur_u16be(&c), questions = cur_u16be(&c),
             answers = cur_u16be(&c);
    cur_skip(&c, 4);
    struct slice asked = slice_after(question, HEADER_BYTES), again = cur_bytes(&c, asked.n);
    bool ours = cur_ok(&c) && question.n > HEADER_BYTES &&
                id == (question.p[0] << 8 | question.p[1]) && (flags & 0x8000) && questions == 1 &&
                slice_eq_nocase(asked, again);
    unsigned code = flags & 15;
    if (!ours || (code != 0 && code != 3)) /* 3: there is no such name */
        return false;
    uint16_t want = (uint16_t)(asked.p[asked.n - 4] << 8 | asked.p[asked.n - 3]);
    for (unsigned i = 0; i < answers && cur_left(&c); i++)
        if (!read_record(message, &c, want, a, out))
            return false;
    return true;
}

/* ---- asking */

static int connect_to(const struct name_server *s)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(s->port) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(s->port) };
    bool v4 = addr_is_v4(&s->addr);
    memcpy(&in.sin_addr, s->addr.b + 12, 4);
    memcpy(&in6.sin6_addr, s->addr.b, 16);
    int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *to = v4 ? (const void *)&in : (const void *)&in6;
    if (fd >= 0 && connect(fd, to, v4 ? sizeof in : sizeof in6) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Waits for the answer to the question; others are passed. */
static bool await(int fd, struct slice question, int64_t until_ns, struct arena *a,
                  struct dns_answers *out)
{
    uint8_t message[MESSAGE_MAX];
    for (;;) {
        int64_t left = until_ns - clock_mono_ns();
        struct pollfd p = { fd, POLLIN, 0 };
        if (left <= 0 || poll(&p, 1, (int)(left / 1000000) + 1) < 0)
            return false;
        ssize_t n = p.revents ? recv(fd, message, sizeof message, MSG_DONTWAIT) : 0;
        if (n < 0 && errno != EAGAIN)
            return false;
        if (n > 0 && dns_read_answers(slice_of(message, (size_t)n), question, a, out))
            return true;
    }
}

err dns_ask(const struct dns_request *r, struct arena *a, struct dns_answers *out, struct why *w)
{
    int fd = connect_to(r->server);
    if (fd < 0)
        return why_set(w, ERR_IO, "%s", strerror(errno));
    struct slice q = r->question;
    bool sent = send(fd, q.p, q.n, MSG_NOSIGNAL) == (ssize_t)q.n;
    bool answered = sent && await(fd, q, clock_mono_ns() + r->timeout_ns, a, out);
    close(fd);
    return answered ? ERR_OK : why_set(w, ERR_IO, "no answer");
}
