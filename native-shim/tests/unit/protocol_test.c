/* Every message against its golden vector: requests are encoded and compared, replies decoded and compared.
 */
#include "harness.h"
#include "vectors.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_endpoint(const struct tl_endpoint *endpoint, const char *text)
{
	struct tl_endpoint wanted = parse_endpoint(text);

	return memcmp(endpoint, &wanted, sizeof(wanted)) == 0;
}

static void check_request(const struct block *block, const uint8_t *packet, size_t length)
{
	CHECK_EQUAL(length, block->length);
	if (length != block->length || memcmp(packet, block->bytes, length) != 0) {
		CHECK_TEXT("another packet", block_text(block, "name"));
	}
}

static void dial(const struct block *block)
{
	struct tl_endpoint endpoint;
	struct tl_dial_reply reply;
	uint8_t packet[64];
	int result;

	if (block_is(block, "packet", "request")) {
		endpoint = parse_endpoint(block_text(block, "endpoint"));
		check_request(block, packet,
			      tl_encode_dial(packet, sizeof(packet), (uint16_t)block_number(block, "flags"),
					     &endpoint));
		return;
	}
	result = tl_decode_dial_reply(block->bytes, block->length, &reply);
	CHECK_EQUAL(result, block_is(block, "valid", "no") ? -1 : 0);
	if (result < 0)
		return;
	CHECK_EQUAL(reply.error, block_number(block, "errno"));
	CHECK_EQUAL(ntohs(reply.port), block_number(block, "port"));
}

static void flow(const struct block *block)
{
	struct tl_flow_reply reply;
	uint8_t packet[64];
	int result;

	if (block_is(block, "packet", "request")) {
		check_request(
			block, packet,
			tl_encode_flow(packet, sizeof(packet), (uint64_t)block_number(block, "cookie")));
		return;
	}
	result = tl_decode_flow_reply(block->bytes, block->length, &reply);
	CHECK_EQUAL(result, block_is(block, "valid", "no") ? -1 : 0);
	if (result < 0)
		return;
	CHECK_EQUAL(reply.error, block_number(block, "errno"));
	CHECK(same_endpoint(&reply.peer, block_text(block, "peer")));
	CHECK(same_endpoint(&reply.own, block_text(block, "own")));
}

static void check_addresses(const struct tl_lookup_reply *reply, const char *list)
{
	char copy[500], *rest = copy, *word;
	unsigned int index = 0;

	snprintf(copy, sizeof(copy), "%s", list ? list : "");
	while (list && (word = strsep(&rest, " "))) {
		struct tl_endpoint wanted = parse_address(word), address;

		CHECK(index < reply->count);
		if (index >= reply->count)
			return;
		tl_lookup_address(reply, index++, &address);
		CHECK(memcmp(&address, &wanted, sizeof(wanted)) == 0);
	}
	CHECK_EQUAL(reply->count, index);
}

static void lookup(const struct block *block)
{
	const char *canonical = block_text(block, "canonical");
	struct tl_lookup_reply reply;
	char name[TL_NAME_SIZE];
	uint8_t packet[300];
	int result;

	if (block_is(block, "packet", "request")) {
		check_request(block, packet,
			      tl_encode_lookup(packet, sizeof(packet), (uint16_t)block_number(block, "flags"),
					       block_text(block, "host")));
		return;
	}
	result = tl_decode_lookup_reply(block->bytes, block->length, &reply);
	CHECK_EQUAL(result, block_is(block, "valid", "no") ? -1 : 0);
	if (result < 0)
		return;
	CHECK_EQUAL(reply.status, block_number(block, "status"));
	CHECK_EQUAL(reply.ttl, block_number(block, "ttl"));
	check_addresses(&reply, block_text(block, "addresses"));
	snprintf(name, sizeof(name), "%.*s", reply.canonical_length, reply.canonical);
	CHECK_TEXT(name, canonical ? canonical : "");
}

static void reverse(const struct block *block)
{
	char names[600] = "", name[TL_NAME_SIZE];
	const char *wanted = block_text(block, "names");
	struct tl_reverse_reply reply;
	struct tl_endpoint endpoint;
	uint8_t packet[64];
	int failed;

	if (block_is(block, "packet", "request")) {
		endpoint = parse_endpoint(block_text(block, "endpoint"));
		check_request(block, packet, tl_encode_reverse(packet, sizeof(packet), &endpoint));
		return;
	}
	failed = tl_decode_reverse_reply(block->bytes, block->length, &reply);
	for (unsigned int i = 0; failed == 0 && i < reply.count; i++) {
		failed = tl_reverse_name(&reply, i, name);
		if (failed == 0)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? " " : "",
				 name);
	}
	CHECK_EQUAL(failed, block_is(block, "valid", "no") ? -1 : 0);
	if (failed)
		return;
	CHECK_EQUAL(reply.status, block_number(block, "status"));
	CHECK_EQUAL(reply.ttl, block_number(block, "ttl"));
	CHECK_TEXT(names, wanted ? wanted : "");
}

static size_t parse_hex(const char *text, uint8_t *bytes)
{
	size_t length = 0;
	unsigned int byte;

	for (; text && sscanf(text, "%2x", &byte) == 1; text += 2)
		bytes[length++] = (uint8_t)byte;
	return length;
}

