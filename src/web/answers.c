/* What handlers share. */
#include "web/answers.h"

#include "codec/json.h"
#include "os/clock.h"
#include "web/web_private.h"

#define NS_PER_MS 1000000
#define DEPTH_MAX 32

err answers_state(struct exchange *x, struct state **out, struct why *w)
{
    char path[PATH_BYTES];
    err rc = ERR_OK;
    snprintf(path, sizeof path, "%s/%s", x->web->sources.folder, STATE_FILE);
    if (!x->worker->state)
        rc = state_open(path, clock_real_ns() / NS_PER_MS, &x->worker->state, w);
    *out = x->worker->state;
    return rc;
}

static void put_scalar(struct buf *b, const struct node *n)
{
    switch (n->type) {
    case NODE_BOOL:
        buf_cstr(b, n->b ? "true" : "false");
        break;
    case NODE_INT:
        buf_int(b, n->i);
        break;
    case NODE_DOUBLE:
        json_double(b, n->d);
        break;
    case NODE_STR:
        json_string(b, slice_cstr(n->text), false);
        break;
    case NODE_NULL:
    case NODE_LIST:
    case NODE_MAP:
        buf_lit(b, "null");
        break;
    }
}

static void put(struct buf *b, const struct node *n, unsigned depth)
{
    if ((n->type != NODE_LIST && n->type != NODE_MAP) || depth == DEPTH_MAX) {
        put_scalar(b, n);
        return;
    }
    buf_u8(b, n->type == NODE_MAP ? '{' : '[');
    for (const struct node *c = n->child; c; c = c->next) {
        buf_cstr(b, c == n->child ? "" : ",");
        if (n->type == NODE_MAP) {
            json_string(b, slice_cstr(c->key), false);
            buf_u8(b, ':');
        }
        put(b, c, depth + 1);
    }
    buf_u8(b, n->type == NODE_MAP ? '}' : ']');
}

void answers_node(struct buf *b, const struct node *n)
{
    put(b, n, 0);
}
