/*
 * The verdict table, whatever a broken or hostile writer left in it: every decision ends, and reads nothing
 * outside of the table.
 *
 * Input: REGIONS 1 | REGIONS × (OFFSET 3 | LENGTH 2 | bytes), all little-endian | ENDPOINT 20 | name
 */
#include "classify.h"
#include "endpoint.h"
#include "fuzz.h"

static struct tl_table *table;
static const uint8_t *rest;
static size_t left;

static uint32_t number(size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = 0; i < bytes && left; i++, left--)
		value |= (uint32_t)*rest++ << 8 * i;
	return value;
}

/* The table has its exact size, so that AddressSanitizer sees what lies behind it */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	table = calloc(1, sizeof(*table));
	MUST(table);
	return 0;
}

static void write_region(size_t offset, size_t length, const uint8_t *bytes)
{
	if (offset >= sizeof(*table))
		return;
	if (length > sizeof(*table) - offset)
		length = sizeof(*table) - offset;
	if (bytes)
		memcpy((uint8_t *)table + offset, bytes, length);
	else
		memset((uint8_t *)table + offset, 0, length);
}

static void write_regions(bool clear)
{
	uint32_t regions = number(1);

	while (regions--) {
		size_t offset = number(3), length = number(2);

		if (length > left)
			length = left;
		write_region(offset, length, clear ? NULL : rest);
		rest += length;
		left -= length;
	}
	/* Waiting for a writer that died has a test of its own, and takes half a second */
	table->sequence &= ~1u;
}

static void check_verdict(enum verdict verdict)
{
	MUST(verdict == VERDICT_HOST || verdict == VERDICT_CLUSTER || verdict == VERDICT_UNREACHABLE);
	if (verdict == VERDICT_CLUSTER)
		MUST(table->flags & TL_TABLE_ACTIVE);
}

static void decide(void)
{
	struct tl_endpoint endpoint = {0}, server;
	union socket_address relay;
	uint8_t loopback[4];
	char *name;

	endpoint.family = number(1) & 1 ? TL_FAMILY_4 : TL_FAMILY_6;
	number(1);
	endpoint.port = (uint16_t)number(2);
	for (int i = 0; i < 16; i++)
		endpoint.address[i] = (uint8_t)number(1);
	check_verdict(classify_address(table, &endpoint));
	if (endpoint_is_loopback(&endpoint))
		MUST(classify_address(table, &endpoint) == VERDICT_HOST || endpoint.address[0] == 127);
	if (classify_name_server(table, &endpoint, loopback))
		MUST(classify_name_server_loopback(table, loopback, &server));
	endpoint_is_relay(table, &endpoint);
	endpoint_relay(table, &endpoint, 0, AF_INET, &relay);
	endpoint_relay(table, &endpoint, 0, AF_INET6, &relay);
	name = malloc(left + 1);
	MUST(name);
	if (left)
		memcpy(name, rest, left);
	name[left] = '\0';
	check_verdict(classify_name(table, name));
	if (name_is_numeric(name))
		MUST(classify_name(table, name) == VERDICT_HOST);
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rest = data;
	left = size;
	write_regions(false);
	decide();
	rest = data;
	left = size;
	write_regions(true);
	return 0;
}
