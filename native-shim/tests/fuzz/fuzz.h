/*
 * Fuzzers of what the shim reads from others, for clang's libFuzzer with AddressSanitizer and
 * UndefinedBehaviorSanitizer. A broken promise ends the process, as a sanitizer's report does: libFuzzer then
 * writes the input down.
 */
#ifndef TELELAUNCH_TESTS_FUZZ_H
#define TELELAUNCH_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                         \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

/* A copy with nothing behind it: one byte read too far is seen. Freed by the caller. */
static inline void *exact_copy(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	MUST(copy);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
