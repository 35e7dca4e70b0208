/* Routes: finding one, and describing them all. */
#include "web/route.h"

#include "codec/json.h"
#include "web/handlers.h"

const struct route routes[] = {
#define ROUTE(method, path, run, need, place, kind, doc)                                           \
    { HTTP_##method, path, run, ACCESS_##need, PLACE_##place, KIND_##kind, doc },
#include "web/routes.def"
#undef ROUTE
};
const unsigned routes_n = COUNT(routes);

/* ---- finding */

static struct slice next_part(struct slice *rest)
{
    *rest = slice_after(*rest, 1); /* its '/' */
    ptrdiff_t at = slice_find(*rest, '/');
    struct slice part = at < 0 ? *rest : slice_first(*rest, (size_t)at);
    *rest = slice_after(*rest, part.n);
    return part;
}

static bool is_variable(struct slice part)
{
    return part.n && part.p[0] >= 'A' && part.p[0] <= 'Z';
}

static bool matches(const struct route *r, struct slice path, struct slice *id)
{
    struct slice pattern = slice_cstr(r->path);
    *id = slice_of(NULL, 0);
    while (pattern.n && path.n) {
        struct slice want = next_part(&pattern), have = next_part(&path);
        if (is_variable(want) && have.n)
            *id = have;
        else if (!slice_eq(want, have))
            return false;
    }
    return pattern.n == 0 && path.n == 0;
}

static bool is_answered_by(enum http_method asked, enum http_method method)
{
    return asked == method || (asked == HTTP_HEAD && method == HTTP_GET);
}

const struct route *route_find(enum http_method method, struct slice path, struct slice *id,
                               struct buf *allow)
{
    for (unsigned i = 0; i < routes_n; i++) {
        if (!matches(&routes[i], path, id))
            continue;
        if (is_answered_by(method, routes[i].method))
            return &routes[i];
        buf_cstr(allow, allow->n ? ", " : "");
        buf_cstr(allow, http_method_name(routes[i].method));
    }
    return NULL;
}

/* ---- describing */

static const char *need_text(const struct route *r)
{
    static const char *const text[] = {
        [ACCESS_NONE] = "anybody",
        [ACCESS_READ] = "reader",
        [ACCESS_ADMIN] = "admin",
    };
    return text[r->need];
}

void route_write_markdown(struct buf *b)
{
    buf_lit(b,
            "# HTTP API\n\nMade from the table of routes by `make docs`: do not edit. How to log "
            "in, and what the server refuses, is in [web.md](../web.md).\n\n"
            "| request | who | meaning |\n|---|---|---|\n");
    for (unsigned i = 0; i < routes_n; i++)
        buf_printf(b, "| `%s %s` | %s%s | %s |\n", http_method_name(routes[i].method),
                   routes[i].path, need_text(&routes[i]),
                   routes[i].kind == KIND_CHANGES ? ", CSRF token" : "", routes[i].doc);
}

/* "/api/v1/streams/ID" as "/api/v1/streams/{ID}"; gives the name between the braces. */
static struct slice put_path(struct buf *b, const char *path)
{
    struct slice rest = slice_cstr(path), variable = slice_of(NULL, 0);
    while (rest.n) {
        struct slice part = next_part(&rest);
        bool open = is_variable(part);
        buf_cstr(b, open ? "/{" : "/");
        buf_add(b, part);
        buf_cstr(b, open ? "}" : "");
        if (open)
            variable = part;
    }
    return variable;
}

static void put_operation(struct buf *b, const struct route *r, struct slice variable)
{
    static const char *const lower[] = {
        [HTTP_GET] = "get", [HTTP_HEAD] = "head",     [HTTP_POST] = "post",
        [HTTP_PUT] = "put", [HTTP_DELETE] = "delete",
    };
    buf_printf(b, "\"%s\":{\"summary\":", lower[r->method]);
    json_string(b, slice_cstr(r->doc), false);
    if (variable.n)
        buf_printf(b,
                   ",\"parameters\":[{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,"
                   "\"schema\":{\"type\":\"string\"}}]",
                   (int)variable.n, (const char *)variable.p);
    if (r->method == HTTP_POST || r->method == HTTP_PUT)
        buf_lit(b, ",\"requestBody\":{\"content\":{\"application/json\":{}}}");
    if (r->need == ACCESS_NONE)
        buf_lit(b, ",\"security\":[]");
    buf_printf(b,
               ",\"x-needs\":\"%s\",\"responses\":{\"200\":{\"description\":\"OK\"},"
               "\"default\":{\"$ref\":\"#/components/responses/error\"}}}",
               need_text(r));
}

static bool is_first_of_path(unsigned i)
{
    for (unsigned j = 0; j < i; j++)
        if (strcmp(routes[j].path, routes[i].path) == 0)
            return false;
    return true;
}

static void put_path_item(struct buf *b, unsigned first)
{
    buf_u8(b, '"');
    struct slice variable = put_path(b, routes[first].path);
    buf_lit(b, "\":{");
    for (unsigned i = first, n = 0; i < routes_n; i++) {
        if (strcmp(routes[i].path, routes[first].path) != 0)
            continue;
        buf_cstr(b, n++ ? "," : "");
        put_operation(b, &routes[i], variable);
    }
    buf_u8(b, '}');
}

void route_write_openapi(struct buf *b, const char *version)
{
    buf_printf(b, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"wirelume\",\"version\":\"%s\"},",
               version);
    buf_lit(b, "\"security\":[{\"session\":[]},{\"token\":[]}],\"components\":{\"securitySchemes\":"
               "{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"wirelume_session\"},"
               "\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}},\"responses\":{\"error\":"
               "{\"description\":\"What is wrong and how to mend it.\",\"content\":"
               "{\"application/json\":{\"schema\":{\"type\":\"object\",\"properties\":{\"error\":"
               "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},\"line\":"
               "{\"type\":\"integer\"},\"column\":{\"type\":\"integer\"}}}}}}}}}},\"paths\":{");
    for (unsigned i = 0, n = 0; i < routes_n; i++) {
        if (!is_first_of_path(i))
            continue;
        buf_cstr(b, n++ ? "," : "");
        put_path_item(b, i);
    }
    buf_lit(b, "}}");
}
