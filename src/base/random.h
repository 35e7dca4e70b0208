/* Random bytes from the kernel. */
#pragma once

#include <stddef.h>

/* Fills p[0..n), n up to 256. Without them the program ends (xneed). Any thread. */
void random_bytes(void *p, size_t n);
