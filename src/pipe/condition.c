/* Conditions: built as a tree at boot, evaluated without memory. Semantics of libbeat's conditions
 * (packetbeat-core.md 2.9). */
#include "pipe/condition.h"

#include "pipe/literal.h"
#include "pipe/networks.h"
#include "pipe/regex.h"

#define DEPTH_MAX 16

enum op { EQUALS, CONTAINS, REGEXP, RANGE, HAS_FIELDS, NETWORK, OR, AND, NOT, OPS };
enum bound { GTE, GT, LTE, LT, BOUNDS };
static const char *const bound_names[BOUNDS] = { "gte", "gt", "lte", "lt" };

/* One field's test; all of a condition's must hold. */
struct test {
    struct test *next;
    struct ref ref;
    struct value equal; /* EQUALS: VT_STR, VT_INT, VT_BOOL */
    struct slice part;  /* CONTAINS */
    struct regex *regex;
    struct networks networks;
    double bound[BOUNDS];
    bool has_bound[BOUNDS];
};

struct condition {
    enum op op;
    unsigned depth;
    struct test *tests;
    struct condition *child, *next; /* AND, OR, NOT */
};

static err no_memory(const struct loading *l)
{
    return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
}

static err refuse(const struct node *n, const struct loading *l, const char *what)
{
    char where[256];
    return why_set(l->why, ERR_CONFIG, "%s: %s: %s", node_where(n, where, sizeof where), l->prefix,
                   what);
}

static struct test *add_test(struct condition *c, const char *name, const struct loading *l)
{
    struct test *t = arena_zalloc(l->mem, sizeof *t);
    if (!t)
        return NULL;
    t->ref = ref_of(name);
    t->next = c->tests;
    c->tests = t;
    return t;
}

static err take_equals(void *ctx, const char *name, const struct node *leaf,
                       const struct loading *l)
{
    struct test *t = add_test(ctx, name, l);
    if (!t)
        return no_memory(l);
    if (leaf->type == NODE_STR)
        t->equal =
            (struct value){ .type = VT_STR, .p = leaf->text, .n = (uint32_t)strlen(leaf->text) };
    else if (leaf->type == NODE_INT)
        t->equal = (struct value){ .type = VT_INT, .i = leaf->i };
    else if (leaf->type == NODE_BOOL)
        t->equal = (struct value){ .type = VT_BOOL, .i = leaf->b };
    else
        return refuse(leaf, l, "equals compares with a text, a whole number, true or false");
    return ERR_OK;
}

static err take_contains(void *ctx, const char *name, const struct node *leaf,
                         const struct loading *l)
{
    struct test *t = add_test(ctx, name, l);
    if (!t)
        return no_memory(l);
    if (!leaf->text)
        return refuse(leaf, l, "contains looks for one text");
    t->part = slice_cstr(leaf->text);
    return ERR_OK;
}

static err take_regexp(void *ctx, const char *name, const struct node *leaf,
                       const struct loading *l)
{
    struct test *t = add_test(ctx, name, l);
    if (!t)
        return no_memory(l);
    if (!leaf->text)
        return refuse(leaf, l, "regexp takes one expression");
    return regex_new(leaf->text, l, &t->regex);
}

static struct test *find_test(struct condition *c, const char *name)
{
    for (struct test *t = c->tests; t; t = t->next)
        if (strcmp(t->ref.name, name) == 0)
            return t;
    return NULL;
}

/* `name` ends in .gte, .gt, .lte or .lt; the bounds of one field come one by one. */
static err take_range(void *ctx, const char *name, const struct node *leaf, const struct loading *l)
{
    const char *dot = strrchr(name, '.');
    enum bound b = 0;
    while (b < BOUNDS && (!dot || strcmp(dot + 1, bound_names[b]) != 0))
        b++;
    if (b == BOUNDS || (leaf->type != NODE_INT && leaf->type != NODE_DOUBLE))
        return refuse(leaf, l, "range takes numbers for gte, gt, lte, lt of a field");
    struct slice field = arena_dup(l->mem, slice_of(name, (size_t)(dot - name) + 1));
    if (!field.n)
        return no_memory(l);
    ((char *)(uintptr_t)field.p)[field.n - 1] = '\0';
    struct test *t = find_test(ctx, (const char *)field.p);
    if (!t)
        t = add_test(ctx, (const char *)field.p, l);
    if (!t)
        return no_memory(l);
    t->has_bound[b] = true;
    t->bound[b] = leaf->type == NODE_INT ? (double)leaf->i : leaf->d;
    return ERR_OK;
}

static err take_network(void *ctx, const char *name, const struct node *leaf,
                        const struct loading *l)
{
    struct test *t = add_test(ctx, name, l);
    struct texts texts = { 0 };
    const char *one = leaf->text;
    unsigned n = 0;
    for (const struct node *c = leaf->child; c; c = c->next)
        n++;
    const char **list = arena_alloc(l->mem, (n + 1) * sizeof *list);
    if (!t || !list)
        return no_memory(l);
    texts.v = list;
    if (one)
        list[texts.n++] = one;
    for (const struct node *c = leaf->child; c; c = c->next) {
        if (!c->text)
            return refuse(c, l, "network takes networks by CIDR or name");
        list[texts.n++] = c->text;
    }
    return networks_load(&texts, l, &t->networks);
}

static err load_has_fields(struct condition *c, const struct node *list, const struct loading *l)
{
    if (list->type != NODE_LIST)
        return refuse(list, l, "has_fields takes a list of names");
    for (const struct node *n = list->child; n; n = n->next) {
        if (!n->text)
            return refuse(n, l, "has_fields takes a list of names");
        if (!add_test(c, n->text, l))
            return no_memory(l);
    }
    return ERR_OK;
}

