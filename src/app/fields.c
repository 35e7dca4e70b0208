/* wirelume fields: the schema as text, JSON or Markdown. */
#include "app/command.h"
#include "app/health.h"
#include "app/reference.h"
#include "base/buf.h"
#include "codec/json.h"
#include "proto/proto.h"

static const char *const type_names[] = {
    [FT_KEYWORD] = "keyword", [FT_TEXT] = "text",       [FT_LONG] = "long", [FT_DOUBLE] = "double",
    [FT_BOOL] = "boolean",    [FT_IP] = "ip",           [FT_DATE] = "date", [FT_BYTES] = "bytes",
    [FT_OBJECT] = "object",   [FT_OBJECTS] = "objects",
};

static void put_json(FILE *out, const struct field *f, bool first)
{
    char text[1024];
    struct buf b = buf_of(text, sizeof text);
    buf_lit(&b, "{\"name\":");
    json_string(&b, slice_cstr(f->name), false);
    buf_lit(&b, ",\"type\":");
    json_string(&b, slice_cstr(type_names[f->type]), false);
    buf_cstr(&b, f->flags & FF_MANY ? ",\"many\":true" : ",\"many\":false");
    buf_cstr(&b, f->flags & FF_INDEX ? ",\"index\":true" : ",\"index\":false");
    buf_cstr(&b, f->flags & FF_PRIVATE ? ",\"private\":true" : ",\"private\":false");
    buf_lit(&b, ",\"description\":");
    json_string(&b, slice_cstr(f->doc), false);
    buf_lit(&b, "}");
    fprintf(out, "%s%.*s", first ? "[\n" : ",\n", (int)b.n, text);
}

static const char *many(const struct field *f)
{
    return f->flags & FF_MANY ? "[]" : "";
}

static void put_field(FILE *out, const struct field *f, enum fields_form form, bool first)
{
    char type[16];
    snprintf(type, sizeof type, "%s%s", type_names[f->type], many(f));
    if (form == FIELDS_JSON)
        put_json(out, f, first);
    else if (form == FIELDS_MARKDOWN)
        fprintf(out, "| `%s` | %s | %s |\n", f->name, type, f->doc);
    else
        fprintf(out, "%-36s %-10s %s\n", f->name, type, f->doc);
}

static bool is_wanted(const struct field *f, const char *name)
{
    size_t n = name ? strlen(name) : 0;
    return !n || (strncmp(f->name, name, n) == 0 && (f->name[n] == '.' || f->name[n] == '\0'));
}

unsigned fields_print(FILE *out, enum fields_form form, const char *name)
{
    unsigned n = 0;
    if (form == FIELDS_MARKDOWN)
        fputs("| field | type | meaning |\n|---|---|---|\n", out);
    for (unsigned i = 0; i < schema_count(); i++) {
        const struct field *f = schema_field((uint16_t)i);
        if (is_wanted(f, name))
            put_field(out, f, form, n++ == 0);
    }
    if (form == FIELDS_JSON)
        fputs(n ? "\n]\n" : "[]\n", out);
    return n;
}

int fields_command(const struct args *a)
{
    const char *name = a->rest.n ? a->rest.v[0] : NULL;
    enum fields_form form = a->json ? FIELDS_JSON : a->markdown ? FIELDS_MARKDOWN : FIELDS_TEXT;
    proto_add_fields();
    health_add_fields();
    schema_freeze();
    if (fields_print(stdout, form, name) || form == FIELDS_JSON)
        return 0;
    fprintf(stderr, "no field begins with '%s'\n", name ? name : "");
    return 1;
}
