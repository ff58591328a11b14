/*
 * Packets of the control protocol, in and out. Numbers are in the machine's order (little-endian on all
 * builds), ports and addresses in network order; nothing is aligned, so everything goes through memcpy.
 */
#include "protocol.h"

#include <string.h>

#define HEADER_LENGTH   4
#define ENDPOINT_LENGTH 20
#define LARGEST_ERRNO   4095 /* what the kernel itself can return, MAX_ERRNO */

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void get_endpoint(const uint8_t *at, struct tl_endpoint *endpoint)
{
	endpoint->family = get16(at);
	memcpy(&endpoint->port, at + 2, 2);
	memcpy(endpoint->address, at + 4, 16);
}

/**
 * encode() - Write a header and a body
 * @packet:	Where to
 * @size:	Room there, in bytes
 * @kind:	KIND of the request
 * @flags:	FLAGS of the request
 * @body:	What follows the header; may lie in @packet already
 * @length:	Length of @body
 *
 * Return: the packet's length, 0 if it doesn't fit
 */
static size_t encode(uint8_t *packet, size_t size, enum tl_kind kind, uint16_t flags, const void *body,
		     size_t length)
{
	const struct tl_header header = {TL_VERSION, (uint8_t)kind, flags};

	if (size < HEADER_LENGTH || length > size - HEADER_LENGTH)
		return 0;
	memcpy(packet, &header, HEADER_LENGTH);
	memmove(packet + HEADER_LENGTH, body, length);
	return HEADER_LENGTH + length;
}

static void put_endpoint(uint8_t *at, const struct tl_endpoint *endpoint)
{
	memcpy(at, &endpoint->family, 2);
	memcpy(at + 2, &endpoint->port, 2);
	memcpy(at + 4, endpoint->address, 16);
}

size_t tl_encode_dial(uint8_t *packet, size_t size, uint16_t flags, const struct tl_endpoint *destination)
{
	uint8_t body[ENDPOINT_LENGTH];

	put_endpoint(body, destination);
	return encode(packet, size, TL_KIND_DIAL, flags, body, sizeof(body));
}

size_t tl_encode_flow(uint8_t *packet, size_t size, uint64_t cookie)
{
	return encode(packet, size, TL_KIND_FLOW, 0, &cookie, sizeof(cookie));
}

size_t tl_encode_lookup(uint8_t *packet, size_t size, uint16_t flags, const char *name)
{
	return encode(packet, size, TL_KIND_LOOKUP, flags, name, strlen(name));
}

size_t tl_encode_reverse(uint8_t *packet, size_t size, const struct tl_endpoint *address)
{
	uint8_t body[ENDPOINT_LENGTH];

	put_endpoint(body, address);
	return encode(packet, size, TL_KIND_REVERSE, 0, body, sizeof(body));
}

size_t tl_encode_listening(uint8_t *packet, size_t size, const struct tl_endpoint *own, uint64_t cookie)
{
	uint8_t body[ENDPOINT_LENGTH + sizeof(cookie)];

	put_endpoint(body, own);
	memcpy(body + ENDPOINT_LENGTH, &cookie, sizeof(cookie));
	return encode(packet, size, TL_KIND_LISTENING, 0, body, sizeof(body));
}

size_t tl_encode_query(uint8_t *packet, size_t size, uint16_t flags, const uint8_t *message, size_t length)
{
	return encode(packet, size, TL_KIND_QUERY, flags, message, length);
}

size_t tl_encode_file(uint8_t *packet, size_t size, const struct tl_file_request *request)
{
	size_t length = strlen(request->path), other = request->other ? strlen(request->other) + 1 : 0;
	uint8_t *body = packet + HEADER_LENGTH;

	if (size < HEADER_LENGTH + 4 || length > size - HEADER_LENGTH - 4 ||
	    other > size - HEADER_LENGTH - 4 - length)
		return 0;
	body[0] = (uint8_t)request->purpose;
	body[1] = 0;
	memcpy(body + 2, &request->mode, 2);
	memcpy(body + 4, request->path, length);
	if (other) {
		body[4 + length] = 0;
		memcpy(body + 4 + length + 1, request->other, other - 1);
	}
	return encode(packet, size, TL_KIND_FILE, request->flags, body, 4 + length + other);
}

/* SOURCE 1 | ZERO 3 | STATUS 4 | COUNT 4 | runtime NUL application NUL */
size_t tl_encode_hello(uint8_t *packet, size_t size, const struct tl_hello *hello)
{
	size_t runtime = strlen(hello->runtime) + 1, application = strlen(hello->application) + 1;
	uint8_t *body = packet + HEADER_LENGTH;

	if (size < HEADER_LENGTH + 12 || runtime > size - HEADER_LENGTH - 12 ||
	    application > size - HEADER_LENGTH - 12 - runtime)
		return 0;
	memset(body, 0, 4);
	body[0] = (uint8_t)hello->source;
	memcpy(body + 4, &hello->status, 4);
	memcpy(body + 8, &hello->count, 4);
	memcpy(body + 12, hello->runtime, runtime);
	memcpy(body + 12 + runtime, hello->application, application);
	return encode(packet, size, TL_KIND_HELLO, 0, body, 12 + runtime + application);
}

/**
 * decode() - Check a reply's header
 * @packet:	The reply
 * @length:	Its length
 * @status:	Set to its STATUS
 *
 * Return: length of the body, or -1
 */
