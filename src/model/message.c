/* Messages with Graylog's semantics (graylog.md 1.3): which names are accepted, what is trimmed,
 * what counts for the size. Fields lie in order of arrival with an open-addressing index beside. */
#include "model/message.h"

#include "base/bug.h"
#include "base/utf8.h"

/* clang-format off */
const bool message_name_byte[256] = {
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1,
    ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1,
    ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1,
    ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1,
    ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1,
    ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1,
    ['_'] = 1, ['.'] = 1, ['-'] = 1, ['@'] = 1,
};

static const char *const reserved[] = {
    "_all", "_id", "_index", "_score", "_source", "_ttl", "_type",
    "gl2_accounted_message_size", "gl2_processing_error", "gl2_processing_timestamp",
    "gl2_receive_timestamp", "gl2_remote_hostname", "gl2_remote_ip", "gl2_remote_port",
    "gl2_source_collector", "gl2_source_collector_input", "gl2_source_input", "gl2_source_node",
    "gl2_source_radio", "gl2_source_radio_input", "message", "source", "timestamp", NULL,
};
/* clang-format on */
enum { UNSETTABLE = 7, SERVER_FIELDS = 13 };

/* Names beside the server's own that do not count for the size. */
static const char *const uncounted[] = {
    "associated_assets",   "gim_event_category", "gim_event_class", "gim_event_type",
    "gim_event_type_code", "gim_tags",           "gim_version",
};

#define INDEX_MIN 32
/* A field that is that far from its place is refused: with an index at most half full that is no
 * accident but names made to collide. */
#define PROBES_MAX 64

static bool is_one_of(struct slice name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_eq(name, slice_cstr(list[i])))
            return true;
    }
    return false;
}

const char *const *message_reserved(bool settable)
{
    return reserved + (settable ? UNSETTABLE : 0);
}

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Up to eight bytes as a number. */
static inline uint64_t load_short(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

uint32_t message_hash(struct slice name)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ name.n;
    const uint8_t *p = name.p;
    size_t n = name.n;
    for (; n > 16; p += 16, n -= 16)
        h = fold(load8(p) ^ 0xa0761d6478bd642fu, load8(p + 8) ^ h);
    if (n >= 8)
        h = fold(load8(p) ^ 0xa0761d6478bd642fu, load8(p + n - 8) ^ h);
    else
        h = fold(load_short(p, n) ^ 0xa0761d6478bd642fu, h);
    h = fold(h, 0xe7037ed1a0b428dbu);
    uint32_t half = (uint32_t)(h ^ h >> 32);
    return half ? half : 1;
}

static unsigned index_size(unsigned cap)
{
    unsigned size = INDEX_MIN;
    while (size < 2 * cap)
        size *= 2;
    return size;
}

static inline uint32_t entry(uint32_t hash, unsigned position)
{
    return (hash & 0xffff0000) | position;
}

static inline unsigned position_at(const struct message *m, unsigned at)
{
    return (uint16_t)m->index[at];
}

/* The place in the index of the field of that name, or of the free place where it belongs. */
static inline unsigned find(const struct message *m, struct slice name, uint32_t hash,
                            unsigned *probes)
{
    unsigned at = hash & m->index_mask, steps = 0;
    for (; m->index[at]; at = (at + 1) & m->index_mask, steps++) {
        if ((m->index[at] ^ hash) > 0xffff)
            continue;
        const struct message_field *f = &m->f[position_at(m, at) - 1];
        if (f->hash == hash && slice_eq_short(f->name, name))
            break;
    }
    *probes = steps;
    return at;
}

/* The place in the index of the field at a position: it is there. */
static unsigned place_of(const struct message *m, unsigned position)
{
    unsigned at = m->f[position - 1].hash & m->index_mask;
    while (position_at(m, at) != position)
        at = (at + 1) & m->index_mask;
    return at;
}

static inline bool has_id(const struct message *m, const struct message_field *f)
{
    return m->names && f->id;
}

/* Puts the field, which comes to stand at the position, into the index; false when it is too far
 * from its place. */
static bool enter(struct message *m, const struct message_field *f, unsigned position)
{
    unsigned at = f->hash & m->index_mask, steps = 0;
    for (; m->index[at]; at = (at + 1) & m->index_mask, steps++)
        ;
    if (steps > PROBES_MAX) {
        m->refused++;
        return false;
    }
    m->index[at] = entry(f->hash, position);
    return true;
}

