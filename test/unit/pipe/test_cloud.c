/* add_cloud_metadata against fake metadata services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/log.h"
#include "lib/fakehttp.h"
#include "lib/processing.h"

#define REST ",\"type\":\"http\"}"

static void quiet(void *ctx, enum log_level level, const char *area, const char *line)
{
    (void)ctx, (void)level, (void)area, (void)line;
}

/* The event's fields with all providers asked at a server with these routes. */
static void is(const struct fake_route *routes, const char *more, const char *want)
{
    char yaml[512];
    struct fakehttp f = fakehttp_start(routes, NULL);
    snprintf(yaml, sizeof yaml,
             "[{add_cloud_metadata: {host: '127.0.0.1:%u'%s}}, {drop_fields: {fields: [x]}}]",
             f.port, more);
    processing_is(yaml, want, 0);
    fakehttp_stop(&f);
}

/* long: a server for each provider */
static void providers_are_told_apart(void **state)
{
    (void)state;
    static const struct fake_route aws[] = {
        { "PUT /latest/api/token ", "X-aws-ec2-metadata-token-ttl-seconds: ", FAKE_OK("tok") },
        { "GET /latest/dynamic/instance-identity/document ", "X-aws-ec2-metadata-token: tok\r\n",
          FAKE_OK("{\"instanceId\":\"i-1\",\"instanceType\":\"t2\",\"region\":\"us-east-1\","
                  "\"availabilityZone\":"
                  "\"us-east-1c\",\"accountId\":\"12\",\"imageId\":\"ami-1\"}") },
        { NULL, NULL, NULL }
    };
    is(aws, "",
       ",\"cloud\":{\"account\":{\"id\":\"12\"},\"availability_zone\":\"us-east-1c\",\"image\":{"
       "\"id\":\"ami-1\"},"
       "\"instance\":{\"id\":\"i-1\"},\"machine\":{\"type\":\"t2\"},\"provider\":\"aws\","
       "\"region\":\"us-east-1\","
       "\"service\":{\"name\":\"EC2\"}}" REST);
    static const struct fake_route azure[] = {
        { "GET /metadata/instance/compute?api-version=2021-02-01 ", "Metadata: true",
          FAKE_OK("{\"vmId\":\"v\",\"name\":\"n\",\"vmSize\":\"D3\",\"location\":\"eastus2\","
                  "\"subscriptionId\":\"s\"}") },
        { NULL, NULL, NULL }
    };
    is(azure, "",
       ",\"cloud\":{\"account\":{\"id\":\"s\"},\"instance\":{\"id\":\"v\",\"name\":\"n\"},"
       "\"machine\":{\"type\":\"D3\"},"
       "\"provider\":\"azure\",\"region\":\"eastus2\",\"service\":{\"name\":\"Virtual "
       "Machines\"}}" REST);
    static const struct fake_route gcp[] = {
        { "GET /computeMetadata/v1/?recursive=true&alt=json ", "Metadata-Flavor: Google",
          FAKE_OK("{\"instance\":{\"id\":3910564293633576924,\"name\":\"g\",\"machineType\":"
                  "\"projects/1/machineTypes/f1\","
                  "\"zone\":\"projects/1/zones/us-b\"},\"project\":{\"projectId\":\"p\"}}") },
        { NULL, NULL, NULL }
    };
    is(gcp, "",
       ",\"cloud\":{\"account\":{\"id\":\"p\"},\"availability_zone\":\"us-b\",\"instance\":{\"id\":"
       "\"3910564293633576924\","
       "\"name\":\"g\"},\"machine\":{\"type\":\"f1\"},\"project\":{\"id\":\"p\"},\"provider\":"
       "\"gcp\",\"service\":{\"name\":\"GCE\"}}" REST);
    static const struct fake_route digitalocean[] = {
        { "GET /metadata/v1.json ", NULL, FAKE_OK("{\"droplet_id\":1234,\"region\":\"nyc3\"}") },
        { NULL, NULL, NULL }
    };
    is(digitalocean, "",
       ",\"cloud\":{\"instance\":{\"id\":\"1234\"},\"provider\":\"digitalocean\",\"region\":"
       "\"nyc3\",\"service\":{\"name\":\"Droplets\"}}" REST);
    static const struct fake_route hetzner[] = {
        { "GET /hetzner/v1/metadata/instance-id ", NULL, FAKE_OK("111") },
        { "GET /hetzner/v1/metadata/hostname ", NULL, FAKE_OK("my-box") },
        { "GET /hetzner/v1/metadata/availability-zone ", NULL, FAKE_OK("hel1-dc2") },
        { "GET /hetzner/v1/metadata/region ", NULL, FAKE_OK("eu-central") },
        { NULL, NULL, NULL }
    };
    is(hetzner, "",
       ",\"cloud\":{\"availability_zone\":\"hel1-dc2\",\"instance\":{\"id\":\"111\",\"name\":\"my-"
       "box\"},\"provider\":\"hetzner\","
       "\"region\":\"eu-central\",\"service\":{\"name\":\"Cloud\"}}" REST);
    static const struct fake_route alibaba[] = {
        { "GET /latest/meta-data/instance-id ", NULL, FAKE_OK("i-wz") },
        { "GET /latest/meta-data/region-id ", NULL, FAKE_OK("cn-shenzhen") },
        { "GET /latest/meta-data/zone-id ", NULL, FAKE_OK("cn-shenzhen-a") },
        { NULL, NULL, NULL }
    };
    is(alibaba, "", REST); /* off unless it is named */
    is(alibaba, ", providers: [ecs, openstack-ssl]",
       ",\"cloud\":{\"availability_zone\":\"cn-shenzhen-a\",\"instance\":{\"id\":\"i-wz\"},"
       "\"provider\":\"ecs\","
       "\"region\":\"cn-shenzhen\",\"service\":{\"name\":\"ECS\"}}" REST);
}

