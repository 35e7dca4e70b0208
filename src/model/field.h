/* The schema: one row a field; encoding, documentation, templates and queries are made from it. */
#pragma once

#include "base/slice.h"

enum field_type {
    FT_KEYWORD,
    FT_TEXT,
    FT_LONG,
    FT_DOUBLE,
    FT_BOOL,
    FT_IP,
    FT_DATE,
    FT_BYTES,   /* raw bytes, shown as text */
    FT_OBJECT,  /* one object whose keys come from the traffic (headers) */
    FT_OBJECTS, /* a list of objects (dns.answers) */
};

enum field_flag {
    FF_INDEX = 1,   /* searched and aggregated by users */
    FF_MANY = 2,    /* may be a list */
    FF_PRIVATE = 4, /* may hold personal data: masked when privacy is on */
};

struct field {
    const char *name; /* dotted ECS name, unique in the schema */
    enum field_type type;
    uint8_t flags; /* enum field_flag */
    uint16_t id;   /* set by schema_freeze: the rank of the name, dots first: groups lie together */
    const char *doc; /* one sentence, with the unit if there is one */
};

/* Rows that several rooms share: enum ecs_id and &ecs[ECS_SOURCE_IP], from model/ecs.def. */
enum ecs_id {
#define FIELD(id, name, type, flags, doc) ECS_##id,
#include "model/ecs.def"
#undef FIELD
    ECS_COUNT
};
extern struct field ecs[];

/* Boot only, one thread. Adds rows (they must live for ever); the shared rows are added first by
 * itself. Adding the same array twice is a bug. */
void schema_add(struct field *fields, size_t n);

/* The row of that name; when there is none a new one (FT_KEYWORD, documented as the user's own),
 * for names that only a configuration knows. NULL only after freezing: then nothing is added. */
struct field *schema_user_field(const char *name);

/* The same for an object whose keys come with the events: a row that only the configuration knows
 * becomes one of FT_OBJECT. NULL also when the name is another room's field of another type. */
struct field *schema_object_field(const char *name);

/* Names below this are the event's metadata: "@metadata._id". */
#define METADATA_PREFIX "@metadata."

/* After freezing: fields of ids below this one are metadata; their names sort before all others. */
unsigned schema_metadata_end(void);

/* The last name that schema_user_field could not add since the schema was frozen or since the last
 * call; NULL when all were there. For reloading: such a name takes a restart. The text is the
 * caller's of schema_user_field. */
const char *schema_refused(void);

/* Ends adding: sorts, gives ids, computes nesting. Aborts on a duplicate name. Tests may call
 * schema_reset to begin anew. */
void schema_freeze(void);
void schema_reset(void);
bool schema_is_frozen(void);

/* After freezing: number of fields; the field of an id; by exact name (NULL when unknown). */
unsigned schema_count(void);
const struct field *schema_field(uint16_t id);
const struct field *schema_find(struct slice name);

/* After freezing: whether there are fields below the name. */
bool schema_is_group(struct slice name);

/* The field that is a prefix of a dotted name and of type FT_OBJECT or FT_OBJECTS, with the rest of
 * the name in *rest; NULL when there is none. "http.request.headers.host" -> headers, "host". */
const struct field *schema_find_object(struct slice name, struct slice *rest);

/* For encoders: how a frozen name nests. quoted[0..depth) are the dotted parts as JSON keys with
 * their colon ("ip":); names deeper than the limit keep their dots in the last part. In memory a
 * brace stands between them: from quoted[i] to the end of the last it reads "source":{"ip": */
#define FIELD_DEPTH_MAX 6
#define PATH_SLACK      32 /* bytes behind each of them that may be read */
struct field_path {
    uint8_t depth;
    struct slice quoted[FIELD_DEPTH_MAX];
    const uint8_t *end;              /* of the last part */
    uint16_t group[FIELD_DEPTH_MAX]; /* group[i]: the same for all fields sharing parts 0..i */
};
const struct field_path *schema_path(uint16_t id);
const struct field_path *schema_paths(void); /* of all ids, in order: for whoever has many */

/* The text that leads from inside the first `open` groups to the value. */
static inline struct slice path_from(const struct field_path *path, unsigned open)
{
    const uint8_t *p = path->quoted[open].p;
    return slice_of(p, (size_t)(path->end - p));
}
