/* DNS: messages, records, matching, copies, multicast, recognition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/dnsmake.h"
#include "proto/dns/report.h"

static struct parser p;

static int open_udp(void **state)
{
    (void)state;
    parser_open(&p, "dns", L4_UDP);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parser_close(&p);
    return 0;
}

static enum verdict send(enum dir d, int64_t ts_ns)
{
    assert_false(dnsmake.full);
    return parser_feed(&p, d, ts_ns, buf_slice(&dnsmake));
}

static void ask(unsigned id, const char *name, unsigned type, int64_t ts_ns)
{
    dnsmake_begin(id, QUERY);
    dnsmake_question(name, type);
    assert_int_equal(send(DIR_CLIENT, ts_ns), PARSE_OK);
}

static void answer(unsigned id, const char *name, unsigned type, int64_t ts_ns)
{
    dnsmake_begin(id, RESPONSE);
    dnsmake_question(name, type);
    dnsmake_record(1, RR_A, SLICE("\1\2\3\4"));
    assert_int_equal(send(DIR_SERVER, ts_ns), PARSE_OK);
}

static void expect(unsigned event, const char *field, const char *value)
{
    assert_string_equal(parser_text(&p, event, field), value);
}

/* A JSON text that stands somewhere in the event. */
static void expect_json(unsigned event, const char *part)
{
    const char *json = parser_json(&p, event);
    if (!strstr(json, part))
        fail_msg("%s\nis not in\n%s", part, json);
}

/* ---- a transaction */

static void reports_a_transaction(void **state)
{
    (void)state;
    ask(7, WWW, RR_A, 1000);
    assert_int_equal(p.n, 0);
    answer(7, WWW, RR_A, 3000);
    assert_int_equal(p.n, 1);
    expect(0, "status", "OK");
    expect(0, "method", "QUERY");
    expect(0, "query", "class IN, type A, www.example.com");
    expect(0, "resource", "www.example.com");
    expect(0, "dns.type", "answer");
    expect(0, "dns.id", "7");
    expect(0, "dns.response_code", "NOERROR");
    expect(0, "dns.question.registered_domain", "example.com");
    expect(0, "dns.question.top_level_domain", "com");
    expect(0, "dns.question.subdomain", "www");
    expect(0, "event.duration", "2000");
    expect(0, "source.bytes", "33");
    expect(0, "destination.bytes", "49");
    expect(0, "source.port", "40000");
    expect(0, "error.message", "");
    expect(0, "request", "");
    expect_json(0, "\"answers\":[{\"name\":\"www.example.com\",\"type\":\"A\",\"class\":\"IN\","
                   "\"ttl\":\"60\",\"data\":\"1.2.3.4\"}]");
    expect_json(0, "\"header_flags\":[\"RD\",\"RA\"]");
    expect_json(0, "\"resolved_ip\":[\"1.2.3.4\"]");
}

static void tells_what_was_wrong(void **state)
{
    (void)state;
    ask(1, WWW, RR_A, 1000);
    parser_expire(&p, 10000001000);
    expect(0, "error.message", "No response to this query was received");
    expect(0, "status", "Error");
    expect(0, "dns.type", "query");
    answer(2, WWW, RR_A, 2000);
    expect(1, "error.message", "Response: received without an associated Query");
    expect(1, "source.ip", "10.0.0.1");
    expect(1, "source.bytes", "");
    expect(1, "status", "Error");
    ask(3, WWW, RR_A, 3000);
    dnsmake_begin(3, NXDOMAIN);
    dnsmake_question(WWW, RR_A);
    send(DIR_SERVER, 4000);
    expect(2, "dns.response_code", "NXDOMAIN");
    expect(2, "status", "Error");
    expect(2, "error.message", "");
}

/* ---- matching */

/* A stub resolver asks again after 5 s; who forwards may take as long again. */
static void waits_anew_when_asked_again(void **state)
{
    (void)state;
    ask(1, WWW, RR_A, 1000000000);
    ask(1, WWW, RR_A, 6000000000);
    parser_expire(&p, 12000000000);
    assert_int_equal(p.n, 0);
    answer(1, WWW, RR_A, 12000000000);
    assert_int_equal(p.n, 1);
    expect(0, "status", "OK");
    expect(0, "event.duration", "11000000000");
    ask(2, WWW, RR_A, 20000000000);
    ask(2, WWW, RR_A, 21000000000);
    parser_expire(&p, 31000000001);
    assert_int_equal(p.n, 2);
}

