/* Devices to capture on, as the configuration names them. */
#pragma once

#include "base/err.h"

#define DEVICE_NAME_MAX 64

/* The device's own name: of an index into the list of devices, of the default route, of "" (any).
 * ERR_MISSING when there is none such, ERR_CONFIG for a default_route that is not known. */
MUST_CHECK err device_resolve(const char *device, char name[DEVICE_NAME_MAX], struct why *w);

/* True for default_route, default_route_ipv4 and default_route_ipv6. */
bool device_is_route(const char *device);
