/*
 * An endpoint keeps its family as the application wrote it: ::ffff:10.96.0.1 is FAMILY 6, so that
 * getpeername() can show it again. endpoint_unmap() in table.c makes the IPv4 address of it.
 */
#include "endpoint.h"

#include "classify.h"

#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t loopback_6[16] = {[15] = 1};

#define SHORTEST_IN6 24 /* RFC 2133: without sin6_scope_id; the kernel takes it */

/**
 * endpoint_from_address() - Read an application's socket address
 * @endpoint:	Set to it
 * @address:	Socket address, or NULL
 * @length:	Its length
 *
 * Return: false for other families and for what is too short
 */
bool endpoint_from_address(struct tl_endpoint *endpoint, const struct sockaddr *address, socklen_t length)
{
	if (!address || length < sizeof(struct sockaddr_in))
		return false;
	memset(endpoint, 0, sizeof(*endpoint));
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		endpoint->family = TL_FAMILY_4;
		endpoint->port = in->sin_port;
		memcpy(endpoint->address, &in->sin_addr, 4);
		return true;
	}
	if (address->sa_family == AF_INET6 && length >= SHORTEST_IN6) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		endpoint->family = TL_FAMILY_6;
		endpoint->port = in6->sin6_port;
		memcpy(endpoint->address, &in6->sin6_addr, 16);
		return true;
	}
	return false;
}

/**
 * endpoint_to_address() - Write a socket address
 * @endpoint:	Endpoint
 * @family:	AF_INET or AF_INET6: the socket's family; IPv4 is mapped into AF_INET6
 * @address:	Set to it
 *
 * Return: its length, 0 where an IPv6 endpoint doesn't fit AF_INET
 */
socklen_t endpoint_to_address(const struct tl_endpoint *endpoint, int family, union socket_address *address)
{
	memset(address, 0, sizeof(*address));
	if (family == AF_INET) {
		struct tl_endpoint plain = *endpoint;

		endpoint_unmap(&plain);
		if (plain.family != TL_FAMILY_4)
			return 0;
		address->in.sin_family = AF_INET;
		address->in.sin_port = plain.port;
		memcpy(&address->in.sin_addr, plain.address, 4);
		return sizeof(address->in);
	}
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_port = endpoint->port;
	if (endpoint->family == TL_FAMILY_4) {
		memcpy(&address->in6.sin6_addr, mapped_prefix, 12);
		memcpy((uint8_t *)&address->in6.sin6_addr + 12, endpoint->address, 4);
	} else {
		memcpy(&address->in6.sin6_addr, endpoint->address, 16);
	}
	return sizeof(address->in6);
}

/**
 * endpoint_relay() - Where a socket connects instead of to the cluster
 * @table:	The table
 * @destination: What the application asked for
 * @port:	Port there, network order; 0: the table's relay port
 * @family:	The socket's family
 * @relay:	Set to 127.0.0.1, ::ffff:127.0.0.1 or ::1
 *
 * Return: length of @relay
 */
socklen_t endpoint_relay(const struct tl_table *table, const struct tl_endpoint *destination, uint16_t port,
			 int family, union socket_address *relay)
{
	struct tl_endpoint plain = *destination;
	struct tl_endpoint loopback = {.family = TL_FAMILY_4, .address = {127, 0, 0, 1}};

	endpoint_unmap(&plain);
	loopback.port = port ? port : table->relay_port_4;
	if (plain.family == TL_FAMILY_6) {
		loopback.family = TL_FAMILY_6;
		loopback.port = port ? port : table->relay_port_6;
		memcpy(loopback.address, loopback_6, 16);
	}
	return endpoint_to_address(&loopback, family, relay);
}

bool endpoint_is_loopback(const struct tl_endpoint *endpoint)
{
	struct tl_endpoint plain = *endpoint;

	endpoint_unmap(&plain);
	return plain.family == TL_FAMILY_4 ? plain.address[0] == 127
					   : memcmp(plain.address, loopback_6, 16) == 0;
}

/**
 * endpoint_is_relay() - Does a socket with this peer belong to us?
 * @table:	The table, or NULL
 * @endpoint:	The peer as the kernel shows it
 *
 * Return: true for 127.0.0.1 and ::1 with the relay's port
 */
bool endpoint_is_relay(const struct tl_table *table, const struct tl_endpoint *endpoint)
{
	static const uint8_t loopback_4[4] = {127, 0, 0, 1};
	struct tl_endpoint plain = *endpoint;

	if (!table || plain.port == 0)
		return false;
	endpoint_unmap(&plain);
	if (plain.family == TL_FAMILY_4)
		return plain.port == table->relay_port_4 && memcmp(plain.address, loopback_4, 4) == 0;
	return plain.port == table->relay_port_6 && memcmp(plain.address, loopback_6, 16) == 0;
}

static char *put_number(char *at, unsigned int value, unsigned int base)
{
	static const char digits[] = "0123456789abcdef";
	char reversed[5];
	unsigned int count = 0;

	do {
		reversed[count++] = digits[value % base];
		value /= base;
	} while (value);
	while (count)
		*at++ = reversed[--count];
	return at;
}

/**
 * endpoint_text() - An address as text that getaddrinfo(AI_NUMERICHOST) reads; no zero compression
 * @endpoint:	Endpoint
 * @text:	Set to it
 */
void endpoint_text(const struct tl_endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE])
{
	const uint8_t *a = endpoint->address;
	char *at = text;

	if (endpoint->family == TL_FAMILY_4)
		for (int i = 0; i < 4; i++) {
			at = put_number(at, a[i], 10);
			*at++ = '.';
		}
	else
		for (int i = 0; i < 16; i += 2) {
			at = put_number(at, (unsigned int)a[i] << 8 | a[i + 1], 16);
			*at++ = ':';
		}
	at[-1] = '\0';
}

/**
 * address_copy_out() - Give a socket address to the application as the kernel would
 * @from:	Address
 * @length:	Its length
 * @to:		Application's buffer
 * @room:	In: its size; out: @length, even where the address was cut
 */
void address_copy_out(const union socket_address *from, socklen_t length, struct sockaddr *to,
		      socklen_t *room)
{
	memcpy(to, from, *room < length ? *room : length);
	*room = length;
}
