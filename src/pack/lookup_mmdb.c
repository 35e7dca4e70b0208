/* Lookup tables from files in the format of MaxMind. An address gives its record as multi value, in
 * the shape of MaxMind's own files also where the file has flat members ({"country": "DE"}), and
 * the part that is most asked for as single value: coordinates, country or number of the AS. */
#include <arpa/inet.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bug.h"
#include "pack/lookup.h"

#define MEMBERS_MAX 64 /* of one map of a record */
#define DEPTH_MAX   16

/* ---- from the file's values to ours */

typedef const MMDB_entry_data_list_s *item;

static struct rule_value take(item *at, struct arena *mem, unsigned depth);

static struct rule_value take_map(item *at, struct arena *mem, unsigned depth)
{
    uint32_t n = (*at)->entry_data.data_size;
    struct rule_member *m = n <= MEMBERS_MAX ? arena_zalloc(mem, (n + 8) * sizeof *m) : NULL;
    uint32_t count = 0;
    *at = (*at)->next;
    for (uint32_t i = 0; i < n && *at; i++) {
        struct slice key = slice_of((*at)->entry_data.utf8_string, (*at)->entry_data.data_size);
        *at = (*at)->next;
        struct rule_value v = *at ? take(at, mem, depth + 1) : rule_null();
        if (m && v.kind != K_NULL)
            m[count++] = (struct rule_member){ key, v };
    }
    return m ? (struct rule_value){ .kind = K_MAP, .n = count, .p = m } : rule_null();
}

static struct rule_value take_list(item *at, struct arena *mem, unsigned depth)
{
    uint32_t n = (*at)->entry_data.data_size, i = 0;
    struct rule_value *v = n <= MEMBERS_MAX ? arena_zalloc(mem, (n + 1) * sizeof *v) : NULL;
    *at = (*at)->next;
    for (; i < n && *at; i++) {
        struct rule_value x = take(at, mem, depth + 1);
        if (v)
            v[i] = x;
    }
    return v ? (struct rule_value){ .kind = K_LIST, .n = i, .p = v } : rule_null();
}

static struct rule_value take_scalar(const MMDB_entry_data_s *d)
{
    switch (d->type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
        return rule_string(slice_of(d->utf8_string, d->data_size));
    case MMDB_DATA_TYPE_DOUBLE:
        return rule_double(d->double_value);
    case MMDB_DATA_TYPE_FLOAT:
        return rule_double((double)d->float_value);
    case MMDB_DATA_TYPE_UINT16:
        return rule_long(d->uint16);
    case MMDB_DATA_TYPE_UINT32:
        return rule_long(d->uint32);
    case MMDB_DATA_TYPE_INT32:
        return rule_long(d->int32);
    case MMDB_DATA_TYPE_UINT64:
        return rule_long((int64_t)d->uint64);
    case MMDB_DATA_TYPE_BOOLEAN:
        return rule_bool(d->boolean);
    default:
        return rule_null();
    }
}

/* Texts point into the file. What nests deeper than DEPTH_MAX is null. */
static struct rule_value take(item *at, struct arena *mem, unsigned depth)
{
    if (depth < DEPTH_MAX && (*at)->entry_data.type == MMDB_DATA_TYPE_MAP)
        return take_map(at, mem, depth);
    if (depth < DEPTH_MAX && (*at)->entry_data.type == MMDB_DATA_TYPE_ARRAY)
        return take_list(at, mem, depth);
    struct rule_value v = take_scalar(&(*at)->entry_data);
    *at = (*at)->next;
    return v;
}

/* ---- flat records in MaxMind's shape */

/* The first member of these names (NULL ends) that is of one of the scalar kinds. */
static const struct rule_value *flat(const struct rule_value *r, const char *const *names)
{
    for (; *names; names++) {
        const struct rule_value *v = value_member(r, slice_cstr(*names));
        if (v && v->kind != K_MAP && v->kind != K_LIST)
            return v;
    }
    return NULL;
}

static struct rule_value map_of(struct slice key, struct rule_value v, struct arena *mem)
{
    struct rule_member *m = arena_zalloc(mem, 2 * sizeof *m);
    if (!m)
        return rule_null();
    m[0] = (struct rule_member){ key, v };
    return (struct rule_value){ .kind = K_MAP, .n = 1, .p = m };
}

