/* wirelume sample remove: by the server that runs, else in the files. */
#include "web/sample.h"
#include "app/command.h"
#include "app/local.h"
#include "app/routing.h"
#include "app/running.h"
#include "app/state_cmd.h"
#include "app/store_use.h"
#include "codec/json.h"

#define ANSWER_NS (INT64_C(600) * 1000000000) /* large indices are gone through whole */

static err read_number(struct arena *mem, const struct local_answer *answer, uint64_t *n,
                       struct why *w)
{
    struct node *root;
    err rc = json_read(mem, answer->body, "answer", &root, w);
    const struct node *removed = rc ? NULL : node_get(root, "removed");
    const struct node *error = rc ? NULL : node_path(root, "error.text");
    if (rc)
        return rc;
    if (!removed || removed->type != NODE_INT)
        return why_set(w, ERR_IO, "%s", error && error->text ? error->text : "no answer");
    *n = (uint64_t)removed->i;
    return ERR_OK;
}

static err by_server(const struct args *a, struct config *c, uint64_t *n, struct why *w)
{
    struct running server;
    struct local_answer answer;
    err rc = running_find(&server, a, c, w);
    if (rc)
        return rc;
    struct local_question q = {
        .data = server.folder, .method = "DELETE", .path = "/api/v1/sample", .wait_ns = ANSWER_NS
    };
    rc = local_ask(&q, &c->mem, &answer, w);
    return rc ? rc : read_number(&c->mem, &answer, n, w);
}

/* The state is opened first: where nobody ever ran `serve`, nothing is made. */
static err in_files(struct store_use *u, const struct args *a, uint64_t *n, struct why *w)
{
    struct state_use state;
    err rc = state_use_begin(&state, a, w);
    if (rc)
        return rc;
    state_use_end(&state);
    rc = store_use_open(u, a, w);
    return rc ? rc : sample_remove(u->store, routing_folder(&u->start.config), n, w);
}

int sample_remove_command(const struct args *a)
{
    static struct store_use u;
    struct why w;
    uint64_t n = 0;
    err rc = store_use_load(&u, a, &w);
    if (!rc) {
        rc = by_server(a, &u.start.config, &n, &w);
        if (rc == ERR_MISSING)
            rc = in_files(&u, a, &n, &w);
    }
    store_use_end(&u);
    if (rc)
        return state_refuse("%s", w.text);
    printf("%llu messages of the sample are removed\n", (unsigned long long)n);
    return 0;
}
