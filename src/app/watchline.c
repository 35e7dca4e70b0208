/* Events for people: time, type, endpoints, what, status, duration. */
#include "app/watchline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"
#include "os/clock.h"

#define LINE_MAX_BYTES 2048
#define TYPE_WIDTH     6
#define END_WIDTH      21 /* 255.255.255.255:65535 */
#define STATUS_WIDTH   12
#define WHAT_MIN       24

struct line {
    struct buf b;
    bool colour;
    unsigned column; /* visible ones so far */
};

enum colour { PLAIN, DIM, RED, GREEN, YELLOW, CYAN, MAGENTA };
static const char *const codes[] = {
    [PLAIN] = "0",   [DIM] = "2",   [RED] = "31",    [GREEN] = "32",
    [YELLOW] = "33", [CYAN] = "36", [MAGENTA] = "35"
};

static void colour(struct line *l, enum colour c)
{
    if (l->colour) {
        buf_lit(&l->b, "\033[");
        buf_cstr(&l->b, codes[c]);
        buf_lit(&l->b, "m");
    }
}

/* Bytes of the next character; 1 when it is broken. s is not empty. */
static size_t utf8_length(struct slice s)
{
    unsigned n = utf8_len(s.p, s.n);
    return n ? n : 1;
}

/* Text from the wire: control characters and broken UTF-8 must not reach the terminal. */
static void put_text(struct line *l, struct slice s, unsigned width)
{
    unsigned used = 0;
    while (s.n && used < width) {
        if (used + 1 == width && s.n > utf8_length(s)) {
            buf_lit(&l->b, "…");
            used++;
            break;
        }
        size_t n = utf8_len(s.p, s.n);
        if (n == 0 || *s.p < 0x20 || *s.p == 0x7f || (n == 2 && *s.p == 0xc2 && s.p[1] < 0xa0)) {
            buf_u8(&l->b, '.');
            n = 1;
        } else {
            buf_put(&l->b, s.p, n);
        }
        s = slice_after(s, n);
        used++;
    }
    l->column += used;
}

static void pad_to(struct line *l, unsigned column)
{
    do {
        buf_u8(&l->b, ' ');
        l->column++;
    } while (l->column < column);
}

static const struct value *get(const struct event *e, enum ecs_id id)
{
    return event_get(e, &ecs[id]);
}

static struct slice text_of(const struct event *e, enum ecs_id id)
{
    const struct value *v = get(e, id);
    return v && v->type == VT_STR ? slice_of(v->p, v->n) : slice_of(NULL, 0);
}

static int64_t int_of(const struct event *e, enum ecs_id id)
{
    const struct value *v = get(e, id);
    return v && v->type == VT_INT ? v->i : 0;
}

static const struct value *named(const struct event *e, const char *name)
{
    const struct field *f = schema_find(slice_cstr(name));
    return f ? event_get(e, f) : NULL;
}

static void put_end(struct line *l, const struct event *e, bool source)
{
    enum ecs_id ip = source ? ECS_SOURCE_IP : ECS_DESTINATION_IP;
    enum ecs_id port = source ? ECS_SOURCE_PORT : ECS_DESTINATION_PORT;
    enum ecs_id mac = source ? ECS_SOURCE_MAC : ECS_DESTINATION_MAC;
    char text[ADDR_TEXT_MAX + 16];
    struct buf b = buf_of(text, sizeof text);
    const struct value *v = get(e, ip);
    bool has_port = get(e, port) != NULL, v6 = false;
    if (v && (v->type == VT_IP || (v->type == VT_IPS && v->n))) {
        v6 = !addr_is_v4(v->p) && has_port;
        buf_cstr(&b, v6 ? "[" : "");
        buf_addr(&b, v->p);
        buf_cstr(&b, v6 ? "]" : "");
    } else {
        buf_add(&b, text_of(e, mac));
    }
    if (has_port) {
        buf_u8(&b, ':');
        buf_int(&b, int_of(e, port));
    }
    put_text(l, buf_slice(&b), (unsigned)b.n);
}

