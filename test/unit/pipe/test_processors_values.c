/* Processors that make values of values. Answers are those of Beats' own tests where there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/processing.h"

#define REST   ",\"type\":\"http\"}"
#define SET(f) "{add_fields: {target: '', fields: {" f "}}}, "
#define BARE   ", {drop_fields: {fields: [x]}}"

static void escapes_are_undone(void **state)
{
    (void)state;
    processing_is("[" SET("m: a%20b%2Fc+d") "{urldecode: {fields: [{from: m, to: n}]}}" BARE "]",
                  ",\"m\":\"a%20b%2Fc+d\",\"n\":\"a b/c d\"" REST, 0);
    processing_is("[" SET("m: a%20b") "{urldecode: {fields: [{from: m}]}}" BARE "]",
                  ",\"m\":\"a b\"" REST, 0);
    processing_is("[" SET("m: '%zz'") "{urldecode: {fields: [{from: m}]}}" BARE "]",
                  ",\"error\":{\"message\":\"failed to decode fields in urldecode "
                  "processor\"},\"m\":\"%zz\"" REST,
                  1);
    processing_is("[{urldecode: {ignore_missing: true, fields: [{from: m}]}}" BARE "]", REST, 0);
    processing_is("[{urldecode: {fail_on_error: false, fields: [{from: m}]}}" BARE "]", REST, 1);
}

static void base64_and_gzip_are_decoded(void **state)
{
    (void)state;
    processing_is("[" SET("m: Y29ycmVjdCBkYXRh") "{decode_base64_field: {field: {from: m, to: "
                                                 "n}}}, {drop_fields: {fields: [x, m]}}]",
                  ",\"n\":\"correct data\"" REST, 0);
    processing_is("[" SET("m: not-base64") "{decode_base64_field: {field: {from: m}}}" BARE "]",
                  ",\"error\":{\"message\":\"failed to decode base64 fields in processor\"},"
                  "\"m\":\"not-base64\"" REST,
                  1);
    processing_is(
        "[" SET("m: 'H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA=='") "{decode_base64_field: "
                                                                     "{field: {from: m, to: n}}},"
                                                                     "{decompress_gzip_field: "
                                                                     "{field: {from: n, to: o}}}, "
                                                                     "{drop_fields: {fields: [x, "
                                                                     "m, n]}}]",
        ",\"o\":\"hello world\"" REST, 0);
    processing_is("[{decompress_gzip_field: {field: {from: x.name}, fail_on_error: false}}" BARE
                  "]",
                  REST, 1);
}

static void durations_are_numbers(void **state)
{
    (void)state;
    processing_is("[" SET("m: 3m10s") "{decode_duration: {field: m, format: seconds}}" BARE "]",
                  ",\"m\":190" REST, 0);
    processing_is("[" SET("m: 10us") "{decode_duration: {field: m, format: milliseconds}}" BARE "]",
                  ",\"m\":0.01" REST, 0);
    processing_is("[" SET("m: '10'") "{decode_duration: {field: m, format: hours}}" BARE "]",
                  ",\"m\":\"10\"" REST, 0);
}

static void parts_are_extracted(void **state)
{
    (void)state;
    processing_is(
        "[" SET("m: /a//b/c") "{extract_field: {field: m, separator: /, index: 1, target: n}}" BARE
                              "]",
        ",\"m\":\"/a//b/c\",\"n\":\"b\"" REST, 0);
    processing_is(
        "[" SET("m: /a") "{extract_field: {field: m, separator: /, index: 1, target: n}}" BARE "]",
        ",\"m\":\"/a\"" REST, 1);
}

static void items_are_extracted(void **state)
{
    (void)state;
    processing_is(
        "[" SET(
            "m: [a, 5, true, '']") "{extract_array: {field: m, mappings: {k.one: 1, k.zero: 0}}},"
                                   " {drop_fields: {fields: [x, m]}}]",
        ",\"k\":{\"one\":5,\"zero\":\"a\"}" REST, 0);
    processing_is("[" SET("m: [a]") "{extract_array: {field: m, mappings: {k: 0, l: 1}}}" BARE "]",
                  ",\"m\":[\"a\"]" REST, 1);
    processing_is("[" SET("m: [a]") "{extract_array: {field: m, mappings: {k: 0, l: 1}, "
                                    "fail_on_error: false}}" BARE "]",
                  ",\"k\":\"a\",\"m\":[\"a\"]" REST, 0);
    processing_is("[" SET("m: ['', a]") "{extract_array: {field: m, mappings: {k: 0, l: 1}, "
                                        "omit_empty: true}}" BARE "]",
                  ",\"l\":\"a\",\"m\":[\"\",\"a\"]" REST, 0);
    processing_is("[" SET("m: [a], k: b") "{extract_array: {field: m, mappings: {k: 0}}}" BARE "]",
                  ",\"k\":\"b\",\"m\":[\"a\"]" REST, 1);
    processing_is("[" SET("m: [a], k: b") "{extract_array: {field: m, mappings: {k: 0}, "
                                          "overwrite_keys: true}}" BARE "]",
                  ",\"k\":\"a\",\"m\":[\"a\"]" REST, 0);
}

static void values_are_appended(void **state)
{
    (void)state;
    processing_is("[" SET("m: a, l: [b, c]") "{append: {target_field: m, fields: [l, x.size], "
                                             "values: [d, '']}}, {drop_fields: {fields: [x, l]}}]",
                  ",\"m\":[\"a\",\"b\",\"c\",7,\"d\",\"\"]" REST, 0);
    processing_is(
        "[" SET(
            "m: [a, b]") "{append: {target_field: m, values: [b, '', c], ignore_empty_values: true,"
                         " allow_duplicate: false}}" BARE "]",
        ",\"m\":[\"a\",\"b\",\"c\"]" REST, 0);
    processing_is("[{append: {target_field: m, fields: [no]}}" BARE "]",
                  ",\"error\":{\"message\":\"failed to append fields in append processor\"}" REST,
                  1);
    processing_is(
        "[{append: {target_field: m, fields: [no], values: [q], ignore_missing: true}}" BARE "]",
        ",\"m\":[\"q\"]" REST, 0);
}

static void types_are_converted(void **state)
{
    (void)state;
    static const struct {
        const char *from, *type, *want; /* NULL: it cannot be */
    } cases[] = {
        { "'1'", "integer", "1" },
        { "'-0x1f'", "integer", "-31" },
        { "'2147483648'", "integer", NULL },
        { "2147483648", "integer", "-2147483648" },
        { "'9223372036854775807'", "long", "9223372036854775807" },
        { "'9223372036854775808'", "long", NULL },
        { "1.9", "long", "1" },
        { "'1.5'", "long", NULL },
        { "' 1'", "long", NULL },
        { "'0.1'", "float", "0.1" },
        { "1", "double", "1" },
        { "'1e3'", "double", "1000" },
        { "abc", "double", NULL },
        { "true", "string", "\"true\"" },
        { "1.5", "string", "\"1.5\"" },
        { "[a, b]", "string", "\"[a b]\"" },
        { "'T'", "boolean", "true" },
        { "'yes'", "boolean", NULL },
        { "1", "boolean", NULL },
        { "'::1'", "ip", "\"::1\"" },
        { "'1.2.3'", "ip", NULL },
        { "true", "long", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char yaml[512], want[512];
        snprintf(yaml, sizeof yaml,
                 "[" SET("m: %s") "{convert: {fields: [{from: m, to: n, type: %s}]}}, "
                                  "{drop_fields: {fields: [x, m]}}]",
                 cases[i].from, cases[i].type);
        snprintf(want, sizeof want, "%s%s" REST, cases[i].want ? ",\"n\":" : "",
                 cases[i].want ? cases[i].want : "");
        processing_is(yaml, want, !cases[i].want);
    }
}