static void copies_are_no_news(void **state)
{
    (void)state;
    ask(1, WWW, RR_A, 1000);
    ask(1, WWW, RR_A, 1001); /* sent again, or seen twice */
    answer(1, WWW, RR_A, 2000);
    answer(1, WWW, RR_A, 2001);
    assert_int_equal(p.n, 1);
    expect(0, "event.duration", "1000");
    ask(1, WWW, RR_A, 3000); /* late copy, never answered */
    parser_expire(&p, 99999999999);
    assert_int_equal(p.n, 1);
    ask(1, WWW, RR_A, 4000); /* asked and answered anew */
    answer(1, WWW, RR_A, 5000);
    assert_int_equal(p.n, 2);
    ask(1, WWW, RR_A, 2000000000); /* with the same id, but no copy: so late */
    parser_expire(&p, 99999999999);
    assert_int_equal(p.n, 3);
    answer(1, WWW, RR_A, 20000000000);
    assert_int_equal(p.n, 4);
}

static void an_answer_to_a_copy_may_differ(void **state)
{
    (void)state;
    ask(1, WWW, RR_A, 1000);
    ask(1, WWW, RR_A, 1001);
    answer(1, WWW, RR_A, 2000);
    dnsmake_begin(1, NXDOMAIN);
    dnsmake_question(WWW, RR_A);
    send(DIR_SERVER, 2001); /* the answer to the second */
    assert_int_equal(p.n, 1);
    send(DIR_SERVER, 2002); /* one too many */
    assert_int_equal(p.n, 2);
}

static void same_id_other_question(void **state)
{
    (void)state;
    ask(1, WWW, RR_A, 1000);
    ask(1, WWW, RR_AAAA, 1001);
    answer(1, "\3wWw\7EXAMPLE\3com", RR_AAAA, 2000);
    answer(1, WWW, RR_A, 3000);
    assert_int_equal(p.n, 2);
    expect(0, "query", "class IN, type AAAA, www.example.com");
    expect(0, "dns.question.name", "wWw.EXAMPLE.com");
    expect(0, "dns.question.registered_domain", "EXAMPLE.com");
    expect(0, "event.duration", "999");
    expect(1, "event.duration", "2000");
}

static void both_sides_may_ask(void **state)
{
    (void)state;
    ask(1, WWW, RR_A, 1000);
    dnsmake_begin(1, QUERY);
    dnsmake_question(WWW, RR_A);
    send(DIR_SERVER, 1500);
    dnsmake_begin(1, RESPONSE);
    dnsmake_question(WWW, RR_A);
    send(DIR_CLIENT, 2500);
    assert_int_equal(p.n, 1);
    expect(0, "source.ip", "10.0.0.2");
    expect(0, "event.duration", "1000");
}

static void an_error_without_question(void **state)
{
    (void)state;
    ask(9, WWW, RR_A, 1000);
    dnsmake_begin(9, 0x8001);
    assert_int_equal(send(DIR_SERVER, 2000), PARSE_OK);
    assert_int_equal(p.n, 1);
    expect(0, "dns.response_code", "FORMERR");
    expect(0, "resource", "www.example.com");
    dnsmake_begin(10, 0x8001);
    send(DIR_SERVER, 2000);
    expect(1, "error.message", "Response: received without an associated Query");
}

/* ---- records */

