/* The list of inputs, from inputs.def. */
#include "in/input.h"

#define INPUT(name) extern const struct input input_##name;
#include "in/inputs.def"
#undef INPUT

const struct input *const inputs[] = {
#define INPUT(name) &input_##name,
#include "in/inputs.def"
#undef INPUT
    NULL
};
