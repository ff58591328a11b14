/*
 * Replies of the control protocol, and what is made of them for the application.
 *
 * Input: SIZE 2 of the application's buffer | the packet
 */
#include "endpoint.h"
#include "fuzz.h"
#include "hostent.h"

#include <arpa/inet.h>
#include <errno.h>

/* hostent.c needs it for failures, which aren't asked for here */
int lookup_h_errno(enum lookup_result result)
{
	return (int)result;
}

static size_t buffer_size;
static char *buffer;

static bool in_buffer(const void *at, size_t size)
{
	uintptr_t start = (uintptr_t)buffer, where = (uintptr_t)at;

	return where >= start && where - start <= buffer_size && size <= buffer_size - (where - start);
}

static void check_hostent(const struct hostent *host, size_t most)
{
	size_t count = 0;

	MUST(in_buffer(host->h_name, 1) && in_buffer(host->h_name, strlen(host->h_name) + 1));
	for (char **alias = host->h_aliases; *alias; alias++, count++)
		MUST(in_buffer(*alias, strlen(*alias) + 1));
	for (char **address = host->h_addr_list; *address; address++, count++)
		MUST(in_buffer(*address, (size_t)host->h_length));
	MUST(count <= most);
}

static void use_addresses(const struct tl_lookup_reply *reply, const uint8_t *end)
{
	struct tl_endpoint address;
	struct hostent host;
	union socket_address kernel;
	char text[ENDPOINT_TEXT_SIZE];
	int result;

	MUST(reply->addresses + (size_t)reply->count * 20 <= end);
	MUST((const uint8_t *)reply->canonical + reply->canonical_length <= end);
	for (unsigned int i = 0; i < reply->count; i++) {
		struct in6_addr parsed;

		tl_lookup_address(reply, i, &address);
		endpoint_text(&address, text);
		MUST(inet_pton(address.family == TL_FAMILY_4 ? AF_INET : AF_INET6, text, &parsed) == 1);
		MUST(memcmp(&parsed, address.address, address.family == TL_FAMILY_4 ? 4 : 16) == 0);
		endpoint_to_address(&address, AF_INET, &kernel);
		endpoint_to_address(&address, AF_INET6, &kernel);
	}
	for (int family = AF_INET; family <= AF_INET6; family += AF_INET6 - AF_INET) {
		result = hostent_of_addresses(reply, "asked.example", family, &host, buffer, buffer_size);
		MUST(result == 0 || result == ERANGE || result == ENODATA);
		if (result == 0)
			check_hostent(&host, reply->count);
	}
}

static void use_names(const struct tl_reverse_reply *reply)
{
	static const uint8_t asked[4] = {10, 96, 0, 1};
	char name[TL_NAME_SIZE];
	struct hostent host;
	int result;

	for (unsigned int i = 0; i < reply->count && i < 8; i++)
		if (tl_reverse_name(reply, i, name) == 0)
			MUST(memchr(name, '\0', sizeof(name)));
	result = hostent_of_names(reply, asked, sizeof(asked), AF_INET, &host, buffer, buffer_size);
	MUST(result == 0 || result == ERANGE || result == ENODATA);
	if (result == 0)
		check_hostent(&host, reply->count + 1u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tl_lookup_reply addresses;
	struct tl_reverse_reply names;
	struct tl_query_reply answer;
	struct tl_flow_reply flow;
	struct tl_dial_reply dial;
	union socket_address kernel;
	uint8_t *packet;

	if (size < 2)
		return 0;
	buffer_size = (size_t)data[0] << 8 | data[1];
	buffer = malloc(buffer_size ? buffer_size : 1);
	MUST(buffer);
	size -= 2;
	packet = exact_copy(data + 2, size);
	if (tl_decode_lookup_reply(packet, size, &addresses) == 0)
		use_addresses(&addresses, packet + size);
	if (tl_decode_reverse_reply(packet, size, &names) == 0)
		use_names(&names);
	if (tl_decode_query_reply(packet, size, &answer) == 0)
		MUST(answer.answer + answer.answer_length == packet + size);
	if (tl_decode_flow_reply(packet, size, &flow) == 0) {
		MUST(size >= 48 && flow.error < 4096);
		endpoint_to_address(&flow.peer, AF_INET, &kernel);
		endpoint_to_address(&flow.own, AF_INET6, &kernel);
	}
	if (tl_decode_dial_reply(packet, size, &dial) == 0)
		MUST(size >= 12 && dial.error < 4096);
	free(packet);
	free(buffer);
	return 0;
}
