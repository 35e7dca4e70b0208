/* The HTTP server of serve. */
#include "app/dashboard.h"

#include <stdio.h>

#include "app/packs.h"
#include "app/routing.h"
#include "app/version.h"
#include "base/log.h"
#include "model/field.h"

static err load(struct dashboard *d, struct config *c, struct why *w)
{
    struct loading l = { "web", &c->mem, w };
    struct why note;
    err rc = option_load(web_options, node_path(c->resolved, "web"), &d->conf, &l);
    if (!rc && d->conf.enabled)
        rc = packs_configure(&d->packs, c, &note, w);
    return rc;
}

int dashboard_port(struct config *c)
{
    struct web_conf conf = { 0 };
    struct why ignored; /* it is said when the dashboard is opened */
    struct loading l = { "web", &c->mem, &ignored };
    err rc = option_load(web_options, node_path(c->resolved, "web"), &conf, &l);
    return rc || !conf.enabled ? -1 : (int)conf.port;
}

err dashboard_open(struct dashboard *d, struct config *c, const struct web_sources *sources,
                   struct why *w)
{
    struct why why;
    d->sources = *sources;
    err rc = load(d, c, w);
    if (rc || !d->conf.enabled)
        return rc;
    d->sources.version = WIRELUME_VERSION;
    d->sources.folder = routing_folder(c);
    d->sources.packs = &d->packs;
    rc = web_open(&d->web, &d->conf, &d->sources, &why);
    if (rc == ERR_CONFIG) {
        *w = why;
        return rc;
    }
    if (rc)
        log_error("web", "%s: there is no dashboard, all else goes on (mend: web.port)", why.text);
    if (rc && d->say)
        fprintf(stderr, "%s: there is no dashboard, all else goes on (mend: web.port)\n", why.text);
    return ERR_OK;
}

err dashboard_start(struct dashboard *d, struct why *w)
{
    if (!d->web)
        return ERR_OK;
    if (!schema_is_frozen())
        schema_freeze(); /* its names are shown: nothing is added from now on */
    err rc = web_start(d->web, w);
    if (rc)
        return rc;
    log_info("web", "dashboard: %s", web_address(d->web));
    if (d->say)
        fprintf(stderr, "dashboard: %s\n", web_address(d->web));
    return ERR_OK;
}

void dashboard_close(struct dashboard *d)
{
    web_free(d->web);
    d->web = NULL;
}