static long decode(const uint8_t *packet, size_t length, uint8_t *status)
{
	if (length < HEADER_LENGTH || packet[0] != TL_VERSION)
		return -1;
	*status = packet[1];
	return (long)(length - HEADER_LENGTH);
}

int tl_decode_dial_reply(const uint8_t *packet, size_t length, struct tl_dial_reply *reply)
{
	uint8_t status;

	if (decode(packet, length, &status) < 8 || status != 0)
		return -1;
	reply->error = get32(packet + HEADER_LENGTH);
	memcpy(&reply->port, packet + HEADER_LENGTH + 4, 2);
	return reply->error <= LARGEST_ERRNO ? 0 : -1;
}

int tl_decode_flow_reply(const uint8_t *packet, size_t length, struct tl_flow_reply *reply)
{
	uint8_t status;

	if (decode(packet, length, &status) < 4 + 2 * ENDPOINT_LENGTH || status != TL_FLOW_KNOWN)
		return -1;
	reply->error = get32(packet + HEADER_LENGTH);
	get_endpoint(packet + HEADER_LENGTH + 4, &reply->peer);
	get_endpoint(packet + HEADER_LENGTH + 4 + ENDPOINT_LENGTH, &reply->own);
	return reply->error <= LARGEST_ERRNO ? 0 : -1;
}

int tl_decode_lookup_reply(const uint8_t *packet, size_t length, struct tl_lookup_reply *reply)
{
	const uint8_t *body = packet + HEADER_LENGTH;
	long left = decode(packet, length, &reply->status);
	size_t needed;

	if (left < 0)
		return -1;
	reply->ttl = 0;
	reply->count = reply->canonical_length = 0;
	reply->addresses = body;
	reply->canonical = (const char *)body;
	if (left < 8)
		return reply->status == TL_STATUS_FOUND ? -1 : 0;
	reply->ttl = get32(body);
	reply->count = get16(body + 4);
	reply->canonical_length = get16(body + 6);
	reply->addresses = body + 8;
	needed = 8 + (size_t)reply->count * ENDPOINT_LENGTH;
	reply->canonical = (const char *)body + needed;
	return needed + reply->canonical_length <= (size_t)left ? 0 : -1;
}

int tl_decode_reverse_reply(const uint8_t *packet, size_t length, struct tl_reverse_reply *reply)
{
	const uint8_t *body = packet + HEADER_LENGTH;
	long left = decode(packet, length, &reply->status);

	if (left < 0)
		return -1;
	reply->ttl = 0;
	reply->count = 0;
	reply->names = body;
	reply->names_length = 0;
	if (left < 8)
		return reply->status == TL_STATUS_FOUND ? -1 : 0;
	reply->ttl = get32(body);
	reply->count = get16(body + 4);
	reply->names = body + 8;
	reply->names_length = (size_t)left - 8;
	return 0;
}

int tl_decode_query_reply(const uint8_t *packet, size_t length, struct tl_query_reply *reply)
{
	long left = decode(packet, length, &reply->status);

	if (left < 0)
		return -1;
	reply->answer = packet + HEADER_LENGTH;
	reply->answer_length = (size_t)left;
	return 0;
}

int tl_decode_file_reply(const uint8_t *packet, size_t length, struct tl_file_reply *reply)
{
	uint8_t status;
	long left = decode(packet, length, &status);
	const char *separator;

	if (left < 4 || status != 0)
		return -1;
	reply->error = get32(packet + HEADER_LENGTH);
	reply->host = (const char *)packet + HEADER_LENGTH + 4;
	reply->host_length = (size_t)left - 4;
	separator = memchr(reply->host, '\0', reply->host_length);
	reply->pod = reply->host + reply->host_length;
	reply->pod_length = 0;
	if (separator) {
		reply->pod = separator + 1;
		reply->pod_length = reply->host_length - (size_t)(reply->pod - reply->host);
		reply->host_length = (size_t)(separator - reply->host);
	}
	return reply->error <= LARGEST_ERRNO ? 0 : -1;
}

/**
 * tl_lookup_address() - One address of a LOOKUP's reply
 * @reply:	Decoded reply
 * @index:	Below @reply->count
 * @address:	Set to it, port 0
 */
void tl_lookup_address(const struct tl_lookup_reply *reply, unsigned int index, struct tl_endpoint *address)
{
	get_endpoint(reply->addresses + (size_t)index * ENDPOINT_LENGTH, address);
}

/**
 * tl_reverse_name() - One name of a REVERSE's reply
 * @reply:	Decoded reply
 * @index:	Below @reply->count
 * @name:	Set to it, NUL-terminated
 *
 * Return: 0, or -1 where the packet is cut or the name too long
 */
int tl_reverse_name(const struct tl_reverse_reply *reply, unsigned int index, char name[TL_NAME_SIZE])
{
	const uint8_t *at = reply->names;
	size_t left = reply->names_length;

	for (unsigned int i = 0; i <= index; i++) {
		size_t length;

		if (left < 2)
			return -1;
		length = get16(at);
		if (length > left - 2)
			return -1;
		if (i == index) {
			if (length >= TL_NAME_SIZE)
				return -1;
			memcpy(name, at + 2, length);
			name[length] = '\0';
			return 0;
		}
		at += 2 + length;
		left -= 2 + length;
	}
	return -1;
}
