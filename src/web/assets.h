/* The files of the dashboard, as the build put them into the program (tools/embed-ui). */
#pragma once

#include "base/attr.h"

struct asset {
    const char *path; /* "/index.html" */
    const char *type;
    const char *etag; /* with its quotes */
    bool lasting;     /* its name changes with its content */
    bool packed;      /* gzip */
    const uint8_t *start, *end;
};
extern const struct asset assets[];
extern const unsigned assets_n; /* 0: the program was built without ui/dist */
