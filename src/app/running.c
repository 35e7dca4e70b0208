/* Finding a server by its socket. */
#include "app/running.h"

#include <unistd.h>

#include "app/local.h"
#include "app/routing.h"
#include "base/buf.h"
#include "codec/json.h"
#include "web/web.h"

#define NS_PER_S   INT64_C(1000000000)
#define ANSWER_NS  (10 * NS_PER_S)
#define HOST_BYTES 300

static err ask(struct running *r, const char *folder, struct arena *mem, struct why *w)
{
    struct local_question q = {
        .data = folder, .method = "GET", .path = "/api/v1/health", .wait_ns = ANSWER_NS
    };
    struct local_answer answer;
    struct node *root;
    err rc = local_ask(&q, mem, &answer, w);
    if (!rc)
        rc = json_read(mem, answer.body, "health", &root, w);
    if (!rc)
        *r = (struct running){ folder, root };
    return rc;
}

err running_find(struct running *out, const struct args *a, struct config *c, struct why *w)
{
    const char *folder = routing_folder(c);
    err rc = ask(out, folder, &c->mem, w);
    bool other = !a->paths.data && !a->files.n && strcmp(folder, RUNNING_INSTALLED) != 0;
    if (rc != ERR_MISSING || !other || access(RUNNING_INSTALLED "/" WEB_SOCKET_NAME, W_OK))
        return rc;
    return ask(out, RUNNING_INSTALLED, &c->mem, w);
}

static const char *text_of(const struct node *n, const char *key)
{
    const struct node *v = node_get(n, key);
    return v && v->type == NODE_STR ? v->text : "";
}

static const struct node *find_input(const struct running *r, const char *name)
{
    const struct node *inputs = node_get(r->health, "inputs");
    for (const struct node *n = inputs ? inputs->child : NULL; n; n = n->next)
        if (strcmp(text_of(n, "name"), name) == 0)
            return n;
    return NULL;
}

/* An address to connect to, for one to listen on. */
static const char *reachable(const char *address)
{
    if (strcmp(address, "any") == 0 || strcmp(address, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(address, "::") == 0 ? "::1" : address;
}

err running_beats(const struct running *r, struct arena *mem, const char **out, struct why *w)
{
    const struct node *beats = find_input(r, "beats"), *port = node_get(beats, "port");
    const struct node *tls = node_get(beats, "tls");
    if (!port || port->type != NODE_INT)
        return why_set(w, ERR_MISSING,
                       "the server of %s takes no events of Beats (mend: inputs.beats.port: 5044)",
                       r->folder);
    if (tls && tls->type == NODE_BOOL && tls->b)
        return why_set(w, ERR_UNSUPPORTED,
                       "the server of %s takes events by TLS only (mend: say where and by whom: "
                       "-E output.logstash.hosts=HOST:%lld -E output.logstash.ssl…)",
                       r->folder, (long long)port->i);
    const char *host = reachable(text_of(beats, "address"));
    char *text = arena_alloc(mem, HOST_BYTES);
    if (!text)
        return why_set(w, ERR_LIMIT, "there is no memory left");
    snprintf(text, HOST_BYTES, strchr(host, ':') ? "[%s]:%lld" : "%s:%lld", host,
             (long long)port->i);
    *out = text;
    return ERR_OK;
}
