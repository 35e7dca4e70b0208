/* Agents: /api/v1/agents. The board knows who sent messages since the start; the store, where there
 * is one, who did within the last day. */
#include "codec/json.h"
#include "os/clock.h"
#include "store/state_json.h"
#include "web/answers.h"
#include "web/handlers.h"
#include "web/web_private.h"

#define NS_PER_MS INT64_C(1000000)

/* Names as the Packetbeat pack gives them; without it the board's agents are all. */
static const char request[] =
    "{\"range\":86400,\"ask\":["
    "{\"id\":\"last\",\"kind\":\"terms\",\"field\":\"event_observer_uid\","
    "\"metric\":\"max(timestamp)\",\"limit\":1000},"
    "{\"id\":\"first\",\"kind\":\"terms\",\"field\":\"event_observer_uid\","
    "\"metric\":\"min(timestamp)\",\"limit\":1000},"
    "{\"id\":\"name\",\"kind\":\"pairs\",\"fields\":[\"event_observer_uid\",\"event_reporter\"],"
    "\"metric\":\"count()\",\"limit\":1000},"
    "{\"id\":\"version\",\"kind\":\"pairs\",\"fields\":[\"event_observer_uid\","
    "\"vendor_version\"],\"metric\":\"count()\",\"limit\":1000},"
    "{\"id\":\"drops\",\"kind\":\"terms\",\"field\":\"event_observer_uid\","
    "\"query\":\"vendor_subtype:sensor\","
    "\"metric\":\"max(packetbeat_sensor_capture_kernel_drops)\",\"limit\":1000}]}";

struct agents {
    struct board_agent *v;
    int64_t *drops;       /* of each; -1: it tells none */
    unsigned n, of_board; /* those of the board come first, and are left as they are */
};

static struct board_agent *find(struct agents *a, const char *id)
{
    for (unsigned i = 0; i < a->n; i++)
        if (strncmp(a->v[i].id, id, BOARD_TEXT - 1) == 0)
            return &a->v[i];
    return NULL;
}

/* One that only the store knows. */
static struct board_agent *find_stored(struct agents *a, const struct node *key)
{
    struct board_agent *found = key && key->type == NODE_STR ? find(a, key->text) : NULL;
    return found && found >= a->v + a->of_board ? found : NULL;
}

static int64_t number_of(const struct node *row)
{
    const struct node *v = node_get(row, "value");
    return !v ? 0 : v->type == NODE_DOUBLE ? (int64_t)v->d : v->type == NODE_INT ? v->i : 0;
}

static void add_stored(struct agents *a, const struct node *rows)
{
    for (const struct node *r = rows ? rows->child : NULL; r; r = r->next) {
        const struct node *key = node_get(r, "key");
        if (!key || key->type != NODE_STR || find(a, key->text) || a->n == BOARD_AGENTS)
            continue;
        struct board_agent *new = &a->v[a->n++];
        *new = (struct board_agent){ .first_ms = number_of(r), .last_ms = number_of(r) };
        snprintf(new->id, sizeof new->id, "%s", key->text);
    }
}

static void set_first(struct agents *a, const struct node *rows)
{
    for (const struct node *r = rows ? rows->child : NULL; r; r = r->next) {
        struct board_agent *found = find_stored(a, node_get(r, "key"));
        if (found)
            found->first_ms = number_of(r);
    }
}

/* Sensors count since their start: the most that one run has lost. */
static void set_drops(struct agents *a, const struct node *rows)
{
    for (const struct node *r = rows ? rows->child : NULL; r; r = r->next) {
        const struct node *key = node_get(r, "key"), *value = node_get(r, "value");
        const struct board_agent *found = key && key->type == NODE_STR ? find(a, key->text) : NULL;
        if (found && value && value->type != NODE_NULL)
            a->drops[found - a->v] = number_of(r);
    }
}

/* The most frequent text stands: rows come by their number. member: name or version. */
static void set_text(struct agents *a, const struct node *rows, size_t member)
{
    for (const struct node *r = rows ? rows->child : NULL; r; r = r->next) {
        const struct node *keys = node_get(r, "keys");
        struct board_agent *found = find_stored(a, keys ? keys->child : NULL);
        const struct node *text = keys && keys->child ? keys->child->next : NULL;
        char *to = found ? (char *)found + member : NULL;
        if (to && !*to && text && text->type == NODE_STR)
            snprintf(to, BOARD_TEXT, "%s", text->text);
    }
}

static void ask_store(struct exchange *x, struct agents *a)
{
    struct node *root;
    struct why ignored;
    if (!x->web->sources.store || !answers_ask(x, SLICE(request)) ||
        json_read(&x->mem, buf_slice(&x->out), "answer", &root, &ignored))
        return;
    add_stored(a, node_path(root, "answers.last.rows"));
    set_first(a, node_path(root, "answers.first.rows"));
    set_drops(a, node_path(root, "answers.drops.rows"));
    set_text(a, node_path(root, "answers.name.rows"), offsetof(struct board_agent, name));
    set_text(a, node_path(root, "answers.version.rows"), offsetof(struct board_agent, version));
}

static void put_agent(struct buf *b, const struct board_agent *a, int64_t drops, int64_t now_ms)
{
    uint64_t minute = board_agent_minute(a, now_ms);
    buf_u8(b, '{');
    state_json_text(b, "id", a->id);
    state_json_text(b, "name", a->name);
    state_json_text(b, "version", a->version);
    state_json_int(b, "first_seen", a->first_ms);
    state_json_int(b, "last_seen", a->last_ms);
    state_json_int(b, "messages_last_minute", (int64_t)minute);
    state_json_key(b, "rate");
    json_double(b, (double)minute / 60);
    state_json_key(b, "drops");
    if (drops < 0)
        buf_lit(b, "null");
    else
        buf_int(b, drops);
    buf_u8(b, '}');
}

void agents_list(struct exchange *x)
{
    int64_t now_ms = clock_real_ns() / NS_PER_MS;
    struct agents a = { .v = arena_alloc(&x->mem, BOARD_AGENTS * sizeof *a.v),
                        .drops = arena_alloc(&x->mem, BOARD_AGENTS * sizeof *a.drops) };
    if (!a.v || !a.drops) {
        exchange_fail(x, 500, "there is no memory left");
        return;
    }
    for (unsigned i = 0; i < BOARD_AGENTS; i++)
        a.drops[i] = -1;
    a.n = a.of_board = board_agents(x->web->sources.board, a.v, BOARD_AGENTS);
    ask_store(x, &a);
    struct buf *b = exchange_json(x);
    buf_lit(b, "{\"agents\":[");
    for (unsigned i = 0; i < a.n; i++) {
        buf_cstr(b, i ? "," : "");
        put_agent(b, &a.v[i], a.drops[i], now_ms);
    }
    buf_lit(b, "]}");
}
