/* create_message and clone_message (graylog.md 4.3, 4.7): what they make is run in its turn. */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/program.h"

static struct rule_value made(struct call *c, struct message *m)
{
    if (!m || m->lost)
        return call_fail(c, "memory is out");
    if (!program_take_created(c->run, m))
        return call_fail(c, "too many messages were made of one");
    return (struct rule_value){ .kind = K_MESSAGE, .p = m };
}

/* Message and source are those of the present message when they are not given; it is in no stream.
 */
struct rule_value fn_create_message(struct call *c)
{
    struct message *from = c->run->m;
    struct message *m = message_new(from->mem, 8);
    if (!m)
        return call_fail(c, "memory is out");
    m->message = call_given(c, 0) ? call_text(c, 0) : from->message;
    m->has_message = call_given(c, 0) || from->has_message;
    m->source = call_given(c, 1) ? call_text(c, 1) : from->source;
    m->has_source = call_given(c, 1) || from->has_source;
    m->ts_ms = call_given(c, 2) ? c->arg[2].i : c->run->env->now_ms;
    m->has_ts = true;
    m->receive_ns = from->receive_ns;
    m->origin = from->origin;
    m->clones = from->clones;
    return made(c, m);
}

/* A clone is in the streams of the original and runs through the same rules: it stops after
 * PROGRAM_CLONES_MAX generations, with preventLoops true after one, silently. */
struct rule_value fn_clone_message(struct call *c)
{
    const struct message *from = call_message(c, 0);
    if (call_bool(c, 1, false) && from->clones)
        return rule_null();
    if (from->clones >= PROGRAM_CLONES_MAX)
        return call_fail(c, "a clone of a clone, %d times: it is not cloned again",
                         PROGRAM_CLONES_MAX);
    struct message *m = message_clone(from);
    if (m)
        m->clones++;
    return made(c, m);
}