static void put_bytes(struct buf *b, int64_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double v = (double)bytes;
    unsigned unit = 0;
    while (v >= 1000 && unit + 1 < COUNT(units)) {
        v /= 1000;
        unit++;
    }
    buf_printf(b, unit ? "%.1f %s" : "%.0f %s", v, units[unit]);
}

static void flow_what(struct buf *b, const struct event *e)
{
    struct slice transport = text_of(e, ECS_NETWORK_TRANSPORT);
    int64_t packets = int_of(e, ECS_NETWORK_PACKETS);
    buf_add(b, transport);
    buf_printf(b, "%s%lld packet%s ", transport.n ? " " : "", (long long)packets,
               packets == 1 ? "" : "s");
    put_bytes(b, int_of(e, ECS_NETWORK_BYTES));
}

static void what(struct buf *b, const struct event *e)
{
    struct slice query = text_of(e, ECS_QUERY), path = text_of(e, ECS_PATH);
    const struct value *name = named(e, "dns.question.name");
    const struct value *type = named(e, "dns.question.type");
    const struct value *message = named(e, "icmp.request.message");
    message = message ? message : named(e, "icmp.response.message");
    if (e->source == EVENT_SOURCE_FLOW) {
        flow_what(b, e);
    } else if (name && type && name->type == VT_STR && type->type == VT_STR) {
        buf_put(b, type->p, type->n);
        buf_u8(b, ' ');
        buf_put(b, name->p, name->n);
    } else if (message && message->type == VT_STR) {
        buf_put(b, message->p, message->n);
    } else if (query.n) {
        buf_add(b, query);
    } else {
        buf_add(b, path);
    }
}

/* Half a transaction: which half is missing; else empty. */
static struct slice missing_half(const struct event *e)
{
    if (!get(e, ECS_ERROR_MESSAGE))
        return SLICE("");
    if (!get(e, ECS_EVENT_END))
        return SLICE("no answer");
    return get(e, ECS_EVENT_START) ? SLICE("") : SLICE("no request");
}

/* The protocol's own word (200, NXDOMAIN), else OK or Error; a flow's reason to end. */
static struct slice status(const struct event *e, char *text, size_t cap)
{
    struct slice half = missing_half(e);
    if (half.n)
        return half;
    static const char *const names[] = { "http.response.status_code", "dns.response_code" };
    struct buf b = buf_of(text, cap);
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct value *v = named(e, names[i]);
        if (v && v->type == VT_STR)
            return slice_of(v->p, v->n);
        if (v && v->type == VT_INT) {
            buf_int(&b, v->i);
            return buf_slice(&b);
        }
    }
    if (e->source != EVENT_SOURCE_FLOW)
        return text_of(e, ECS_STATUS);
    const struct value *final = get(e, ECS_FLOW_FINAL);
    struct slice reason = text_of(e, ECS_EVENT_REASON);
    return reason.n ? reason : final && final->i ? SLICE("end") : SLICE("open");
}

static enum colour status_colour(const struct event *e)
{
    struct slice word = text_of(e, ECS_STATUS);
    if (e->source == EVENT_SOURCE_FLOW)
        return DIM;
    return slice_eq(word, SLICE("OK")) ? GREEN : slice_eq(word, SLICE("Error")) ? RED : YELLOW;
}

static void put_duration(struct line *l, const struct event *e)
{
    const struct value *v = get(e, ECS_EVENT_DURATION);
    if (!v || v->type != VT_INT)
        return;
    double ns = (double)v->i;
    if (ns < 1e6)
        buf_printf(&l->b, "%7.0f µs", ns / 1e3);
    else if (ns < 1e9)
        buf_printf(&l->b, "%7.1f ms", ns / 1e6);
    else
        buf_printf(&l->b, "%7.2f s ", ns / 1e9);
}