/* Makes the index anew, for cap fields. False without memory: there is none then. */
static bool make_index(struct message *m)
{
    unsigned size = index_size(m->cap), kept = 0;
    m->index = arena_zalloc(m->mem, size * sizeof *m->index);
    m->index_mask = size - 1;
    for (unsigned i = 0; m->index && i < m->n; i++) {
        struct message_field *f = &m->f[i];
        if (has_id(m, f))
            m->place[f->id] = (uint16_t)(kept + 1);
        else if (!enter(m, f, kept + 1))
            continue;
        if (kept != i)
            m->f[kept] = *f;
        kept++;
    }
    m->n = m->index ? kept : m->n;
    return m->index != NULL;
}

static bool has_index(const struct message *m)
{
    return m->index || make_index((struct message *)(uintptr_t)m);
}

/* The position of the field of that name, or 0. */
static unsigned position_of(const struct message *m, struct slice name, uint32_t hash)
{
    unsigned probes, i, id = m->names ? message_names_find(m->names, name, hash) : 0;
    if (id)
        return m->place[id];
    if (LIKELY(has_index(m)))
        return position_at(m, find(m, name, hash, &probes));
    for (i = m->n; i > 0; i--) {
        if (m->f[i - 1].hash == hash && slice_eq_short(m->f[i - 1].name, name))
            break;
    }
    return i;
}

struct message *message_new(struct arena *mem, unsigned cap)
{
    struct message *m = arena_zalloc(mem, sizeof *m);
    if (!m)
        return NULL;
    m->mem = mem;
    m->cap = cap < 8 ? 8 : cap > MESSAGE_FIELDS_MAX ? MESSAGE_FIELDS_MAX : cap;
    m->f = arena_alloc(mem, m->cap * sizeof *m->f);
    return m->f ? m : NULL;
}

NOINLINE static bool make_room(struct message *m)
{
    unsigned cap = 2 * m->cap < MESSAGE_FIELDS_MAX ? 2 * m->cap : MESSAGE_FIELDS_MAX;
    if (m->n == MESSAGE_FIELDS_MAX) {
        m->refused++;
        return false;
    }
    struct message_field *f = arena_alloc(m->mem, cap * sizeof *f);
    if (!f) {
        m->lost = true;
        return false;
    }
    memcpy(f, m->f, m->n * sizeof *f);
    m->f = f;
    m->cap = cap;
    if (m->index)
        make_index(m);
    return true;
}

static inline bool has_room(struct message *m)
{
    return LIKELY(m->n < m->cap) || make_room(m);
}

/* A new last field; there is room for it. */
static inline void add_last(struct message *m, struct slice name, uint32_t hash, unsigned id,
                            const struct value *v)
{
    m->f[m->n++] =
        (struct message_field){ .name = name, .hash = hash, .id = (uint16_t)id, .v = *v };
}

bool message_append_slowly(struct message *m, struct slice name, uint32_t hash, unsigned id,
                           struct value v)
{
    if (m->names || m->index)
        return message_put(m, name, hash, &v);
    if (!has_room(m))
        return false;
    add_last(m, name, hash, id, &v);
    return true;
}

bool message_put(struct message *m, struct slice name, uint32_t hash, const struct value *v)
{
    unsigned id = m->names ? message_names_find(m->names, name, hash) : 0;
    if (id)
        return message_put_id(m, id, *v);
    unsigned position = position_of(m, name, hash);
    if (position) {
        m->f[position - 1].v = *v;
        return true;
    }
    if (!has_room(m))
        return false;
    struct message_field f = { .name = name, .hash = hash };
    if (m->index && !enter(m, &f, m->n + 1))
        return false;
    add_last(m, name, hash, 0, v);
    return true;
}

struct slice message_trim(struct slice s)
{
    while (s.n && s.p[0] <= ' ')
        s = slice_after(s, 1);
    while (s.n && s.p[s.n - 1] <= ' ')
        s.n--;
    return s;
}

bool message_name_ok(struct slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (!message_name_byte[name.p[i]])
            return false;
    }
    return !name.n || name.p[0] != '_' || !is_one_of(name, reserved, UNSETTABLE);
}

struct slice message_name_clean(struct slice name, struct arena *mem)
{
    uint8_t *out = arena_alloc(mem, name.n);
    size_t n = 0;
    for (size_t i = 0; out && i < name.n;) {
        unsigned length = utf8_len(name.p + i, name.n - i);
        out[n++] = message_name_byte[name.p[i]] ? name.p[i] : '_';
        i += length ? length : 1;
    }
    return slice_of(out, n);
}

bool message_is_member(struct slice name)
{
    return slice_eq(name, SLICE("message")) || slice_eq(name, SLICE("source")) ||
           slice_eq(name, SLICE("timestamp"));
}

