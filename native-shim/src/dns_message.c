#include "dns_message.h"

#include <string.h>
#include <strings.h>

#define LONGEST_LABEL 63
#define LONGEST_NAME  255 /* octets, RFC 1035 §2.3.4: lengths, labels and the root's zero */

/**
 * put_name() - Write a name as labels
 * @at:		Where to; has room for the name and two bytes more
 * @name:	Name, with or without trailing dot
 *
 * Return: end of what was written, NULL for an empty or over-long label or an over-long name
 */
static uint8_t *put_name(uint8_t *at, const char *name)
{
	const uint8_t *start = at;

	while (*name) {
		size_t length = strcspn(name, ".");

		if (length == 0 || length > LONGEST_LABEL)
			return NULL;
		*at++ = (uint8_t)length;
		memcpy(at, name, length);
		at += length;
		name += length + (name[length] == '.');
	}
	*at++ = 0;
	return at - start <= LONGEST_NAME ? at : NULL;
}

/**
 * dns_make_query() - Write a query with one question, recursion desired
 * @message:	Where to
 * @size:	Room there; DNS_QUERY_SIZE is enough
 * @id:		Its number
 * @name:	Name
 * @type:	QTYPE
 * @class:	QCLASS
 *
 * Return: its length, 0 for what can't be a name
 */
size_t dns_make_query(uint8_t *message, size_t size, uint16_t id, const char *name, uint16_t type,
		      uint16_t class)
{
	const uint8_t header[DNS_HEADER_SIZE] = {(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1};
	const uint8_t question[4] = {(uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(class >> 8),
				     (uint8_t) class};
	uint8_t *at;

	if (strlen(name) >= TL_NAME_SIZE || size < DNS_QUERY_SIZE)
		return 0;
	memcpy(message, header, sizeof(header));
	at = put_name(message + sizeof(header), name);
	if (!at)
		return 0;
	memcpy(at, question, sizeof(question));
	return (size_t)(at - message) + sizeof(question);
}

/**
 * dns_question_name() - Read the name that a query asks for
 * @message:	Query
 * @length:	Its length
 * @name:	Set to it, without trailing dot
 *
 * Return: false where there isn't exactly one question with a plain name
 */
bool dns_question_name(const uint8_t *message, size_t length, char name[TL_NAME_SIZE])
{
	size_t at = DNS_HEADER_SIZE, used = 0;

	if (length < DNS_HEADER_SIZE || message[4] != 0 || message[5] != 1)
		return false;
	while (at < length && message[at] != 0) {
		size_t label = message[at++];

		if (label > LONGEST_LABEL || label > length - at || used + label + 2 > LONGEST_NAME ||
		    memchr(message + at, '\0', label))
			return false;
		memcpy(name + used, message + at, label);
		used += label;
		name[used++] = '.';
		at += label;
	}
	if (at >= length || used == 0)
		return false;
	name[used - 1] = '\0';
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* d.c.b.a.in-addr.arpa, RFC 1035 §3.5 */
static bool reverse_4(const char *name, struct tl_endpoint *address)
{
	for (int i = 3; i >= 0; i--) {
		unsigned int value = 0;
		size_t digits = strspn(name, "0123456789");

		if (digits == 0 || digits > 3 || name[digits] != '.')
			return false;
		for (size_t j = 0; j < digits; j++)
			value = value * 10 + (unsigned int)(name[j] - '0');
		if (value > 255)
			return false;
		address->address[i] = (uint8_t)value;
		name += digits + 1;
	}
	address->family = TL_FAMILY_4;
	return strcasecmp(name, "in-addr.arpa") == 0;
}

/* 32 nibbles, the last one first, RFC 3596 §2.5 */
static bool reverse_6(const char *name, struct tl_endpoint *address)
{
	for (int i = 31; i >= 0; i--) {
		int value = hex_digit(name[0]);

		if (value < 0 || name[1] != '.')
			return false;
		address->address[i / 2] |= (uint8_t)(i % 2 ? value : value << 4);
		name += 2;
	}
	address->family = TL_FAMILY_6;
	return strcasecmp(name, "ip6.arpa") == 0;
}

/**
 * dns_reverse_address() - The address that a PTR query asks for
 * @name:	Name
 * @address:	Set to it, port 0
 *
 * Return: false for names outside of in-addr.arpa and ip6.arpa
 */
bool dns_reverse_address(const char *name, struct tl_endpoint *address)
{
	char plain[TL_NAME_SIZE];
	size_t length = strlen(name);

	if (length == 0 || length >= sizeof(plain))
		return false;
	memcpy(plain, name, length + 1);
	if (plain[length - 1] == '.')
		plain[length - 1] = '\0';
	memset(address, 0, sizeof(*address));
	if (reverse_4(plain, address))
		return true;
	memset(address, 0, sizeof(*address));
	return reverse_6(plain, address);
}