static void shows_each_type(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        struct slice rdata;
        const char *json;
    } rows[] = {
        { RR_A, SLICE("\x0a\0\0\1"), "\"data\":\"10.0.0.1\"" },
        { RR_AAAA, SLICE("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"), "\"data\":\"2001:db8::1\"" },
        { RR_CNAME, SLICE("\1x" TO_QUESTION), "\"data\":\"x.www.example.com\"" },
        { RR_MX, SLICE("\0\xa\2mx\xc0\x10"), "\"preference\":10,\"data\":\"mx.example.com\"" },
        { RR_SRV, SLICE("\0\1\0\2\1\xbb\1s\0"),
          "\"priority\":1,\"weight\":2,\"port\":443,\"data\":\"s\"" },
        { RR_SOA, SLICE("\2ns\0\4root\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\xff\0\0\0"),
          "\"rname\":\"root\",\"serial\":1,\"refresh\":2,\"retry\":3,\"expire\":4,"
          "\"minimum\":4278190080,\"data\":\"ns\"" },
        { RR_TXT, SLICE("\3a\"b\0\2\t\xff"), "\"data\":\"a\\\\\\\"b  \\\\009\\\\255\"" },
        { RR_DS, SLICE("\0\5\x8\2\xab\xcd"),
          "\"key_tag\":\"5\",\"algorithm\":\"RSASHA256\",\"digest_type\":\"SHA256\","
          "\"data\":\"ABCD\"" },
        { RR_DNSKEY, SLICE("\1\1\3\15abc"),
          "\"flags\":\"257\",\"protocol\":\"3\",\"algorithm\":\"ECDSAP256SHA256\","
          "\"data\":\"YWJj\"" },
        { RR_RRSIG, SLICE("\0\1\xf\2\0\0\1\x2c\x6a\0\0\0\x69\0\0\0\0\7\1z\0abc"),
          "\"type_covered\":\"A\",\"algorithm\":\"ED25519\",\"labels\":\"2\",\"original_ttl\":"
          "\"300\",\"expiration\":\"20260510034816\",\"inception\":\"20251027232800\",\"key_tag\":"
          "\"7\",\"signer_name\":\"z\",\"data\":\"YWJj\"" },
        { RR_NSEC, SLICE("\1b\0\0\6\x40\1\0\0\0\3"),
          "\"type_bits\":\"A MX RRSIG NSEC\",\"data\":\"b.\"" },
        { RR_NSEC3, SLICE("\1\1\0\xa\2\xab\xcd\5\0\1\2\3\4\0\1\x40"),
          "\"hash\":\"SHA1\",\"flags\":\"1\",\"iterations\":\"10\",\"salt\":\"ABCD\","
          "\"type_bits\":\"A\",\"data\":\"000G40O4\"" },
        { RR_NSEC3PARAM, SLICE("\1\0\0\0\0"),
          "\"hash\":\"SHA1\",\"flags\":\"0\",\"iterations\":\"0\",\"data\":\"-\"" },
        { RR_NAPTR, SLICE("\0\1\0\2\1u\0\1\x7f" TO_QUESTION),
          "\"data\":\"\\\\000\\\\001\\\\000\\\\002\\\\001u\\\\000\\\\001\\\\127\\\\003www"
          "\\\\007example\\\\003com\\\\000\"" },
        { RR_CAA, SLICE("\0\5issueca.test"), "\"data\":\"\\\\000\\\\005issueca.test\"" },
        { RR_HTTPS, SLICE("\0\1\0\0\1\0\3\2h2"),
          "\"data\":\"\\\\000\\\\001\\\\000\\\\000\\\\001\\\\000\\\\003\\\\002h2\"" },
        { RR_HINFO, SLICE("\1\n\2\"\\"), "\"data\":\"\\\\001\\\\n\\\\002\\\\\\\"\\\\\\\\\"" },
        { 65280, SLICE("\r\n"), "\"type\":\"65280\"" },
        { 65280, SLICE("\r\n"), "\"data\":\"\\\\r\\\\n\"" },
        { RR_MX, SLICE(""), "\"preference\":0,\"data\":\"\"" }, /* RFC 2136 section 2.4 */
    };
    for (unsigned i = 0; i < COUNT(rows); i++) {
        dnsmake_begin(i, RESPONSE);
        dnsmake_question(WWW, rows[i].type);
        dnsmake_record(1, rows[i].type, rows[i].rdata);
        assert_int_equal(send(DIR_SERVER, 1000), PARSE_OK);
        expect_json(i, rows[i].json);
    }
}

static void refuses_malformed_records(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        struct slice rdata;
    } rows[] = {
        { RR_A, SLICE("\1\2\3") },       { RR_A, SLICE("\1\2\3\4\5") },
        { RR_CNAME, SLICE("\5abc") },    { RR_CNAME, SLICE("\1a\0x") },
        { RR_MX, SLICE("\0") },          { RR_TXT, SLICE("\5abc") },
        { RR_SOA, SLICE("\0\0\1\2\3") }, { RR_NSEC, SLICE("\0\0\0") },
        { RR_NSEC, SLICE("\0\0\x21x") }, { RR_NAPTR, SLICE("\0\1\0\2\1u\0\1") },
        { RR_CNAME, SLICE("\xc0\x2d") }, { RR_OPT, SLICE("\0\3\0\5a") },
    };
    for (unsigned i = 0; i < COUNT(rows); i++) {
        dnsmake_begin(i, RESPONSE);
        dnsmake_question(WWW, rows[i].type);
        dnsmake_record(1, rows[i].type, rows[i].rdata);
        assert_int_equal(send(DIR_SERVER, 1000), PARSE_BAD);
    }
    assert_int_equal(p.n, 0);
}