static bool set_time(struct message *m, const struct value *v)
{
    if (v->type == VT_TIME) {
        m->ts_ms = v->i / 1000000 - (v->i % 1000000 < 0);
        m->ts_text = slice_of(NULL, 0);
    } else if (v->type == VT_STR) {
        m->ts_text = slice_of(v->p, v->n);
    } else {
        return false;
    }
    m->has_ts = true;
    return true;
}

/* The names that are members; texts only. False when it is none of them. */
static bool set_member(struct message *m, struct slice name, const struct value *v, bool *set)
{
    if (slice_eq(name, SLICE("timestamp"))) {
        *set = set_time(m, v);
        return true;
    }
    bool is_message = slice_eq(name, SLICE("message"));
    if (!is_message && !slice_eq(name, SLICE("source")))
        return false;
    struct slice text = v->type == VT_STR ? slice_of(v->p, v->n) : value_text(v, m->mem);
    *(is_message ? &m->message : &m->source) = text;
    *(is_message ? &m->has_message : &m->has_source) = true;
    *set = true;
    return true;
}

bool message_set(struct message *m, struct slice name, const struct value *v)
{
    struct value trimmed = *v;
    bool set = false;
    name = message_trim(name);
    if (!message_name_ok(name)) {
        m->refused++;
        return false;
    }
    if (v->type == VT_NULL)
        return false;
    if (v->type == VT_STR) {
        struct slice text = message_trim(slice_of(v->p, v->n));
        if (!text.n)
            return false;
        trimmed.p = text.p;
        trimmed.n = (uint32_t)text.n;
    }
    if (set_member(m, name, &trimmed, &set))
        return set;
    return message_put(m, name, message_hash(name), &trimmed);
}

const struct value *message_get_hashed(const struct message *m, struct slice name, uint32_t hash)
{
    unsigned position = position_of(m, name, hash);
    return position ? &m->f[position - 1].v : NULL;
}

const struct value *message_get(const struct message *m, struct slice name)
{
    return message_get_hashed(m, name, message_hash(name));
}

/* Most names end here at their first letter. */
static bool is_reserved(struct slice name)
{
    uint8_t b = name.n ? name.p[0] : 0;
    bool maybe = b == '_' || b == 'm' || b == 's' || b == 't' ||
                 (b == 'g' && slice_starts(name, SLICE("gl2_")));
    return maybe && is_one_of(name, reserved, COUNT(reserved) - 1);
}

/* Frees the place `hole` of the index: what stands behind it, and would not be found across a free
 * place, moves up (Knuth, The Art of Computer Programming 3, 6.4, algorithm R). */
static void index_clear(struct message *m, unsigned hole)
{
    unsigned mask = m->index_mask;
    for (unsigned at = (hole + 1) & mask; m->index[at]; at = (at + 1) & mask) {
        unsigned home = m->f[position_at(m, at) - 1].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            m->index[hole] = m->index[at];
            hole = at;
        }
    }
    m->index[hole] = 0;
}

/* The field at the position is not found any more. */
static void unlink_field(struct message *m, unsigned position)
{
    if (has_id(m, &m->f[position - 1]))
        m->place[m->f[position - 1].id] = 0;
    else if (m->index)
        index_clear(m, place_of(m, position));
}

/* Takes out the field at the position; the last field takes its place. */
static void take_out(struct message *m, unsigned position)
{
    const struct message_field *last = &m->f[m->n - 1];
    unlink_field(m, position);
    if (position != m->n) {
        if (has_id(m, last))
            m->place[last->id] = (uint16_t)position;
        else if (m->index)
            m->index[place_of(m, m->n)] = entry(last->hash, position);
        m->f[position - 1] = *last;
    }
    m->n--;
}

bool message_remove(struct message *m, struct slice name)
{
    unsigned position = is_reserved(name) ? 0 : position_of(m, name, message_hash(name));
    if (position)
        take_out(m, position);
    return position > 0;
}

/* Undoes unlink_field: where the field was there is a place for it. */
static void relink(struct message *m, unsigned position)
{
    const struct message_field *f = &m->f[position - 1];
    if (has_id(m, f))
        m->place[f->id] = (uint16_t)position;
    else
        enter(m, f, position);
}

/* Gives the field at the position another name, which no other one has. False: it is refused. */
static bool name_anew(struct message *m, unsigned position, struct slice to, uint32_t hash)
{
    struct message_field *f = &m->f[position - 1], named = *f;
    named.name = to;
    named.hash = hash;
    named.id = m->names ? (uint16_t)message_names_find(m->names, to, hash) : 0;
    unlink_field(m, position);
    if (has_id(m, &named)) {
        m->place[named.id] = (uint16_t)position;
    } else if (m->index && !enter(m, &named, position)) {
        relink(m, position);
        return false;
    }
    *f = named;
    return true;
}

