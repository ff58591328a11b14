#include "vectors.h"

#include "harness.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VECTORS
#define VECTORS "tests/vectors/"
#endif

static void add_hex(struct block *block, const char *hex)
{
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1 && block->length < sizeof(block->bytes); hex += 2)
		block->bytes[block->length++] = (uint8_t)byte;
}

static void add_line(struct block *block, char *line)
{
	char *equals = strchr(line, '=');

	if (line[0] == '#' || !equals)
		return;
	*equals = '\0';
	if (strcmp(line, "hex") == 0) {
		add_hex(block, equals + 1);
	} else if (block->count < BLOCK_FIELDS) {
		block->keys[block->count] = line;
		block->values[block->count++] = equals + 1;
	}
}

void vectors_read(const char *file, void (*visit)(const struct block *block))
{
	static char text[65536];
	static struct block block;
	char path[256], *line, *rest = text;
	int blocks = 0;
	size_t length;
	FILE *stream;

	snprintf(path, sizeof(path), "%s%s", VECTORS, file);
	stream = fopen(path, "r");
	CHECK(stream);
	if (!stream)
		return;
	length = fread(text, 1, sizeof(text) - 2, stream);
	fclose(stream);
	memcpy(text + length, "\n", 2);
	memset(&block, 0, sizeof(block));
	while ((line = strsep(&rest, "\n"))) {
		if (*line) {
			add_line(&block, line);
		} else if (block.count) {
			visit(&block);
			memset(&block, 0, sizeof(block));
			blocks++;
		}
	}
	CHECK(blocks > 0);
}

const char *block_text(const struct block *block, const char *key)
{
	for (int i = 0; i < block->count; i++)
		if (strcmp(block->keys[i], key) == 0)
			return block->values[i];
	return NULL;
}

long long block_number(const struct block *block, const char *key)
{
	const char *text = block_text(block, key);

	return text ? strtoll(text, NULL, 10) : 0;
}

bool block_is(const struct block *block, const char *key, const char *value)
{
	const char *text = block_text(block, key);

	return text && strcmp(text, value) == 0;
}

struct tl_endpoint parse_address(const char *text)
{
	struct tl_endpoint endpoint = {.family = strchr(text, ':') ? TL_FAMILY_6 : TL_FAMILY_4};

	CHECK_EQUAL(inet_pton(endpoint.family == TL_FAMILY_4 ? AF_INET : AF_INET6, text, endpoint.address),
		    1);
	return endpoint;
}

struct tl_endpoint parse_endpoint(const char *text)
{
	char copy[80], *address = copy, *port;
	struct tl_endpoint endpoint;

	snprintf(copy, sizeof(copy), "%s", text);
	port = strrchr(copy, ':');
	*port++ = '\0';
	if (*address == '[') {
		address++;
		port[-2] = '\0';
	}
	endpoint = parse_address(address);
	endpoint.port = htons((uint16_t)strtoul(port, NULL, 10));
	return endpoint;
}
