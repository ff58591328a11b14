/*
 * DNS questions of the application. Input: what the application gives to res_send(3); behind its header also
 * taken as the name it gives to res_query(3).
 */
#include "dns_message.h"
#include "fuzz.h"

#include <strings.h>

/* A question that is read must be the one that is written for its name */
static void check_message(const uint8_t *message, size_t length)
{
	uint8_t query[DNS_QUERY_SIZE];
	char name[TL_NAME_SIZE], again[TL_NAME_SIZE];
	size_t written;

	if (!dns_question_name(message, length, name))
		return;
	MUST(memchr(name, '\0', sizeof(name)) && *name);
	written = dns_make_query(query, sizeof(query), 1, name, 1, 1);
	/* a dot inside a label is another label once it is text */
	if (!written ||
	    memcmp(query + DNS_HEADER_SIZE, message + DNS_HEADER_SIZE, written - DNS_HEADER_SIZE - 4) != 0) {
		MUST(memchr(message + DNS_HEADER_SIZE, '.', length - DNS_HEADER_SIZE));
		return;
	}
	MUST(dns_question_name(query, written, again) && strcmp(name, again) == 0);
}

/* A name that can be written must be read back, without its trailing dot */
static void check_name(const char *name)
{
	struct tl_endpoint address;
	char again[TL_NAME_SIZE];
	size_t length = strlen(name);
	uint8_t *query = malloc(DNS_QUERY_SIZE);
	size_t written = dns_make_query(query, DNS_QUERY_SIZE, 1, name, 1, 1);

	MUST(written <= DNS_QUERY_SIZE);
	/* 255 octets are the longest name, RFC 1035 §2.3.4 */
	MUST(written <= DNS_HEADER_SIZE + 255 + 4);
	if (written && length) {
		MUST(dns_question_name(query, written, again));
		MUST(strncmp(name, again, strlen(again)) == 0 && length - strlen(again) <= 1);
	}
	if (dns_reverse_address(name, &address))
		MUST(address.family == TL_FAMILY_4 || address.family == TL_FAMILY_6);
	free(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *message = exact_copy(data, size);
	char *name;

	check_message(message, size);
	if (size > DNS_HEADER_SIZE) {
		size_t length = size - DNS_HEADER_SIZE;

		name = malloc(length + 1);
		MUST(name);
		memcpy(name, data + DNS_HEADER_SIZE, length);
		name[length] = '\0';
		check_name(name);
		free(name);
	}
	free(message);
	return 0;
}
