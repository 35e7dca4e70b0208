/* The time of a message that was given as text: only "yyyy-MM-dd HH:mm:ss.SSS" in UTC is understood
 * (message ts-02 of Graylog's answers); anything else becomes the present, with an error whose
 * words are those of Joda-Time. */
#include "base/buf.h"
#include "base/cursor.h"
#include "model/civil.h"
#include "model/message.h"

#define SAMPLE 32 /* characters behind the fault that the error shows */

/* Digits at c, at most `max` of them, as a number; false when there are none. */
static bool number(struct cursor *c, unsigned max, int64_t *out)
{
    unsigned n = 0;
    int64_t v = 0;
    for (; n < max && cur_left(c) && cur_peek(c) >= '0' && cur_peek(c) <= '9'; n++)
        v = 10 * v + cur_u8(c) - '0';
    *out = v;
    return n > 0;
}

static bool literal(struct cursor *c, uint8_t b)
{
    if (!cur_left(c) || cur_peek(c) != b)
        return false;
    cur_skip(c, 1);
    return true;
}

/* A number of the pattern, and what stands behind it (0: nothing). On a fault the cursor is where
 * Joda says that the text is malformed. */
static bool part(struct cursor *c, unsigned max, uint8_t behind, int64_t *out)
{
    return number(c, max, out) && (!behind || literal(c, behind));
}

/* SSS: up to three digits are a fraction; more are passed. */
static bool fraction(struct cursor *c, int64_t *ms)
{
    size_t before = cur_left(c);
    if (!number(c, 3, ms))
        return false;
    for (size_t n = before - cur_left(c); n < 3; n++)
        *ms *= 10;
    return true;
}

static bool read_text(struct cursor *c, int64_t *ts_ms)
{
    struct civil t = { 0 };
    struct cursor at = *c;
    bool negative = literal(c, '-');
    if (!part(c, 9, '-', &t.year) || !part(c, 2, '-', &t.month) || !part(c, 2, ' ', &t.day) ||
        !part(c, 2, ':', &t.hour) || !part(c, 2, ':', &t.minute) || !part(c, 2, '.', &t.second) ||
        !fraction(c, &t.ms) || cur_left(c))
        return false;
    if (negative)
        t.year = -t.year;
    if (civil_to_ms(&t, ts_ms))
        return true;
    *c = at;
    return false;
}

/* Joda's sentence about text that is malformed `at` bytes from its start. */
static void describe(struct buf *b, struct slice text, size_t at)
{
    bool cut = text.n > at + SAMPLE + 3;
    struct slice sample = slice_first(text, cut ? at + SAMPLE : text.n);
    buf_lit(b, "Value <");
    buf_add(b, text);
    buf_lit(b, "> caused exception: Invalid format: \"");
    buf_add(b, sample);
    if (cut)
        buf_lit(b, "...");
    buf_lit(b, "\"");
    if (at && at >= text.n) {
        buf_lit(b, " is too short");
    } else if (at) {
        buf_lit(b, " is malformed at \"");
        buf_add(b, slice_after(sample, at));
        if (cut)
            buf_lit(b, "...");
        buf_lit(b, "\"");
    }
    buf_lit(b, ".");
}

static void add_time_error(struct message *m, struct slice id, struct slice details)
{
    static const char before[] = "Replaced invalid timestamp value in message <";
    static const char behind[] = "> with current time";
    size_t cap = sizeof before + sizeof behind + id.n;
    uint8_t *p = arena_alloc(m->mem, cap);
    if (!p) {
        m->lost = true;
        return;
    }
    struct buf b = buf_of(p, cap);
    buf_lit(&b, before);
    buf_add(&b, id);
    buf_lit(&b, behind);
    message_add_error(m, buf_slice(&b), details);
}

int64_t message_time(struct message *m, int64_t now_ms, struct slice id)
{
    if (m->has_ts && !m->ts_text.n)
        return m->ts_ms;
    struct cursor c = cur_of(m->ts_text);
    if (m->has_ts && read_text(&c, &m->ts_ms)) {
        m->ts_text = slice_of(NULL, 0);
        return m->ts_ms;
    }
    struct slice details = SLICE("<null> value provided");
    if (m->has_ts) {
        size_t cap = 3 * m->ts_text.n + 128;
        uint8_t *p = arena_alloc(m->mem, cap);
        struct buf b = buf_of(p, p ? cap : 0);
        describe(&b, m->ts_text, m->ts_text.n - cur_left(&c));
        details = buf_slice(&b);
    }
    add_time_error(m, id, details);
    m->ts_ms = now_ms;
    m->has_ts = true;
    m->ts_text = slice_of(NULL, 0);
    return now_ms;
}
