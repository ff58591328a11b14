/* The few parts of a DNS message (RFC 1035 §4) that res_query(3) and kin need. */
#ifndef TELELAUNCH_DNS_MESSAGE_H
#define TELELAUNCH_DNS_MESSAGE_H

#include "protocol.h"

#include <stdbool.h>

#define DNS_HEADER_SIZE 12
#define DNS_QUERY_SIZE  (DNS_HEADER_SIZE + TL_NAME_SIZE + 8)

#define DNS_RCODE_OK         0
#define DNS_RCODE_SERVFAIL   2
#define DNS_RCODE_NAME_ERROR 3

size_t dns_make_query(uint8_t *message, size_t size, uint16_t id, const char *name, uint16_t type,
		      uint16_t class);
bool dns_question_name(const uint8_t *message, size_t length, char name[TL_NAME_SIZE]);
bool dns_reverse_address(const char *name, struct tl_endpoint *address);

static inline unsigned int dns_rcode(const uint8_t *message)
{
	return message[3] & 15u;
}

static inline unsigned int dns_answer_count(const uint8_t *message)
{
	return (unsigned int)message[6] << 8 | message[7];
}

#endif
