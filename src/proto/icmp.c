/* ICMP for IPv4 and IPv6 (RFC 792, RFC 950, RFC 4443, RFC 4861): one event for a request and its
 * answer, for an error message, or for any other message. Matched by id and sequence number. */
#include "base/buf.h"
#include "proto/proto.h"

/* clang-format off */
enum {
    VERSION, REQUEST_MESSAGE, REQUEST_TYPE, REQUEST_CODE, RESPONSE_MESSAGE, RESPONSE_TYPE,
    RESPONSE_CODE,
};
static struct field fields[] = {
    [VERSION]          = { "icmp.version", FT_LONG, FF_INDEX, 0, "4 or 6." },
    [REQUEST_MESSAGE]  = { "icmp.request.message", FT_KEYWORD, FF_INDEX, 0, "Name of the request's type and code." },
    [REQUEST_TYPE]     = { "icmp.request.type", FT_LONG, FF_INDEX, 0, "Type of the request." },
    [REQUEST_CODE]     = { "icmp.request.code", FT_LONG, FF_INDEX, 0, "Code of the request." },
    [RESPONSE_MESSAGE] = { "icmp.response.message", FT_KEYWORD, FF_INDEX, 0, "Name of the response's type and code." },
    [RESPONSE_TYPE]    = { "icmp.response.type", FT_LONG, FF_INDEX, 0, "Type of the response." },
    [RESPONSE_CODE]    = { "icmp.response.code", FT_LONG, FF_INDEX, 0, "Code of the response." },
};

/* What a message is. One without a mark is an event of its own. */
enum { PAIRED = 1, ANSWER = 2, FAULT = 4 };

struct type {
    const char *name;
    unsigned marks;
    const char *const *codes; /* NULL: codes have no names */
    unsigned n_codes;
};
#define CODES(...) (const char *const[]){ __VA_ARGS__ }, COUNT(((const char *const[]){ __VA_ARGS__ }))

static const struct type types_v4[] = {
    [0]  = { "EchoReply", PAIRED | ANSWER, NULL, 0 },
    [3]  = { "DestinationUnreachable", FAULT, CODES("Net", "Host", "Protocol", "Port",
             "FragmentationNeeded", "SourceRoutingFailed", "NetUnknown", "HostUnknown",
             "SourceIsolated", "NetAdminProhibited", "HostAdminProhibited", "NetTOS", "HostTOS",
             "CommAdminProhibited", "HostPrecedence", "PrecedenceCutoff") },
    [4]  = { "SourceQuench", FAULT, NULL, 0 },
    [5]  = { "Redirect", 0, CODES("Net", "Host", "TOS+Net", "TOS+Host") },
    [8]  = { "EchoRequest", PAIRED, NULL, 0 },
    [9]  = { "RouterAdvertisement", 0, NULL, 0 },
    [10] = { "RouterSolicitation", 0, NULL, 0 },
    [11] = { "TimeExceeded", FAULT, CODES("TTLExceeded", "FragmentReassemblyTimeExceeded") },
    [12] = { "ParameterProblem", FAULT, CODES("PointerIndicatesError", "MissingOption",
             "BadLength") },
    [13] = { "TimestampRequest", PAIRED, NULL, 0 },
    [14] = { "TimestampReply", PAIRED | ANSWER, NULL, 0 },
    [15] = { "InfoRequest", PAIRED, NULL, 0 },
    [16] = { "InfoReply", PAIRED | ANSWER, NULL, 0 },
    [17] = { "AddressMaskRequest", PAIRED, NULL, 0 },
    [18] = { "AddressMaskReply", PAIRED | ANSWER, NULL, 0 },
};

static const struct type types_v6[] = {
    [1]   = { "DestinationUnreachable", FAULT, CODES("NoRouteToDst", "AdminProhibited",
              "BeyondScopeOfSrc", "AddressUnreachable", "PortUnreachable",
              "SrcAddressFailedPolicy", "RejectRouteToDst") },
    [2]   = { "PacketTooBig", FAULT, NULL, 0 },
    [3]   = { "TimeExceeded", FAULT, CODES("HopLimitExceeded",
              "FragmentReassemblyTimeExceeded") },
    [4]   = { "ParameterProblem", FAULT, CODES("ErroneousHeaderField", "UnrecognizedNextHeader",
              "UnrecognizedIPv6Option") },
    [128] = { "EchoRequest", PAIRED, NULL, 0 },
    [129] = { "EchoReply", PAIRED | ANSWER, NULL, 0 },
    [133] = { "RouterSolicitation", 0, NULL, 0 },
    [134] = { "RouterAdvertisement", 0, NULL, 0 },
    [135] = { "NeighborSolicitation", 0, NULL, 0 },
    [136] = { "NeighborAdvertisement", 0, NULL, 0 },
    [137] = { "Redirect", 0, NULL, 0 },
};
/* clang-format on */

static const char note_replaced[] =
    "Another request with the same Id and Seq was received so this request was closed without "
    "receiving a response.";
static const char note_unanswered[] = "Request was received without an associated response.";
static const char note_unasked[] = "Response was received without an associated request.";

/* One message as the event shows it; also what waits for its answer. */
struct message {
    int64_t ts_ns;
    uint32_t bytes; /* behind the header of 8 octets */
    uint8_t type, code;
    uint8_t from; /* enum dir */
};

