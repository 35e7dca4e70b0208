/* The table of what the API answers, made from routes.def. Pure. */
#pragma once

#include "base/buf.h"
#include "web/http.h"

enum access_need { ACCESS_NONE, ACCESS_READ, ACCESS_ADMIN };
enum route_place { PLACE_LOOP, PLACE_POOL };
enum route_kind { KIND_READS, KIND_CHANGES };

struct exchange;

struct route {
    enum http_method method;
    const char *path;
    void (*run)(struct exchange *x);
    enum access_need need;
    enum route_place place;
    enum route_kind kind;
    const char *doc;
};
extern const struct route routes[];
extern const unsigned routes_n;

/* The row for a request (HEAD is answered as GET); *id is what stands for the part in capitals.
 * NULL: none; the methods that the path has are appended to allow ("GET, PUT"). */
const struct route *route_find(enum http_method method, struct slice path, struct slice *id,
                               struct buf *allow);

/* docs/reference/api.md; openapi.json. */
void route_write_markdown(struct buf *b);
void route_write_openapi(struct buf *b, const char *version);
