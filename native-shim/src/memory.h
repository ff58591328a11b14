#ifndef TELELAUNCH_MEMORY_H
#define TELELAUNCH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

bool memory_readable(const void *start, size_t size);

#endif