/* Replaces or appends; a map of take_map has room for eight more. */
static void put(struct rule_value *map, struct slice key, struct rule_value v)
{
    struct rule_member *m = (struct rule_member *)(uintptr_t)map->p;
    for (uint32_t i = 0; i < map->n; i++) {
        if (!slice_eq(m[i].key, key))
            continue;
        m[i].v = v;
        return;
    }
    m[map->n++] = (struct rule_member){ key, v };
}

/* {KEY: code, names: {en: name}}; either may be missing. */
static void put_place(struct rule_value *r, struct slice member, struct slice code_key,
                      const struct rule_value *const both[2], struct arena *mem)
{
    const struct rule_value *there = value_member(r, member), *code = both[0], *name = both[1];
    if ((there && (there->kind == K_MAP || there->kind == K_LIST)) || (!code && !name))
        return;
    struct rule_value v = map_of(code_key, code ? *code : rule_null(), mem);
    if (v.kind == K_NULL)
        return;
    v.n = code ? 1 : 0;
    if (name)
        put(&v, SLICE("names"), map_of(SLICE("en"), *name, mem));
    put(r, member, v);
}

static const struct rule_value *short_text(const struct rule_value *v, bool is_short)
{
    return v && v->kind == K_STRING && (v->n == 2) == is_short ? v : NULL;
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void shape_country(struct rule_value *r, struct arena *mem)
{
    const struct rule_value *country = flat(r, NAMES("country"));
    const struct rule_value *code = flat(r, NAMES("country_code", "country_iso_code", "iso_code"));
    const struct rule_value *name = flat(r, NAMES("country_name"));
    code = code ? code : short_text(country, true);
    name = name ? name : short_text(country, false);
    put_place(r, SLICE("country"), SLICE("iso_code"),
              (const struct rule_value *const[]){ code, name }, mem);
    const struct rule_value *continent = flat(r, NAMES("continent_code", "continent"));
    put_place(r, SLICE("continent"), SLICE("code"),
              (const struct rule_value *const[]){ short_text(continent, true),
                                                  flat(r, NAMES("continent_name")) },
              mem);
    put_place(r, SLICE("city"), SLICE("names"),
              (const struct rule_value *const[]){ NULL, flat(r, NAMES("city", "city_name")) }, mem);
}

static void shape_region(struct rule_value *r, struct arena *mem)
{
    const struct rule_value *code = flat(r, NAMES("region_code", "state_code"));
    const struct rule_value *name =
        flat(r, NAMES("region", "region_name", "state", "state1", "subdivision"));
    struct rule_value *list = arena_zalloc(mem, sizeof *list);
    if (value_member(r, SLICE("subdivisions")) || (!code && !name) || !list)
        return;
    *list = map_of(SLICE("iso_code"), code ? *code : rule_null(), mem);
    if (list->kind == K_NULL)
        return;
    list->n = code ? 1 : 0;
    if (name)
        put(list, SLICE("names"), map_of(SLICE("en"), *name, mem));
    put(r, SLICE("subdivisions"), (struct rule_value){ .kind = K_LIST, .n = 1, .p = list });
}

static struct rule_value number(const struct rule_value *v)
{
    char text[32];
    if (v->kind != K_STRING || v->n >= sizeof text)
        return *v;
    memcpy(text, v->p, v->n);
    text[v->n] = '\0';
    char *end;
    double d = strtod(text, &end);
    return end != text && !*end ? rule_double(d) : *v;
}

static void shape_location(struct rule_value *r, struct arena *mem)
{
    const struct rule_value *latitude = flat(r, NAMES("latitude", "lat"));
    const struct rule_value *longitude = flat(r, NAMES("longitude", "lon", "lng"));
    const struct rule_value *zone = flat(r, NAMES("time_zone", "timezone"));
    if (value_member(r, SLICE("location")) || (!(latitude && longitude) && !zone))
        return;
    struct rule_member *m = arena_zalloc(mem, 3 * sizeof *m);
    struct rule_value v = { .kind = K_MAP, .n = 0, .p = m };
    if (!m)
        return;
    if (latitude && longitude) {
        put(&v, SLICE("latitude"), number(latitude));
        put(&v, SLICE("longitude"), number(longitude));
    }
    if (zone)
        put(&v, SLICE("time_zone"), *zone);
    put(r, SLICE("location"), v);
}

/* 15169, "15169" and "AS15169". */
static void shape_as(struct rule_value *r)
{
    const struct rule_value *v = flat(r, NAMES("autonomous_system_number", "asn", "as_number"));
    const struct rule_value *who = flat(r, NAMES("autonomous_system_organization", "as_name",
                                                 "as_org", "as_organization", "asn_name"));
    uint64_t n;
    if (v && v->kind == K_STRING) {
        struct slice text = rule_text(v);
        text = slice_eq_nocase(slice_first(text, 2), SLICE("AS")) ? slice_after(text, 2) : text;
        if (slice_to_u64(text, &n))
            put(r, SLICE("autonomous_system_number"), rule_long((int64_t)n));
    } else if (v) {
        put(r, SLICE("autonomous_system_number"), *v);
    }
    if (who)
        put(r, SLICE("autonomous_system_organization"), *who);
}

/* ---- asking */

static struct rule_value at(const struct rule_value *r, const char *first, const char *second)
{
    const struct rule_value *v = value_member(r, slice_cstr(first));
    const struct rule_value *w = v && v->kind == K_MAP ? value_member(v, slice_cstr(second)) : NULL;
    return w ? *w : rule_null();
}

static struct rule_value single_of(const struct rule_value *r, struct arena *mem)
{
    struct rule_value latitude = at(r, "location", "latitude");
    struct rule_value longitude = at(r, "location", "longitude");
    struct rule_value country = at(r, "country", "iso_code");
    const struct rule_value *as = value_member(r, SLICE("autonomous_system_number"));
    uint8_t *room = latitude.kind == K_NULL ? NULL : arena_alloc(mem, 64);
    if (room && longitude.kind != K_NULL) {
        struct buf b = buf_of(room, 64);
        value_print(&b, &latitude);
        buf_u8(&b, ',');
        value_print(&b, &longitude);
        return rule_string(buf_slice(&b));
    }
    if (country.kind != K_NULL)
        return country;
    return as ? *as : rule_null();
}

static bool read_address(const struct rule_value *key, struct arena *mem, struct addr *a)
{
    if (key->kind != K_IP)
        return addr_parse(value_to_text(key, mem), a);
    *a = *(const struct addr *)key->p;
    return true;
}

static int find(MMDB_s *db, const struct addr *a, MMDB_lookup_result_s *found)
{
    int rc = MMDB_SUCCESS;
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    memcpy(&v4.sin_addr, a->b + 12, 4);
    memcpy(&v6.sin6_addr, a->b, 16);
    if (!addr_is_v4(a) && db->metadata.ip_version == 4)
        return rc; /* a file of IPv4 only: nothing found */
    const void *address = addr_is_v4(a) ? (const void *)&v4 : (const void *)&v6;
    *found = MMDB_lookup_sockaddr(db, address, &rc);
    return rc;
}

static void ask(const void *data, const struct rule_value *key, int64_t now_ms, struct arena *mem,
                struct lookup_answer *out)
{
    (void)now_ms; /* nothing expires */
    MMDB_s *db = (MMDB_s *)(uintptr_t)data;
    MMDB_lookup_result_s found = { 0 };
    MMDB_entry_data_list_s *list = NULL;
    struct addr a;
    if (!read_address(key, mem, &a))
        return;
    int rc = find(db, &a, &found);
    if (rc == MMDB_SUCCESS && found.found_entry)
        rc = MMDB_get_entry_data_list(&found.entry, &list);
    out->failed = rc != MMDB_SUCCESS;
    item i = list;
    if (!rc && i)
        out->multi = take(&i, mem, 0);
    MMDB_free_entry_data_list(list);
    if (out->multi.kind != K_MAP)
        return;
    shape_country(&out->multi, mem);
    shape_region(&out->multi, mem);
    shape_location(&out->multi, mem);
    shape_as(&out->multi);
    out->single = single_of(&out->multi, mem);
}

static void close_db(void *data)
{
    MMDB_close(data);
    xfree(data);
}

static const struct lookup_adapter adapter = { .name = "mmdb", .ask = ask, .close = close_db };

bool lookup_mmdb(struct lookup_table *t, const struct lookup_source *s, int fd,
                 struct mistakes *wrong)
{
    char path[40];
    MMDB_s *db = xcalloc(1, sizeof *db);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int rc = MMDB_open(path, MMDB_MODE_MMAP, db);
    if (rc != MMDB_SUCCESS) {
        mistake_add(wrong, s->path_at,
                    "path: %s: not a file in MaxMind's format: %s (mend: a .mmdb file, whole and "
                    "unpacked)",
                    s->path, MMDB_strerror(rc));
        xfree(db);
        return false;
    }
    *t = (struct lookup_table){ .name = s->name,
                                .n = db->metadata.node_count,
                                .adapter = &adapter,
                                .data = db,
                                .fixed = slice_of(db->file_content, (size_t)db->file_size) };
    return true;
}