static void query(const struct block *block)
{
	uint8_t packet[600], message[512];
	size_t length = parse_hex(block_text(block, "message"), message);
	struct tl_query_reply reply;

	if (block_is(block, "packet", "request")) {
		check_request(block, packet,
			      tl_encode_query(packet, sizeof(packet), (uint16_t)block_number(block, "flags"),
					      message, length));
		return;
	}
	CHECK_EQUAL(tl_decode_query_reply(block->bytes, block->length, &reply), 0);
	CHECK_EQUAL(reply.status, block_number(block, "status"));
	CHECK_EQUAL(reply.answer_length, length);
	CHECK(reply.answer_length == length && memcmp(reply.answer, message, length) == 0);
}

static void check_slice(const char *slice, size_t length, const char *wanted)
{
	char text[200];

	snprintf(text, sizeof(text), "%.*s", (int)length, slice);
	CHECK_TEXT(text, wanted ? wanted : "");
}

static void file(const struct block *block)
{
	struct tl_file_request request = {.path = block_text(block, "file"),
					  .other = block_text(block, "other")};
	struct tl_file_reply reply;
	uint8_t packet[200];
	int result;

	if (block_is(block, "packet", "request")) {
		request.purpose = (enum tl_file_purpose)block_number(block, "purpose");
		request.flags = (uint16_t)block_number(block, "flags");
		request.mode = (uint16_t)strtol(block_text(block, "mode"), NULL, 8);
		check_request(block, packet, tl_encode_file(packet, sizeof(packet), &request));
		return;
	}
	result = tl_decode_file_reply(block->bytes, block->length, &reply);
	CHECK_EQUAL(result, block_is(block, "valid", "no") ? -1 : 0);
	if (result < 0)
		return;
	CHECK_EQUAL(reply.error, block_number(block, "errno"));
	check_slice(reply.host, reply.host_length, block_text(block, "host_path"));
	check_slice(reply.pod, reply.pod_length, block_text(block, "pod_path"));
}

TEST(file_keeps_the_golden_vectors)
{
	vectors_read("file.txt", file);
}

static void listening(const struct block *block)
{
	struct tl_endpoint own = parse_endpoint(block_text(block, "endpoint"));
	uint8_t packet[64];

	check_request(
		block, packet,
		tl_encode_listening(packet, sizeof(packet), &own, (uint64_t)block_number(block, "cookie")));
}

TEST(listening_keeps_the_golden_vectors)
{
	vectors_read("listening.txt", listening);
}

static void hello(const struct block *block)
{
	const char *runtime = block_text(block, "runtime"), *application = block_text(block, "application");
	const struct tl_hello said = {.source = (enum tl_hello_source)block_number(block, "source"),
				      .status = (uint32_t)block_number(block, "status"),
				      .count = (uint32_t)block_number(block, "slots"),
				      .runtime = runtime ? runtime : "",
				      .application = application ? application : ""};
	uint8_t packet[200];

	if (block_is(block, "valid", "no"))
		return;
	check_request(block, packet, tl_encode_hello(packet, sizeof(packet), &said));
}

TEST(hello_keeps_the_golden_vectors)
{
	vectors_read("hello.txt", hello);
}

TEST(dial_keeps_the_golden_vectors)
{
	vectors_read("dial.txt", dial);
}

TEST(flow_keeps_the_golden_vectors)
{
	vectors_read("flow.txt", flow);
}

TEST(lookup_keeps_the_golden_vectors)
{
	vectors_read("lookup.txt", lookup);
}

TEST(reverse_keeps_the_golden_vectors)
{
	vectors_read("reverse.txt", reverse);
}

TEST(query_keeps_the_golden_vectors)
{
	vectors_read("query.txt", query);
}

TEST(encoders_refuse_what_does_not_fit)
{
	const struct tl_file_request rename = {TL_FILE_RENAME, 0, 0, "/12345678", "/12345"};
	const struct tl_hello said = {TL_HELLO_HOOK, 0, 0, "1234", "12"};
	struct tl_endpoint endpoint = {.family = TL_FAMILY_4};
	uint8_t packet[24];

	CHECK_EQUAL(tl_encode_dial(packet, 24, 0, &endpoint), 24);
	CHECK_EQUAL(tl_encode_dial(packet, 23, 0, &endpoint), 0);
	CHECK_EQUAL(tl_encode_flow(packet, 3, 0), 0);
	CHECK_EQUAL(tl_encode_listening(packet, 24, &endpoint, 0), 0);
	CHECK_EQUAL(tl_encode_lookup(packet, 24, 0, "a-name-that-is-too-long"), 0);
	CHECK_EQUAL(tl_encode_file(packet, 24, &rename), 24);
	CHECK_EQUAL(tl_encode_file(packet, 23, &rename), 0);
	CHECK_EQUAL(tl_encode_file(packet, 7, &rename), 0);
	CHECK_EQUAL(tl_encode_hello(packet, 24, &said), 24);
	CHECK_EQUAL(tl_encode_hello(packet, 23, &said), 0);
	CHECK_EQUAL(tl_encode_hello(packet, 15, &said), 0);
}

TEST(decoders_refuse_every_shorter_packet)
{
	uint8_t packet[48] = {TL_VERSION};
	struct tl_dial_reply dial_reply;
	struct tl_flow_reply flow_reply;

	for (size_t length = 0; length < 12; length++)
		CHECK_EQUAL(tl_decode_dial_reply(packet, length, &dial_reply), -1);
	CHECK_EQUAL(tl_decode_dial_reply(packet, 12, &dial_reply), 0);
	for (size_t length = 0; length < sizeof(packet); length++)
		CHECK_EQUAL(tl_decode_flow_reply(packet, length, &flow_reply), -1);
	CHECK_EQUAL(tl_decode_flow_reply(packet, sizeof(packet), &flow_reply), 0);
}
