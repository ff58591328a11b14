/*
 * What the tests' cluster knows of names:
 *
 *   hello, hello.default.svc.cluster.local   10.96.0.10, called hello.default.svc.cluster.local
 *   headless				      10.244.0.3, 10.244.0.1, 10.244.0.2 in this order, no canonical
 * name dual, dual.svc			      fd00:96::a, 10.96.0.11
 *   busy				      try again
 *   empty				      exists without data
 */
#include "broker.h"
#include "dns_message.h"

#include <arpa/inet.h>
#include <string.h>

static const struct known_name {
	const char *name, *canonical;
	const char *addresses[4];
} known_names[] = {
	{"hello", "hello.default.svc.cluster.local", {"10.96.0.10"}},
	{"hello.default.svc.cluster.local", "hello.default.svc.cluster.local", {"10.96.0.10"}},
	{"headless", "", {"10.244.0.3", "10.244.0.1", "10.244.0.2"}},
	{"dual", "dual.default.svc.cluster.local", {"fd00:96::a", "10.96.0.11"}},
	{"dual.svc", "dual.default.svc.cluster.local", {"fd00:96::a", "10.96.0.11"}},
	{"empty", "", {NULL}},
};

static const struct known_name *find_name(const char *name)
{
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]); i++)
		if (strcasecmp(known_names[i].name, name) == 0)
			return &known_names[i];
	return NULL;
}

static size_t put_addresses(const struct known_name *known, uint16_t families, uint8_t *at, uint16_t *count)
{
	uint8_t *start = at;

	for (const char *const *address = known->addresses; *address; address++) {
		struct tl_endpoint endpoint = {0};

		endpoint.family = strchr(*address, ':') ? TL_FAMILY_6 : TL_FAMILY_4;
		if (!(families & (endpoint.family == TL_FAMILY_4 ? TL_LOOKUP_A : TL_LOOKUP_AAAA)))
			continue;
		inet_pton(endpoint.family == TL_FAMILY_4 ? AF_INET : AF_INET6, *address, endpoint.address);
		memcpy(at, &endpoint, sizeof(endpoint));
		at += sizeof(endpoint);
		(*count)++;
	}
	return (size_t)(at - start);
}

static size_t answer_lookup(const char *name, uint16_t families, uint8_t *reply)
{
	const struct known_name *known = find_name(name);
	uint16_t count = 0, canonical_length;
	uint32_t ttl = 5;
	size_t used;

	if (!known) {
		reply[1] = strcmp(name, "busy") == 0 ? TL_STATUS_TRY_AGAIN : TL_STATUS_NO_NAME;
		return 4;
	}
	used = 12 + put_addresses(known, families, reply + 12, &count);
	if (count == 0) {
		reply[1] = TL_STATUS_NO_DATA;
		return 4;
	}
	canonical_length = (uint16_t)strlen(known->canonical);
	memcpy(reply + 4, &ttl, 4);
	memcpy(reply + 8, &count, 2);
	memcpy(reply + 10, &canonical_length, 2);
	memcpy(reply + used, known->canonical, canonical_length);
	return used + canonical_length;
}

static size_t answer_reverse(const struct tl_endpoint *address, uint8_t *reply)
{
	static const char *const names[] = {"hello.default.svc.cluster.local", "hello.default.svc"};
	static const uint8_t hello[4] = {10, 96, 0, 10}, busy[4] = {10, 96, 0, 99};
	uint8_t *at = reply + 12;
	uint16_t count = 2;

	if (address->family != TL_FAMILY_4 || memcmp(address->address, hello, 4) != 0) {
		reply[1] = memcmp(address->address, busy, 4) == 0 ? TL_STATUS_TRY_AGAIN : TL_STATUS_NO_NAME;
		return 4;
	}
	memcpy(reply + 8, &count, 2);
	for (int i = 0; i < count; i++) {
		uint16_t length = (uint16_t)strlen(names[i]);

		memcpy(at, &length, 2);
		memcpy(at + 2, names[i], length);
		at += 2 + length;
	}
	return (size_t)(at - reply);
}

/* An A record for hello's full name; with SEARCH for the short one, too */
static size_t answer_query(const uint8_t *query, size_t length, uint16_t flags, uint8_t *reply)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 96, 0, 10};
	char name[TL_NAME_SIZE];
	bool found;

	if (!dns_question_name(query, length, name) || strcmp(name, "busy") == 0) {
		reply[1] = TL_STATUS_TRY_AGAIN;
		return 4;
	}
	found = strcmp(name, "hello.default.svc.cluster.local") == 0 ||
		((flags & TL_QUERY_SEARCH) && strcmp(name, "hello") == 0);
	memcpy(reply + 4, query, length);
	reply[4 + 2] |= 0x80;
	if (strcmp(name, "empty") == 0)
		return 4 + length;
	if (!found) {
		reply[4 + 3] = DNS_RCODE_NAME_ERROR;
		return 4 + length;
	}
	reply[4 + 7] = 1;
	memcpy(reply + 4 + length, record, sizeof(record));
	return 4 + length + sizeof(record);
}

size_t answer_name(const uint8_t *packet, size_t length, uint8_t *reply)
{
	struct tl_endpoint address;
	char name[TL_NAME_SIZE] = "";
	uint16_t flags;

	memset(reply, 0, 12);
	reply[0] = TL_VERSION;
	memcpy(&flags, packet + 2, 2);
	switch (packet[1]) {
	case TL_KIND_LOOKUP:
		if (length - 4 < sizeof(name))
			memcpy(name, packet + 4, length - 4);
		return answer_lookup(name, flags, reply);
	case TL_KIND_REVERSE:
		memcpy(&address, packet + 4, sizeof(address));
		return answer_reverse(&address, reply);
	case TL_KIND_QUERY:
		return answer_query(packet + 4, length - 4, flags, reply);
	default:
		reply[1] = TL_STATUS_TRY_AGAIN;
		return 4;
	}
}
