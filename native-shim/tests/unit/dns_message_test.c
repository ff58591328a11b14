#include "dns_message.h"
#include "harness.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

static void check_query(const struct block *block)
{
	const char *question = block_text(block, "question");
	uint8_t message[DNS_QUERY_SIZE];
	char name[TL_NAME_SIZE];
	size_t length;

	if (!question)
		return;
	length = dns_make_query(message, sizeof(message), (uint16_t)block_number(block, "id"), question,
				(uint16_t)block_number(block, "type"), 1);
	CHECK_EQUAL(length, block->length - 4);
	CHECK(length == block->length - 4 && memcmp(message, block->bytes + 4, length) == 0);
	CHECK(dns_question_name(message, length, name));
	CHECK_TEXT(name, question);
	for (size_t cut = 0; cut + 5 < length; cut++)
		CHECK(!dns_question_name(message, cut, name));
}

TEST(queries_are_those_of_the_golden_vectors)
{
	vectors_read("query.txt", check_query);
}

TEST(bad_names_make_no_query)
{
	uint8_t message[DNS_QUERY_SIZE];
	char name[TL_NAME_SIZE + 10];

	CHECK_EQUAL(dns_make_query(message, sizeof(message), 1, "a..b", 1, 1), 0);
	memset(name, 'a', 64);
	name[64] = '\0';
	CHECK_EQUAL(dns_make_query(message, sizeof(message), 1, name, 1, 1), 0);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK_EQUAL(dns_make_query(message, sizeof(message), 1, name, 1, 1), 0);
}

/* RFC 1035 §2.3.4: 255 octets, the root's included, are 253 characters */
TEST(longest_name_makes_a_query_and_one_more_character_makes_none)
{
	uint8_t message[DNS_QUERY_SIZE];
	char name[TL_NAME_SIZE], again[TL_NAME_SIZE];
	size_t length;

	memset(name, 'a', sizeof(name));
	name[63] = name[127] = name[191] = '.';
	name[253] = '\0';
	length = dns_make_query(message, sizeof(message), 1, name, 1, 1);
	CHECK_EQUAL(length, DNS_HEADER_SIZE + 255 + 4);
	CHECK(dns_question_name(message, length, again));
	CHECK_TEXT(again, name);
	name[253] = 'a';
	name[254] = '\0';
	CHECK_EQUAL(dns_make_query(message, sizeof(message), 1, name, 1, 1), 0);
	memmove(message + DNS_HEADER_SIZE + 193, message + DNS_HEADER_SIZE + 192, 66);
	message[DNS_HEADER_SIZE + 192] = 62;
	CHECK(!dns_question_name(message, length + 1, again));
}

TEST(reverse_names_are_addresses)
{
	struct tl_endpoint address, wanted = parse_address("10.96.0.9");
	char name[TL_NAME_SIZE] = "";

	CHECK(dns_reverse_address("9.0.96.10.IN-ADDR.arpa.", &address));
	CHECK(memcmp(&address, &wanted, sizeof(wanted)) == 0);
	wanted = parse_address("fd00:96::a");
	for (int i = 31; i >= 0; i--)
		sprintf(name + strlen(name), "%x.", wanted.address[i / 2] >> (i % 2 ? 0 : 4) & 15);
	strcat(name, "ip6.arpa");
	CHECK(dns_reverse_address(name, &address));
	CHECK(memcmp(&address, &wanted, sizeof(wanted)) == 0);
	CHECK(!dns_reverse_address("0.96.10.in-addr.arpa", &address));
	CHECK(!dns_reverse_address("256.0.96.10.in-addr.arpa", &address));
	CHECK(!dns_reverse_address("hello", &address));
	CHECK(!dns_reverse_address("", &address));
}