static err load_at(const struct node *map, const struct loading *l, unsigned depth,
                   struct condition **out);

static err add_child(struct condition *c, const struct node *map, const struct loading *l)
{
    struct condition *child;
    err e = load_at(map, l, c->depth + 1, &child);
    if (e)
        return e;
    child->next = c->child;
    c->child = child;
    return ERR_OK;
}

static err load_children(struct condition *c, const struct node *list, const struct loading *l)
{
    if (list->type != NODE_LIST || !list->child)
        return refuse(list, l, "and, or take a list of conditions");
    for (const struct node *n = list->child; n; n = n->next) {
        err e = add_child(c, n, l);
        if (e)
            return e;
    }
    return ERR_OK;
}

/* In the order in which Beats looks for them when a map holds several. */
static const struct {
    const char *name;
    leaf_taker *take; /* NULL: the operand is no map of fields */
} ops[OPS] = {
    [EQUALS] = { "equals", take_equals },
    [CONTAINS] = { "contains", take_contains },
    [REGEXP] = { "regexp", take_regexp },
    [RANGE] = { "range", take_range },
    [NETWORK] = { "network", take_network },
    [HAS_FIELDS] = { "has_fields", NULL },
    [OR] = { "or", NULL },
    [AND] = { "and", NULL },
    [NOT] = { "not", NULL },
};

static err load_operand(struct condition *c, const struct node *operand, const struct loading *l)
{
    if (c->op == HAS_FIELDS)
        return load_has_fields(c, operand, l);
    if (c->op == NOT)
        return add_child(c, operand, l);
    if (!ops[c->op].take)
        return load_children(c, operand, l);
    if (operand->type != NODE_MAP)
        return refuse(operand, l, "a map of fields is expected here");
    return leaves_each(operand, "", l, ops[c->op].take, c);
}

static err load_at(const struct node *map, const struct loading *l, unsigned depth,
                   struct condition **out)
{
    const struct node *operand = NULL;
    unsigned op = 0;
    for (; op < OPS && !operand; op++)
        operand = node_get(map, ops[op].name);
    if (!operand)
        return refuse(map, l,
                      "no condition: one of equals, contains, regexp, range, network, has_fields, "
                      "and, or, not is expected here");
    struct condition *c = *out = arena_zalloc(l->mem, sizeof *c);
    if (!c)
        return no_memory(l);
    c->op = (enum op)(op - 1);
    c->depth = depth;
    if (depth > DEPTH_MAX)
        return refuse(map, l, "conditions are nested more than 16 deep");
    return load_operand(c, operand, l);
}

err condition_load(const struct node *map, const struct loading *l, struct condition **out)
{
    return load_at(map, l, 0, out);
}

static bool is_equal(const struct test *t, const struct value *v)
{
    char room[VALUE_ROOM];
    if (t->equal.type == VT_STR)
        return (v->type == VT_STR || v->type == VT_IP) &&
               slice_eq(ref_text(v, room), slice_of(t->equal.p, t->equal.n));
    return v->type == t->equal.type && v->i == t->equal.i;
}

static bool text_fits(enum op op, const struct test *t, struct slice text)
{
    struct addr a;
    if (op == CONTAINS)
        return slice_search(text, t->part) >= 0;
    if (op == REGEXP)
        return regex_matches(t->regex, text);
    return addr_parse(text, &a) && networks_has(&t->networks, &a);
}

/* Strings and lists of strings: one item that fits is enough. */
static bool any_fits(enum op op, const struct test *t, const struct value *v)
{
    char room[VALUE_ROOM];
    if (v->type == VT_STR || v->type == VT_IP)
        return text_fits(op, t, ref_text(v, room));
    for (unsigned i = 0; v->type == VT_STRS && i < v->n; i++)
        if (text_fits(op, t, ((const struct slice *)v->p)[i]))
            return true;
    for (unsigned i = 0; v->type == VT_IPS && i < v->n; i++) {
        struct value one = { .type = VT_IP, .p = (const struct addr *)v->p + i };
        if (text_fits(op, t, ref_text(&one, room)))
            return true;
    }
    return false;
}

static bool is_in_range(const struct test *t, const struct value *v)
{
    if (v->type != VT_INT && v->type != VT_DOUBLE)
        return false;
    double d = v->type == VT_INT ? (double)v->i : v->d;
    return (!t->has_bound[GTE] || d >= t->bound[GTE]) && (!t->has_bound[GT] || d > t->bound[GT]) &&
           (!t->has_bound[LTE] || d <= t->bound[LTE]) && (!t->has_bound[LT] || d < t->bound[LT]);
}

static bool test_holds(enum op op, struct test *t, const struct event *e)
{
    struct value v;
    if (op == HAS_FIELDS)
        return ref_is_there(&t->ref, e);
    if (!ref_get(&t->ref, e, &v))
        return false;
    if (op == EQUALS)
        return is_equal(t, &v);
    return op == RANGE ? is_in_range(t, &v) : any_fits(op, t, &v);
}

bool condition_holds(struct condition *c, const struct event *e)
{
    for (struct test *t = c->tests; t; t = t->next)
        if (!test_holds(c->op, t, e))
            return false;
    if (c->op == NOT)
        return !condition_holds(c->child, e);
    bool any = false, all = true;
    for (struct condition *child = c->child; child; child = child->next) {
        bool holds = condition_holds(child, e);
        any |= holds;
        all &= holds;
    }
    return c->op == OR ? any : all;
}