static void conversions_are_all_or_none(void **state)
{
    (void)state;
    processing_is("[" SET("m: '1', o: q") "{convert: {fields: [{from: m, type: long}, {from: o, "
                                          "type: long}]}}" BARE "]",
                  ",\"m\":\"1\",\"o\":\"q\"" REST, 1);
    processing_is("[" SET("m: '1', o: q") "{convert: {fail_on_error: false, mode: rename,"
                                          " fields: [{from: m, to: p, type: long}, {from: o, type: "
                                          "long}, {from: z, type: ip}]}}" BARE "]",
                  ",\"o\":\"q\",\"p\":1" REST, 0);
}

static void fingerprints(void **state)
{
    (void)state;
    static const struct {
        const char *more, *want;
    } table[] = {
        /* of |a|x|b|7| */
        { "", "e2deea891b1ccf741061789339ca402d512ac7e256cc053c3244f69a5da3312c" },
        { ", method: md5", "c9203591dfc0ae864343c91bb835c90d" },
        { ", method: sha1", "bb31253c6a1305320ce5734b921f0d3b47ea5b4f" },
        { ", method: sha384", "a03cb15ff27d94f6b95dd2e10d591de0814ce74fa7632b96b63a25535f79078d871f"
                              "90141826edb0510faec03be6a770" },
        { ", method: sha512", "9a0085d46de56c2ad6637befff42e3656222938b6703051d54c0f0b5df7aa47dbef7"
                              "3bf22a65b835d92c32d5e8f89324fee75af193b89a0598499df246bd7118" },
        { ", encoding: base64, method: md5", "ySA1kd/AroZDQ8kbuDXJDQ==" },
        { ", encoding: base32, method: sha1", "XMYSKPDKCMCTEDHFONFZEHYNHND6UW2P" },
        { ", method: xxhash", "7c133a1a0e37a696" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char yaml[512], want[512];
        snprintf(yaml, sizeof yaml,
                 "[" SET("b: 7, a: x") "{fingerprint: {fields: [b, a]%s}}, "
                                       "{drop_fields: {fields: [x, a, b]}}]",
                 table[i].more);
        snprintf(want, sizeof want, ",\"fingerprint\":\"%s\"" REST, table[i].want);
        processing_is(yaml, want, 0);
    }
    processing_is("[{fingerprint: {fields: [no]}}" BARE "]", REST, 1);
    processing_is("[{fingerprint: {fields: [x]}}" BARE "]", REST, 1);
}

static void media_types_are_detected(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "{}", "application/json" },
        { "<?xml version=1?><a></a>", "text/xml; charset=utf-8" },
        { "<e><b c=1/></e>", "text/plain; charset=utf-8" },
        { "<e><b c='1'/></e>", "text/xml" },
        { "<html><body>", "text/html; charset=utf-8" },
        { "hello", "text/plain; charset=utf-8" },
        { "%PDF-1.7", "application/pdf" },
        { "PK\\x03\\x04", "application/zip" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char yaml[512], want[512];
        snprintf(yaml, sizeof yaml,
                 "[" SET("m: \"%s\"") "{detect_mime_type: {field: m, target: n}}, {drop_fields: "
                                      "{fields: [x, m]}}]",
                 cases[i].text);
        snprintf(want, sizeof want, ",\"n\":\"%s\"" REST, cases[i].want);
        processing_is(yaml, want, 0);
    }
    processing_is("[{detect_mime_type: {field: x.size, target: n}}" BARE "]", REST, 0);
    processing_is("[{detect_mime_type: {field: no, target: n}}" BARE "]", REST, 0);
    processing_is("[" SET("m: \"\\x01\\x02\"") "{detect_mime_type: {field: m, target: n}}, "
                                               "{drop_fields: {fields: [x, m]}}]",
                  REST, 0);
}