static const struct type *type_of(uint8_t ip_ver, uint8_t type)
{
    static const struct type unknown = { NULL, 0, NULL, 0 };
    if (ip_ver == 6)
        return type < COUNT(types_v6) ? &types_v6[type] : &unknown;
    return type < COUNT(types_v4) ? &types_v4[type] : &unknown;
}

/* "EchoRequest", "Redirect(Host)", "Redirect(Code: 9)", "143(0)". */
static void put_name(struct buf *out, const struct type *t, const struct message *m)
{
    if (!t->name) {
        buf_printf(out, "%u(%u)", m->type, m->code);
        return;
    }
    buf_cstr(out, t->name);
    const char *code = name_of(t->codes, t->n_codes, m->code);
    if (code)
        buf_printf(out, "(%s)", code);
    else if (m->code)
        buf_printf(out, "(Code: %u)", m->code);
}

static void set_message(struct event *e, uint8_t ip_ver, const struct message *m,
                        const struct field *f)
{
    uint8_t text[80];
    struct buf name = buf_of(text, sizeof text);
    put_name(&name, type_of(ip_ver, m->type), m);
    event_str(e, &f[0], buf_slice(&name));
    event_int(e, &f[1], m->type);
    event_int(e, &f[2], m->code);
}

static void set_path(struct event *e, const struct addr *destination)
{
    uint8_t text[ADDR_TEXT_MAX];
    struct buf path = buf_of(text, sizeof text);
    buf_addr(&path, destination);
    event_str(e, &ecs[ECS_PATH], buf_slice(&path));
}

static bool went_well(uint8_t ip_ver, const struct message *request, const struct message *response)
{
    if (!request)
        return false;
    unsigned marks = type_of(ip_ver, request->type)->marks;
    return !(marks & FAULT) && (response || !(marks & PAIRED));
}

/* The event of a request, its response, or both; its source is who asked. */
static void report(struct proto_ctx *x, const struct message *request,
                   const struct message *response, const char *note)
{
    const struct message *first = request ? request : response;
    enum dir from = request ? request->from : !response->from;
    x->icmp_type = first->type; /* what community ids are made from */
    x->icmp_code = first->code;
    struct event *e = proto_event(x, from, first->ts_ns);
    if (!e)
        return;
    proto_times(e, request ? request->ts_ns : 0, response ? response->ts_ns : 0);
    proto_bytes(e, request ? request->bytes : 0, response ? response->bytes : 0);
    event_cstr_ref(e, &ecs[ECS_STATUS], went_well(x->ip_ver, request, response) ? "OK" : "Error");
    set_path(e, &x->end[!from].ip);
    event_int(e, &fields[VERSION], x->ip_ver);
    if (request)
        set_message(e, x->ip_ver, request, &fields[REQUEST_MESSAGE]);
    if (response)
        set_message(e, x->ip_ver, response, &fields[RESPONSE_MESSAGE]);
    if (note)
        event_note(e, note);
    proto_emit(x, e);
}

/* Both sides of a flow may ask with the same id and number: the asker's direction is in the key. */
static uint64_t pair_key(const struct proto_ctx *x, enum dir asker)
{
    return (uint64_t)asker << 32 | (uint32_t)x->icmp_id << 16 | x->icmp_seq;
}

static void take_request(struct proto_ctx *x, const struct message *m)
{
    uint64_t key = pair_key(x, m->from);
    void *same = pair_find(x, key);
    if (same)
        pair_orphan(x, same, ORPHAN_REPLACED);
    struct message *waiting = pair_add(x, key, m->ts_ns, sizeof *waiting);
    if (waiting)
        *waiting = *m;
}

static void take_response(struct proto_ctx *x, const struct message *m)
{
    struct message *request = pair_find(x, pair_key(x, !m->from));
    if (!request) {
        counter_proto(x->env->counters, x->id, PC_UNMATCHED_RESPONSE);
        report(x, NULL, m, note_unasked);
        return;
    }
    report(x, request, m, NULL);
    pair_drop(x, request);
}

/* The header of 8 octets has been read by the decoder: c is what follows it. */
static enum verdict icmp_parse(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    struct message m = { .ts_ns = x->now_ns,
                         .bytes = (uint32_t)cur_left(c) + x->cut,
                         .type = x->icmp_type,
                         .code = x->icmp_code,
                         .from = (uint8_t)d };
    unsigned marks = type_of(x->ip_ver, m.type)->marks;
    cur_skip(c, cur_left(c));
    if (marks & ANSWER)
        take_response(x, &m);
    else if (marks & PAIRED)
        take_request(x, &m);
    else
        report(x, &m, NULL, NULL);
    return PARSE_OK;
}

static void icmp_orphan(struct proto_ctx *x, void *request, enum orphan_reason why)
{
    report(x, request, NULL, why == ORPHAN_REPLACED ? note_replaced : note_unanswered);
}

const struct proto proto_icmp = {
    .name = "icmp",
    .doc = "Internet Control Message Protocol: echo, timestamps, errors, neighbour discovery.",
    .l4 = L4_ICMP,
    .fields = fields,
    .n_fields = COUNT(fields),
    .conf_size = sizeof(struct proto_conf),
    .parse = icmp_parse,
    .orphan = icmp_orphan,
};