static void refuses_malformed_messages(void **state)
{
    (void)state;
    dnsmake_begin(1, QUERY);
    assert_int_equal(send(DIR_CLIENT, 1), PARSE_BAD); /* a bare header that is no error */
    dnsmake.n = 11;
    assert_int_equal(send(DIR_CLIENT, 1), PARSE_BAD);
    dnsmake_begin(1, QUERY);
    dnsmake_question(WWW, RR_A);
    dnsmake.n--;
    assert_int_equal(send(DIR_CLIENT, 1), PARSE_BAD);
    dnsmake_begin(1, RESPONSE);
    dnsmake_question(WWW, RR_A);
    dnsmake_record(1, RR_A, SLICE("\1\2\3\4"));
    dnsmake.n--;
    assert_int_equal(send(DIR_SERVER, 1), PARSE_BAD);
    dnsmake.p[7] = 9; /* more promised than there is, but whole records: taken as it is */
    dnsmake.n++;
    assert_int_equal(send(DIR_SERVER, 1), PARSE_OK);
    expect(0, "dns.answers_count", "1");
}

/* The capture's snaplen cut the datagram: what is whole is shown, and a note tells. */
static void cut_by_the_capture(void **state)
{
    (void)state;
    ask(1, WWW, RR_A, 1000);
    dnsmake_begin(1, RESPONSE);
    dnsmake_question(WWW, RR_A);
    dnsmake_record(1, RR_A, SLICE("\1\2\3\4"));
    dnsmake_record(1, RR_A, SLICE("\5\6\7\x8"));
    dnsmake.n -= 3;
    p.cut = 3;
    assert_int_equal(send(DIR_SERVER, 2000), PARSE_OK);
    expect(0, "error.message", "Response: Message's data is incomplete");
    expect(0, "status", "OK");
    expect(0, "dns.answers_count", "1");
    expect(0, "destination.bytes", "65");
}

/* ---- EDNS, sizes, texts */

static void shows_edns(void **state)
{
    (void)state;
    dnsmake_begin(1, RESPONSE);
    dnsmake_question(WWW, RR_A);
    dnsmake_opt(
        1, 0x8000,
        SLICE(
            "\0\3\0\2ns\0\12\0\2ab\0\10\0\7\0\1\x18\0\1\2\3\0\5\0\2\x8\x63\0\11\0\4\0\0\1\0\xfd\xe9"
            "\0\1x\0\14\0\1z\0\10\0\4\0\2\xc8\0"));
    send(DIR_SERVER, 1000);
    expect(0, "dns.opt.do", "true");
    expect(0, "dns.opt.version", "0");
    expect(0, "dns.opt.udp_size", "1232");
    expect(0, "dns.opt.ext_rcode", "BADSIG");
    expect(0, "dns.response_code", "BADSIG");
    expect(0, "dns.opt.nsid", "6e73");
    expect(0, "dns.opt.cookie", "6162");
    expect(0, "dns.opt.subnet", "1.2.3.0/24/0"); /* the second one has an impossible prefix */
    expect(0, "dns.opt.dau", " RSASHA256 99");
    expect(0, "dns.opt.expire", "256");
    expect(0, "dns.opt.local", "65001:0x78");
    expect(0, "dns.additionals_count", "0");
    expect_json(0, "\"header_flags\":[\"RD\",\"RA\",\"DO\"]");
}

static void shows_rare_edns_options(void **state)
{
    (void)state;
    dnsmake_begin(1, RESPONSE);
    dnsmake_question(WWW, RR_A);
    dnsmake_opt(0, 0,
                SLICE("\0\1\0\x12\0\1\0\2\0\3\0\0\0\0\0\0\0\xff\0\0\0\x3c" /* LLQ */
                      "\0\2\0\4\0\0\0\x1e"                                 /* update lease */
                      "\0\6\0\1\2\0\7\0\2\1\x9"                            /* DHU, N3U */
                      "\0\10\0\7\0\2\x18\0\x20\1\xd"                       /* subnet, IPv6 */
                      "\0\11\0\0\0\13\0\0\0\17\0\2\0\1"));                 /* empty; no fields */
    send(DIR_SERVER, 1000);
    expect(0, "dns.opt.llq", "1 2 3 ff 60");
    expect(0, "dns.opt.ul", "30 0");
    expect(0, "dns.opt.dhu", " SHA256");
    expect(0, "dns.opt.n3u", " SHA1 9");
    expect(0, "dns.opt.subnet", "[2001:d00::]/24/0");
    expect(0, "dns.opt.expire", "0");
    expect(0, "dns.opt.local", "");
    expect(0, "dns.opt.do", "false");
}