static void directions_are_added(void **state)
{
    (void)state;
    static const char *const cases[][3] = { { "10.0.0.1", "192.168.1.1", "internal" },
                                            { "10.0.0.1", "8.8.8.8", "outbound" },
                                            { "8.8.8.8", "10.0.0.1", "inbound" },
                                            { "8.8.8.8", "1.1.1.1", "external" } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char yaml[512], want[512];
        snprintf(yaml, sizeof yaml,
                 "[" SET("s: %s, d: %s") "{add_network_direction: {source: s, destination: d, "
                                         "target: t, internal_networks: [private]}},"
                                         " {drop_fields: {fields: [x, s, d]}}]",
                 cases[i][0], cases[i][1]);
        snprintf(want, sizeof want, ",\"t\":\"%s\"" REST, cases[i][2]);
        processing_is(yaml, want, 0);
    }
    processing_is("[{add_network_direction: {source: x.name, destination: d, target: t,"
                  " internal_networks: private}}" BARE "]",
                  REST, 0);
}

static void community_ids_are_added(void **state)
{
    (void)state;
    processing_is(
        "[" SET(
            "source: {ip: 128.232.110.120, port: 34855}, destination: {ip: 66.35.250.204,"
            " port: 80}, network.transport: tcp") "{community_id: ~}, {drop_fields: {fields: [x, "
                                                  "source, destination, network.transport]}}]",
        ",\"network\":{\"community_id\":\"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\"}" REST, 0);
    processing_is(
        "[" SET("source: {ip: 128.232.110.120, port: 34855}, destination: {ip: 66.35.250.204,"
                " port: 80}, network.iana_number: '6'") "{community_id: {seed: 123, target: c}}, "
                                                        "{drop_fields: {fields: [x, source, "
                                                        "destination, network]}}]",
        ",\"c\":\"1:hTSGlFQnR58UCk+NfKRZzA32dPg=\"" REST, 0);
    processing_is(
        "[" SET(
            "source.ip: 1.2.3.4, destination.ip: 4.3.2.1, network.transport: udp") "{community_id: "
                                                                                   "~}, "
                                                                                   "{drop_fields: "
                                                                                   "{fields: [x, "
                                                                                   "source, "
                                                                                   "destination, "
                                                                                   "network]}}]",
        REST, 0);
}

