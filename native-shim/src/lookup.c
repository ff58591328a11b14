/*
 * The reply may fill a packet of 64 KiB, more than some threads have of stack: it lies in a mapping of its
 * own for as long as the caller reads it.
 */
#include "lookup.h"

#include "attach.h"
#include "control.h"
#include "log.h"
#include "session.h"
#include "sys.h"

#include <netdb.h>
#include <string.h>

/**
 * ask() - Send a request, keep the reply
 * @request:	Packet
 * @length:	Its length
 * @lookup:	Gets the packet
 *
 * Return: length of the reply, negative where nobody answers
 */
static long ask(const uint8_t *request, size_t length, struct lookup *lookup)
{
	if (length == 0)
		return CONTROL_GONE;
	lookup->packet = sys_map_memory(TL_PACKET_SIZE);
	return lookup->packet ? control_ask(request, length, lookup->packet, TL_PACKET_SIZE) : CONTROL_GONE;
}

static enum lookup_result result_of(uint8_t status, unsigned int count)
{
	switch (status) {
	case TL_STATUS_FOUND:
		return count ? LOOKUP_FOUND : LOOKUP_NO_DATA;
	case TL_STATUS_NO_NAME:
		return LOOKUP_NO_NAME;
	case TL_STATUS_NO_DATA:
		return LOOKUP_NO_DATA;
	default:
		return LOOKUP_TRY_AGAIN;
	}
}

/* An attached process leaves a session that is over */
static enum lookup_result unserved(void)
{
	if (attach_is_over())
		return LOOKUP_HOST;
	log_once(LOG_BROKER_GONE, "the session isn't being served; the cluster can't be reached");
	return LOOKUP_TRY_AGAIN;
}

/* Where that took an attached process out of the session, the name is libc's */
static enum lookup_result nobody_answers(void)
{
	return session_intercepts() ? LOOKUP_TRY_AGAIN : LOOKUP_HOST;
}

/**
 * lookup_name() - Addresses of a name, as the pod sees them
 * @name:	As the application gave it
 * @families:	TL_LOOKUP_A, TL_LOOKUP_AAAA
 * @lookup:	Gets the reply; end it with lookup_end() whatever the result
 *
 * Return: the result; LOOKUP_HOST for names that aren't the cluster's, without asking the broker
 */
enum lookup_result lookup_name(const char *name, uint16_t families, struct lookup *lookup)
{
	uint8_t request[4 + TL_NAME_SIZE];
	long length;

	memset(lookup, 0, sizeof(*lookup));
	switch (classify_name(session_table(), name)) {
	case VERDICT_HOST:
		return LOOKUP_HOST;
	case VERDICT_UNREACHABLE:
		return unserved();
	case VERDICT_CLUSTER:
		break;
	}
	length = ask(request, tl_encode_lookup(request, sizeof(request), families, name), lookup);
	if (length < 0)
		return nobody_answers();
	if (tl_decode_lookup_reply(lookup->packet, (size_t)length, &lookup->addresses) < 0)
		return LOOKUP_TRY_AGAIN;
	return result_of(lookup->addresses.status, lookup->addresses.count);
}

/**
 * lookup_address() - Names of an address, as the pod sees them
 * @address:	Address; its port doesn't matter
 * @lookup:	Gets the reply; end it with lookup_end() whatever the result
 *
 * Return: the result; LOOKUP_HOST for addresses that aren't the cluster's
 */
enum lookup_result lookup_address(const struct tl_endpoint *address, struct lookup *lookup)
{
	struct tl_endpoint plain = *address;
	uint8_t request[32];
	long length;

	memset(lookup, 0, sizeof(*lookup));
	endpoint_unmap(&plain);
	plain.port = 0;
	switch (classify_address(session_get()->table, &plain)) {
	case VERDICT_HOST:
		return LOOKUP_HOST;
	case VERDICT_UNREACHABLE:
		return unserved();
	case VERDICT_CLUSTER:
		break;
	}
	length = ask(request, tl_encode_reverse(request, sizeof(request), &plain), lookup);
	if (length < 0)
		return nobody_answers();
	if (tl_decode_reverse_reply(lookup->packet, (size_t)length, &lookup->names) < 0)
		return LOOKUP_TRY_AGAIN;
	return result_of(lookup->names.status, lookup->names.count);
}

void lookup_end(struct lookup *lookup)
{
	if (lookup->packet)
		sys_munmap(lookup->packet, TL_PACKET_SIZE);
	lookup->packet = NULL;
}

int lookup_h_errno(enum lookup_result result)
{
	if (result == LOOKUP_NO_NAME)
		return HOST_NOT_FOUND;
	return result == LOOKUP_NO_DATA ? NO_DATA : TRY_AGAIN;
}