static void numbers_without_names_are_shown(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        const char *json;
    } rows[] = { { 32768, "\"type\":\"TA\"" },
                 { 32769, "\"type\":\"DLV\"" },
                 { 65535, "\"type\":\"Reserved\"" },
                 { 54, "\"type\":\"54\"" } };
    for (unsigned i = 0; i < COUNT(rows); i++) {
        dnsmake_begin(i, 0x980c); /* opcode 3, response code 12 */
        dnsmake_question(WWW, rows[i].type);
        dnsmake.p[dnsmake.n - 1] = 9; /* the class */
        assert_int_equal(send(DIR_SERVER, 1000), PARSE_OK);
        expect_json(i, rows[i].json);
        expect(i, "dns.question.class", "9");
        expect(i, "dns.op_code", "3");
        expect(i, "dns.response_code", "Unknown 12");
    }
}

static void notes_on_sizes_and_edns(void **state)
{
    (void)state;
    static const char big[600];
    dnsmake_begin(1, QUERY);
    dnsmake_question(WWW, RR_A);
    dnsmake_opt(0, 0, slice_of(NULL, 0));
    send(DIR_CLIENT, 1000);
    dnsmake_begin(1, RESPONSE);
    dnsmake_question(WWW, RR_A);
    dnsmake_record(1, 65280, slice_of(big, sizeof big));
    send(DIR_SERVER, 2000);
    expect_json(0, "\"message\":[\"Response: Non-EDNS packet has size greater than 512\","
                   "\"Responder does not support EDNS\"]");
    dnsmake_begin(2, QUERY);
    dnsmake_question(WWW, RR_A);
    dnsmake_record(3, 65280, slice_of(big, sizeof big));
    send(DIR_CLIENT, 1000);
    dnsmake_begin(2, RESPONSE);
    dnsmake_question(WWW, RR_A);
    dnsmake_opt(0, 0, slice_of(NULL, 0));
    send(DIR_SERVER, 2000);
    expect_json(1, "\"message\":[\"Non-EDNS packet has size greater than 512\","
                   "\"Unexpected EDNS answer\"]");
}

static void renders_texts_and_sections(void **state)
{
    (void)state;
    struct dns_conf *conf = p.conf;
    conf->common.send_request = conf->common.send_response = true;
    conf->include_authorities = conf->include_additionals = true;
    ask(1, WWW, RR_A, 1000);
    dnsmake_begin(1, 0x8580);
    dnsmake_question(WWW, RR_A);
    dnsmake_record(1, RR_A, SLICE("\1\2\3\4"));
    dnsmake_record(2, RR_SOA, SLICE("\2ns\0\4root\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"));
    dnsmake_record(3, RR_MX, SLICE("\0\xa\2mx\0"));
    dnsmake_opt(0, 0, slice_of(NULL, 0));
    send(DIR_SERVER, 2000);
    expect(0, "request",
           "ID 1; QR query; OPCODE QUERY; FLAGS rd; RCODE NOERROR; QUESTION class IN, type A, "
           "www.example.com");
    expect(0, "response",
           "ID 1; QR response; OPCODE QUERY; FLAGS aa rd ra; RCODE NOERROR; QUESTION class IN, "
           "type A, www.example.com; ANSWER 1.2.3.4; AUTHORITY rname root, ns; ADDITIONAL mx; ");
    expect_json(0, "\"authorities\":[{\"name\":\"www.example.com\",\"type\":\"SOA\"");
    expect_json(0, "\"additionals\":[{\"name\":\"www.example.com\",\"type\":\"MX\"");
    expect(0, "dns.additionals_count", "1");
}

static void domains_without_registration(void **state)
{
    (void)state;
    ask(1, "\2co\2uk", RR_NS, 1);
    ask(2, "", RR_NS, 2);
    ask(3, "\3com", RR_NS, 3);
    parser_flow_end(&p, ORPHAN_CAPTURE);
    expect(0, "dns.question.registered_domain", "co.uk");
    expect(0, "dns.question.top_level_domain", "uk");
    expect(0, "dns.question.etld_plus_one", "");
    expect(1, "dns.question.name", ".");
    expect(1, "dns.question.registered_domain", ".");
    expect(1, "dns.question.top_level_domain", "");
    expect(2, "dns.question.registered_domain", "");
}

