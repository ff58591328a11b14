/* Reading the golden vectors: blocks of key=value lines, see the head of each file. */
#ifndef TELELAUNCH_TESTS_VECTORS_H
#define TELELAUNCH_TESTS_VECTORS_H

#include "protocol.h"

#include <stdbool.h>

#define BLOCK_FIELDS 24

struct block {
	const char *keys[BLOCK_FIELDS];
	const char *values[BLOCK_FIELDS];
	int count;
	uint8_t bytes[2048]; /* all hex= lines joined */
	size_t length;
};

/* Calls visit for each block; fails the test where the file can't be read or holds none */
void vectors_read(const char *file, void (*visit)(const struct block *block));
const char *block_text(const struct block *block, const char *key);
long long block_number(const struct block *block, const char *key);
bool block_is(const struct block *block, const char *key, const char *value);
struct tl_endpoint parse_address(const char *text);
struct tl_endpoint parse_endpoint(const char *text);

#endif