static void nobody_answers(void **state)
{
    (void)state;
    static const struct fake_route silent[] = { { "GET /metadata/v1.json ", NULL, NULL },
                                                { NULL, NULL, NULL } };
    is(silent, ", providers: [aws]", REST);
    is(silent, ", providers: [digitalocean], timeout: 20ms", REST);
    is(silent, ", providers: [digitalocean]", REST); /* the end does not wait for it */
    static const struct fake_route bad[] = { { "GET /metadata/v1.json ", NULL, FAKE_OK("{\"a\":") },
                                             { NULL, NULL, NULL } };
    is(bad, "", REST);
}

static void what_is_there_stays(void **state)
{
    (void)state;
    static const struct fake_route routes[] = {
        { "GET /metadata/v1.json ", NULL, FAKE_OK("{\"droplet_id\":1}") }, { NULL, NULL, NULL }
    };
    char yaml[512];
    struct fakehttp f = fakehttp_start(routes, NULL);
    snprintf(yaml, sizeof yaml,
             "[{add_fields: {target: cloud, fields: {region: r}}}, {add_cloud_metadata: "
             "{host: '127.0.0.1:%u'}}, {drop_fields: {fields: [x]}}]",
             f.port);
    processing_is(yaml, ",\"cloud\":{\"region\":\"r\"}" REST, 0);
    snprintf(yaml, sizeof yaml,
             "[{add_fields: {target: cloud, fields: {region: r}}}, {add_cloud_metadata: "
             "{host: '127.0.0.1:%u', overwrite: true}}, {drop_fields: {fields: [x]}}]",
             f.port);
    processing_is(yaml,
                  ",\"cloud\":{\"instance\":{\"id\":\"1\"},\"provider\":\"digitalocean\","
                  "\"region\":\"r\",\"service\":{\"name\":\"Droplets\"}}" REST,
                  0);
    fakehttp_stop(&f);
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    assert_non_null(
        strstr(processing_refusal("[{add_cloud_metadata: {providers: [awz]}}]"), "aws, azure"));
    assert_non_null(
        strstr(processing_refusal("[{add_cloud_metadata: {host: nowhere}}]"), "HOST:PORT"));
}

static int setup(void **state)
{
    (void)state;
    log_set_sink(quiet, NULL);
    processing_open();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    processing_close();
    log_set_sink(NULL, NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(providers_are_told_apart),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(what_is_there_stays),
        cmocka_unit_test(mistakes_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