/* ---- multicast */

static void multicast_messages_stand_alone(void **state)
{
    (void)state;
    static const uint8_t group[4] = { 224, 0, 0, 251 };
    struct flow_key key = flow_key(&p.flow);
    key.addr[1] = addr_v4(group);
    parser_set_key(&p, &key);
    ask(0, "\5_http\4_tcp\5local", RR_PTR, 1000);
    ask(0, "\5_http\4_tcp\5local", RR_PTR, 2000);
    dnsmake_begin(0, 0x8400);
    dnsmake_question("\5_http\4_tcp\5local", RR_PTR);
    send(DIR_CLIENT, 3000);
    assert_int_equal(p.n, 3);
    for (unsigned i = 0; i < 3; i++) {
        expect(i, "source.ip", "10.0.0.1");
        expect(i, "status", "OK");
        expect(i, "error.message", "");
    }
    expect(2, "dns.type", "answer");
    expect(2, "source.bytes", "34");
}

/* ---- recognition */

static void recognises_dns(void **state)
{
    (void)state;
    const struct proto *dns = p.proto;
    dnsmake_begin(1, QUERY);
    dnsmake_question(WWW, RR_A);
    assert_true(dns->probe(buf_slice(&dnsmake), DIR_CLIENT) > 50);
    struct slice whole = dnsmake_framed();
    assert_true(dns->probe(whole, DIR_CLIENT) > 50);
    assert_int_equal(dns->probe(slice_first(whole, 5), DIR_CLIENT), PROBE_MORE);
    dnsmake_record(3, RR_A, SLICE("\1\2\3\4"));
    assert_true(dns->probe(buf_slice(&dnsmake), DIR_CLIENT) > 50);
    buf_u8(&dnsmake, 0); /* something behind it */
    assert_int_equal(dns->probe(buf_slice(&dnsmake), DIR_CLIENT), 0);
    dnsmake_begin(1, QUERY | 0x0040);
    dnsmake_question(WWW, RR_A);
    assert_int_equal(dns->probe(buf_slice(&dnsmake), DIR_CLIENT), 0);
    dnsmake_begin(1, QUERY);
    dnsmake_question(WWW, 63000);
    assert_int_equal(dns->probe(buf_slice(&dnsmake), DIR_CLIENT), 0);
    dnsmake_begin(1, 0x0110); /* NetBIOS: \1\2__MSBROWSE__\2\1 */
    dnsmake_question("\40ABACFPFPENFDECFCEPFHFDEFFPFPACAB", 32);
    assert_int_equal(dns->probe(buf_slice(&dnsmake), DIR_CLIENT), 0);
}

static void recognises_nothing_else(void **state)
{
    (void)state;
    uint32_t seed = 1;
    uint8_t noise[64];
    for (unsigned i = 0; i < 200000; i++) {
        for (size_t k = 0; k < sizeof noise; k++) {
            seed = seed * 1664525 + 1013904223;
            noise[k] = (uint8_t)(seed >> 24 & (i & 1 ? 0x1f : 0xff));
        }
        assert_true(p.proto->probe(slice_of(noise, sizeof noise), DIR_CLIENT) < 50);
    }
    assert_int_equal(p.proto->probe(SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), DIR_CLIENT), 0);
}

#define TEST_UDP(f) cmocka_unit_test_setup_teardown(f, open_udp, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UDP(reports_a_transaction),
        TEST_UDP(tells_what_was_wrong),
        TEST_UDP(waits_anew_when_asked_again),
        TEST_UDP(copies_are_no_news),
        TEST_UDP(an_answer_to_a_copy_may_differ),
        TEST_UDP(same_id_other_question),
        TEST_UDP(both_sides_may_ask),
        TEST_UDP(an_error_without_question),
        TEST_UDP(shows_each_type),
        TEST_UDP(refuses_malformed_records),
        TEST_UDP(refuses_malformed_messages),
        TEST_UDP(cut_by_the_capture),
        TEST_UDP(shows_edns),
        TEST_UDP(shows_rare_edns_options),
        TEST_UDP(numbers_without_names_are_shown),
        TEST_UDP(notes_on_sizes_and_edns),
        TEST_UDP(renders_texts_and_sections),
        TEST_UDP(domains_without_registration),
        TEST_UDP(multicast_messages_stand_alone),
        TEST_UDP(recognises_dns),
        TEST_UDP(recognises_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
