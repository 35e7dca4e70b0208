/* A field's name in the configuration, found in the schema: a field, a key inside an object, or
 * all fields below a name. Made at boot, used by the pipe's thread. */
#pragma once

#include "model/event.h"
#include "model/option.h"

struct ref {
    const char *name;
    const struct field *field;  /* of exactly that name; NULL */
    const struct field *object; /* that holds it under `key`; NULL */
    struct slice key;
    const struct field *parent; /* no object, of which the name would be a part; NULL */
    uint16_t first, end;        /* ids of the fields below the name: first up to, without, end */
    bool bound;                 /* the members above are set, which needs the frozen schema */
};

/* `name` must live as long as the ref. For reading and removing. */
struct ref ref_of(const char *name);

/* Also makes the row that a value will be stored in; after schema_freeze see schema_refused. */
struct ref ref_for_writing(const char *name);

/* The value of exactly that name, copied; false when there is none. `@timestamp` is one too. */
bool ref_get(struct ref *r, const struct event *e, struct value *out);

/* True when there is a value of that name or below it. */
bool ref_is_there(struct ref *r, const struct event *e);

/* Takes out what is there at or below the name; false when there was nothing. */
bool ref_remove(struct ref *r, struct event *e);

/* Whether a field is the named one or below it; whether the name is that of a key in an object. */
bool ref_covers(struct ref *r, uint16_t field);
bool ref_is_member(struct ref *r);

/* Stores v in place of what was there. False when it cannot be: part of the name is a plain value,
 * or the name is the event's own (@timestamp). @metadata.x is a value like others. */
bool ref_set(struct ref *r, struct event *e, const struct value *v);

/* The same for a string, whose bytes must be the event's (or live longer), and for a number. */
bool ref_set_str(struct ref *r, struct event *e, struct slice s);
bool ref_set_int(struct ref *r, struct event *e, int64_t i);

/* Stores v under a name that came with the event: in the field or the object that has it, else at
 * the root of the event, for which schema_object_field(EVENT_ROOT) must have been asked at boot.
 * The name's bytes must be the event's. */
bool ref_set_named(struct event *e, struct slice name, const struct value *v);

/* The text of a string, an address or a number, in `room` or where it lies; NULL p for other
 * types. */
#define VALUE_ROOM 64
struct slice ref_text(const struct value *v, char room[VALUE_ROOM]);

enum ref_found { REF_MISSING, REF_OTHER, REF_FOUND };

/* The value where Beats has a string, which addresses are there too; in `room` or where it lies.
 * REF_OTHER: there is one of another type. */
enum ref_found ref_str(struct ref *r, const struct event *e, char room[VALUE_ROOM],
                       struct slice *out);
