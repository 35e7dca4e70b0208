/* The table of outputs, made from outputs.def. */
#include "pipe/pipe.h"

#define OUTPUT(name) extern const struct output output_##name;
#include "out/outputs.def"
#undef OUTPUT

const struct output *const outputs[] = {
#define OUTPUT(name) &output_##name,
#include "out/outputs.def"
#undef OUTPUT
    NULL
};