static void domains_are_split(void **state)
{
    (void)state;
    processing_is("[" SET("m: www.mail.example.co.uk") "{registered_domain: {field: m, "
                                                       "target_field: d, target_etld_field: e,"
                                                       " target_subdomain_field: s}}, "
                                                       "{drop_fields: {fields: [x, m]}}]",
                  ",\"d\":\"example.co.uk\",\"e\":\"co.uk\",\"s\":\"www.mail\"" REST, 0);
    processing_is("[" SET("m: co.uk") "{registered_domain: {field: m, target_field: d}}, "
                                      "{drop_fields: {fields: [x, m]}}]",
                  REST, 1);
    processing_is("[{registered_domain: {field: m, target_field: d, ignore_missing: true}}" BARE
                  "]",
                  REST, 0);
}

static void groups_are_moved(void **state)
{
    (void)state;
    processing_is("[{move_fields: {from: x, fields: [name, size], to: 'rpc.'}}]",
                  ",\"rpc\":{\"name\":\"n\",\"size\":7},\"type\":\"http\",\"x\":{\"headers\":{"
                  "\"host\":\"h\",\"via\":\"v\"}}}",
                  0);
    processing_is("[{move_fields: {from: x, exclude: [size], to: ''}}]",
                  ",\"headers\":{\"host\":\"h\",\"via\":\"v\"},\"name\":\"n\",\"type\":\"http\","
                  "\"x\":{\"size\":7}}",
                  0);
    processing_is("[{move_fields: {from: x, fields: [no], to: 'y.'}}" BARE "]", REST, 1);
    processing_is("[{move_fields: {from: x, fields: [no], to: 'y.', ignore_missing: true}}" BARE
                  "]",
                  REST, 0);
    processing_is("[{move_fields: {from: no, to: 'y.'}}" BARE "]", REST, 1);
}

static void rates_are_limited(void **state)
{
    (void)state;
    assert_int_equal(processing_dropped("[{rate_limit: {limit: 3/h}}]", 5), 2);
    assert_int_equal(processing_dropped("[{rate_limit: {limit: 3/h, fields: [x.name]}}]", 5), 2);
    assert_int_equal(
        processing_dropped(
            "[{rate_limit: {limit: 2/h, algorithm: {token_bucket: {burst_multiplier: 2}}}}]", 6),
        2);
    assert_int_equal(processing_dropped("[{rate_limit: {limit: 1000000/s}}]", 50), 0);
}

