/* Process fields, in the names that transactions and flows have for them (packetbeat-core.md 3.1).
 */
#include "pipe/processes.h"

#include "model/packet.h"
#include "pipe/networks.h"

/* clang-format off */
enum fact { NAME, ARGS, EXECUTABLE, PID, PARENT, START, CWD, FACTS };
static const enum ecs_id source[] = {
    [NAME] = ECS_SOURCE_PROCESS_NAME, [ARGS] = ECS_SOURCE_PROCESS_ARGS,
    [EXECUTABLE] = ECS_SOURCE_PROCESS_EXECUTABLE, [PID] = ECS_SOURCE_PROCESS_PID,
    [PARENT] = ECS_SOURCE_PROCESS_PARENT_PID, [START] = ECS_SOURCE_PROCESS_START,
    [CWD] = ECS_SOURCE_PROCESS_WORKING_DIRECTORY, [FACTS] = ECS_SOURCE_PROCESS_PPID,
};
static const enum ecs_id destination[] = {
    [NAME] = ECS_DESTINATION_PROCESS_NAME, [ARGS] = ECS_DESTINATION_PROCESS_ARGS,
    [EXECUTABLE] = ECS_DESTINATION_PROCESS_EXECUTABLE, [PID] = ECS_DESTINATION_PROCESS_PID,
    [PARENT] = ECS_DESTINATION_PROCESS_PARENT_PID, [START] = ECS_DESTINATION_PROCESS_START,
    [CWD] = ECS_DESTINATION_PROCESS_WORKING_DIRECTORY, [FACTS] = ECS_DESTINATION_PROCESS_PPID,
};
static const enum ecs_id either[] = {
    [NAME] = ECS_PROCESS_NAME, [ARGS] = ECS_PROCESS_ARGS,
    [EXECUTABLE] = ECS_PROCESS_EXECUTABLE, [PID] = ECS_PROCESS_PID,
    [PARENT] = ECS_PROCESS_PARENT_PID, [START] = ECS_PROCESS_START,
    [CWD] = ECS_PROCESS_WORKING_DIRECTORY, [FACTS] = ECS_PROCESS_PPID,
};
/* clang-format on */

static void put_text(struct event *e, enum ecs_id field, struct slice s)
{
    if (s.n)
        event_str_ref(e, &ecs[field], s);
}

/* The texts are in the event's memory. */
static void put(struct event *e, const enum ecs_id fields[FACTS + 1], const struct process *p)
{
    bool flow = e->source == EVENT_SOURCE_FLOW;
    put_text(e, fields[NAME], p->name);
    put_text(e, fields[EXECUTABLE], p->executable);
    put_text(e, fields[CWD], p->cwd);
    if (p->n_args)
        event_strs_ref(e, &ecs[fields[ARGS]], p->args, p->n_args);
    event_int(e, &ecs[fields[PID]], p->pid);
    event_int_nz(e, &ecs[fields[flow ? FACTS : PARENT]], p->ppid);
    event_time(e, &ecs[fields[START]], p->start_ns);
}

static bool is_own(const struct interfaces *own, const struct addr *a)
{
    return addr_is_loopback(a) || interfaces_has(own, a);
}

void processes_fill(struct procs *procs, const struct interfaces *own, struct event *e,
                    struct counters *counters)
{
    const struct event_ends *x = &e->ends;
    struct socket_row at_source = { x->ip_proto, x->src, x->dst, x->sport, x->dport, 0 };
    struct socket_row at_destination = { x->ip_proto, x->dst, x->src, x->dport, x->sport, 0 };
    struct process p, q;
    if (!x->known || (x->ip_proto != IPPROTO_N_TCP && x->ip_proto != IPPROTO_N_UDP))
        return;
    bool ours = is_own(own, &x->src), theirs = is_own(own, &x->dst);
    bool asks = ours && procs_find(procs, &at_source, e->mem, &p);
    bool serves = theirs && procs_find(procs, &at_destination, e->mem, &q);
    counter_add(counters, COUNTER_PROCESSES_UNKNOWN, (ours && !asks) + (theirs && !serves));
    if (asks)
        put(e, source, &p);
    if (serves)
        put(e, destination, &q);
    if (asks || serves)
        put(e, either, serves ? &q : &p);
}
