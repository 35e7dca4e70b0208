/* The API's own description: /api/v1/openapi.json. */
#include "web/handlers.h"
#include "web/web_private.h"

void openapi_show(struct exchange *x)
{
    route_write_openapi(exchange_json(x), x->web->sources.version);
}
