/* Zone transfers: when is the last response there? */
#include "proto/dns/transfer.h"

#include "proto/dns/names.h"

/* SOA data ends with five numbers of four octets, the serial first (RFC 1035 section 3.3.13). */
#define SOA_NUMBERS_BYTES 20

static uint32_t soa_serial(const struct dns_record *r)
{
    struct cursor c = cur_of(r->rdata);
    if (cur_left(&c) < SOA_NUMBERS_BYTES)
        return 0;
    cur_skip(&c, cur_left(&c) - SOA_NUMBERS_BYTES);
    return cur_u32be(&c);
}

bool dns_transfer_asked(const struct dns_message *query)
{
    if (query->n_questions == 0)
        return false;
    uint16_t type = query->question[0].type;
    return type == RR_AXFR || type == RR_IXFR;
}

/* A transfer begins and ends with the SOA record of the new version (RFC 5936 section 2.2). When it
 * is incremental, the second record is the SOA of an old version, and the new one stands once more
 * in front of the last additions (RFC 1995 section 4). */
static void begin(struct dns_transfer *t, const struct dns_record *r, unsigned n, bool incremental)
{
    t->serial = soa_serial(&r[0]);
    bool from_old = incremental && n > 1 && r[1].type == RR_SOA && soa_serial(&r[1]) != t->serial;
    t->n_soa_end = from_old ? 3 : 2;
}

bool dns_transfer_add(struct dns_transfer *t, const struct dns_message *query,
                      const struct dns_message *response)
{
    const struct dns_record *r = response->section[DNS_ANSWER].record;
    unsigned n = response->section[DNS_ANSWER].n;
    bool incremental = query->question[0].type == RR_IXFR;
    t->n_answers += n;
    if (n == 0 || dns_rcode(response) != 0)
        return true;
    if (t->n_soa_end == 0) {
        if (r[0].type != RR_SOA || (incremental && n == 1))
            return true; /* a lone SOA: there is nothing newer (RFC 1995 section 2) */
        begin(t, r, n, incremental);
    }
    for (unsigned i = 0; i < n && t->n_soa < t->n_soa_end; i++)
        if (r[i].type == RR_SOA && soa_serial(&r[i]) == t->serial)
            t->n_soa++;
    return t->n_soa >= t->n_soa_end;
}