static void put_time(struct line *l, const struct event *e)
{
    char text[40];
    struct buf b = buf_of(text, sizeof text);
    clock_local(&b, e->ts_ns);
    colour(l, DIM);
    put_text(l, slice_first(slice_after(buf_slice(&b), 11), 12), 12); /* 15:04:05.999 */
    colour(l, PLAIN);
    pad_to(l, l->column);
}

/* Columns that are left for `what`, so that status and duration stay on the line. */
static unsigned what_width(const struct line *l, unsigned columns)
{
    unsigned taken = l->column + 2 + STATUS_WIDTH + 11;
    return !columns ? 60 : columns > taken + WHAT_MIN ? columns - taken : WHAT_MIN;
}

struct slice watchline_format(const struct event *e, const struct watchline_conf *conf, char *text,
                              size_t cap)
{
    struct line l = { buf_of(text, cap), conf->colour, 0 };
    char word[24], middle[512];
    struct buf m = buf_of(middle, sizeof middle);
    bool is_flow = e->source == EVENT_SOURCE_FLOW;
    put_time(&l, e);
    colour(&l, is_flow ? DIM : CYAN);
    unsigned at = l.column;
    put_text(&l, text_of(e, ECS_TYPE), TYPE_WIDTH);
    colour(&l, PLAIN);
    pad_to(&l, at + TYPE_WIDTH + 1);
    at = l.column;
    put_end(&l, e, true);
    pad_to(&l, at + END_WIDTH + 1);
    buf_lit(&l.b, "→ ");
    l.column += 2;
    at = l.column;
    put_end(&l, e, false);
    pad_to(&l, at + END_WIDTH + 1);
    what(&m, e);
    unsigned width = what_width(&l, conf->columns);
    at = l.column;
    put_text(&l, buf_slice(&m), width);
    pad_to(&l, at + width + 1);
    colour(&l, status_colour(e));
    at = l.column;
    put_text(&l, status(e, word, sizeof word), STATUS_WIDTH);
    colour(&l, PLAIN);
    pad_to(&l, at + STATUS_WIDTH + 1);
    put_duration(&l, e);
    return buf_slice(&l.b);
}

static err failure(struct why *w)
{
    return why_set(w, errno == EPIPE ? ERR_END : ERR_IO, "standard output: %s", strerror(errno));
}

static err write_line(void *ctx, const struct event *e, struct slice json, struct why *w)
{
    char text[LINE_MAX_BYTES];
    (void)json;
    struct slice line = watchline_format(e, ctx, text, sizeof text - 1);
    text[line.n] = '\n';
    if (fwrite(text, 1, line.n + 1, stdout) != line.n + 1)
        return failure(w);
    return ERR_OK;
}

static err flush(void *ctx, struct why *w)
{
    (void)ctx;
    return fflush(stdout) ? failure(w) : ERR_OK;
}

static err open_output(void *ctx, const void *conf, struct why *w)
{
    (void)w;
    *(struct watchline_conf *)ctx = *(const struct watchline_conf *)conf;
    return ERR_OK;
}

static void close_output(void *ctx)
{
    (void)ctx;
}

struct watchline_conf watchline_of_terminal(void)
{
    struct winsize size = { 0 };
    const char *no_colour = getenv("NO_COLOR");
    if (!isatty(STDOUT_FILENO))
        return (struct watchline_conf){ false, 0 };
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    return (struct watchline_conf){ !(no_colour && *no_colour), size.ws_col };
}

static const struct option no_options[] = { { 0 } };

const struct output watchline_output = {
    .name = "watch",
    .doc = "One line an event, for people.",
    .options = no_options,
    .conf_size = sizeof(struct watchline_conf),
    .ctx_size = sizeof(struct watchline_conf),
    .open = open_output,
    .write = write_line,
    .flush = flush,
    .close = close_output,
};