bool message_move(struct message *m, struct slice from, uint32_t from_hash, struct slice to,
                  uint32_t to_hash)
{
    has_index(m); /* making it moves fields */
    unsigned there = position_of(m, to, to_hash), position = position_of(m, from, from_hash);
    if (!position || from_hash == to_hash)
        return false;
    if (!there)
        return name_anew(m, position, to, to_hash);
    m->f[there - 1].v = m->f[position - 1].v;
    take_out(m, position);
    return true;
}

bool message_put_id_slowly(struct message *m, unsigned id, struct value v)
{
    const struct message_name *name = &m->names->v[id];
    if (!has_room(m))
        return false;
    add_last(m, name->name, name->hash, id, &v);
    m->place[id] = (uint16_t)m->n;
    return true;
}

void message_move_id(struct message *m, unsigned from, unsigned to)
{
    const struct message_name *name = &m->names->v[to];
    unsigned position = m->place[from];
    struct message_field *f = &m->f[position - 1];
    if (UNLIKELY(m->place[to])) {
        m->f[m->place[to] - 1].v = f->v;
        take_out(m, position);
        return;
    }
    f->name = name->name;
    f->hash = name->hash;
    f->id = (uint16_t)to;
    m->place[to] = (uint16_t)position;
    m->place[from] = 0;
}

bool message_rename(struct message *m, struct slice from, uint32_t from_hash, struct slice to,
                    uint32_t to_hash)
{
    return !is_reserved(from) && message_move(m, from, from_hash, to, to_hash);
}

void message_add_error(struct message *m, struct slice text, struct slice details)
{
    struct message_error **last = &m->errors, *e = arena_alloc(m->mem, sizeof *e);
    if (!e) {
        m->lost = true;
        return;
    }
    while (*last)
        last = &(*last)->next;
    *e = (struct message_error){ .text = text, .details = details };
    *last = e;
}

static unsigned stream_at(const struct message *m, struct slice id)
{
    unsigned i = 0;
    while (i < m->n_streams && !slice_eq(m->streams[i], id))
        i++;
    return i;
}

bool message_stream(struct message *m, struct slice id)
{
    if (stream_at(m, id) < m->n_streams)
        return false;
    if (m->n_streams == m->cap_streams) {
        unsigned cap = m->cap_streams ? 2 * m->cap_streams : 4;
        struct slice *more = arena_alloc(m->mem, cap * sizeof *more);
        if (!more) {
            m->lost = true;
            return false;
        }
        if (m->n_streams)
            memcpy(more, m->streams, m->n_streams * sizeof *more);
        m->streams = more;
        m->cap_streams = cap;
    }
    m->streams[m->n_streams++] = id;
    return true;
}

bool message_unstream(struct message *m, struct slice id)
{
    unsigned i = stream_at(m, id);
    if (i == m->n_streams)
        return false;
    m->n_streams--;
    memmove(m->streams + i, m->streams + i + 1, (m->n_streams - i) * sizeof *m->streams);
    return true;
}

bool message_is_complete(const struct message *m)
{
    return m->has_message && message_trim(m->message).n > 0;
}

static int64_t value_size(const struct value *v)
{
    if (v->flags & VF_JSON) /* counted as what Java has no size for */
        return 0;
    switch (v->type) {
    case VT_STR:
        return (int64_t)utf8_units(slice_of(v->p, v->n));
    case VT_INT:
        return v->flags & VF_INT32 ? 4 : 8;
    case VT_DOUBLE:
        return v->flags & VF_FLOAT ? 4 : 8;
    case VT_TIME:
        return 8;
    case VT_BOOL:
        return 4;
    default:
        return 0;
    }
}

static bool is_uncounted(struct slice name)
{
    if (slice_starts(name, SLICE("gl2_")))
        return is_one_of(name, reserved + UNSETTABLE, SERVER_FIELDS);
    return name.n && (name.p[0] == 'g' || name.p[0] == 'a') &&
           is_one_of(name, uncounted, COUNT(uncounted));
}

int64_t message_size(const struct message *m)
{
    int64_t size = 8 * (int64_t)m->n_streams;
    if (m->has_message)
        size += (int64_t)strlen("message") + (int64_t)utf8_units(m->message);
    if (m->has_source)
        size += (int64_t)strlen("source") + (int64_t)utf8_units(m->source);
    if (m->has_ts)
        size += (int64_t)strlen("timestamp") + (m->ts_text.n ? (int64_t)utf8_units(m->ts_text) : 8);
    for (unsigned i = 0; i < m->n; i++) {
        if (!is_uncounted(m->f[i].name))
            size += (int64_t)m->f[i].name.n + value_size(&m->f[i].v);
    }
    return size;
}