static void ids_and_indices_are_metadata(void **state)
{
    (void)state;
    const char *whole = processing_whole(
        "[{add_id: ~}, {add_formatted_index: {index: 'A-%{[type]}-%{+yyyy}'}}" BARE "]");
    const char *id = strstr(whole, ",\"_id\":\"");
    assert_non_null(id);
    assert_int_equal(strcspn(id + 8, "\""), 20);
    assert_non_null(strstr(whole, "\"raw_index\":\"a-http-1970\"}"));
    char first[32];
    memcpy(first, id + 8, 20);
    whole = processing_whole("[{add_id: {target_field: m}}]");
    id = strstr(whole, ",\"m\":\"");
    assert_non_null(id);
    assert_memory_not_equal(first, id + 6, 20);
    assert_non_null(
        strstr(processing_whole("[{add_fields: {target: '@metadata', fields: {pipeline: p}}}]"),
               "\"version\":\"v\",\"pipeline\":\"p\"}"));
}

static void the_machine_is_told(void **state)
{
    (void)state;
    assert_non_null(strstr(processing_after("[{add_observer_metadata: {geo: {name: lab}}}]"),
                           "\"observer\":{\"geo\":{\"name\":\"lab\"},\"hostname\":\""));
    processing_is("[" SET("observer.name: o") "{add_observer_metadata: ~}" BARE "]",
                  ",\"observer\":{\"name\":\"o\"}" REST, 0);
    assert_null(strstr(processing_after("[{add_observer_metadata: {netinfo: {enabled: false}}}]"),
                       "\"mac\""));
    const char *zone = strstr(processing_after("[{add_locale: ~}]"), "\"timezone\":\"");
    assert_non_null(zone);
    assert_true((zone[12] == '+' || zone[12] == '-') && zone[15] == ':' && zone[18] == '"');
    assert_non_null(
        strstr(processing_after("[{add_locale: {format: abbreviation}}]"), "\"timezone\":\""));
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "[{urldecode: {fields: [{to: a}]}}]", "from" },
        { "[{convert: {fields: [{from: a, type: int}]}}]", "integer, long" },
        { "[{extract_array: {field: a, mappings: {b: c}}}]", "number of an item" },
        { "[{extract_array: {field: a, mappings: {}}}]", "mappings names no field" },
        { "[{rate_limit: {limit: 5}}]", "100/s" },
        { "[{rate_limit: {limit: 5/s, algorithm: {leaky: 1}}}]", "token_bucket" },
        { "[{fingerprint: {fields: [a], method: crc}}]", "sha256" },
        { "[{add_network_direction: {source: a, destination: b, target: c, internal_networks: "
          "[x]}}]",
          "network" },
        { "[{timestamp: {field: a, layouts: [x]}}]", "Packetbeat does not have it" },
        { "[{geoip: {field: a}}]", "ingest pipelines" },
        { "[{detect_mime_type: {field: a}}]", "target" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (!strstr(processing_refusal(cases[i][0]), cases[i][1]))
            fail_msg("%s: %s", cases[i][0], processing_refusal(cases[i][0]));
}

static int setup(void **state)
{
    (void)state;
    processing_open();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    processing_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_undone),    cmocka_unit_test(base64_and_gzip_are_decoded),
        cmocka_unit_test(durations_are_numbers), cmocka_unit_test(parts_are_extracted),
        cmocka_unit_test(items_are_extracted),   cmocka_unit_test(values_are_appended),
        cmocka_unit_test(types_are_converted),   cmocka_unit_test(conversions_are_all_or_none),
        cmocka_unit_test(fingerprints),          cmocka_unit_test(media_types_are_detected),
        cmocka_unit_test(directions_are_added),  cmocka_unit_test(community_ids_are_added),
        cmocka_unit_test(domains_are_split),     cmocka_unit_test(groups_are_moved),
        cmocka_unit_test(rates_are_limited),     cmocka_unit_test(ids_and_indices_are_metadata),
        cmocka_unit_test(the_machine_is_told),   cmocka_unit_test(mistakes_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
