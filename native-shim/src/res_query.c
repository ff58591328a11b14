/*
 * res_query(3), res_search(3), res_send(3), with and without a state, under both spellings that glibc's
 * headers use. The broker asks the pod's name server; "no such name" goes on to libc, as for the other name
 * functions.
 */
#include "attach.h"
#include "classify.h"
#include "control.h"
#include "dns_message.h"
#include "libc.h"
#include "log.h"
#include "session.h"
#include "sys.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <resolv.h>
#include <string.h>

/* Older glibc maps the names by macros; both are exported below */
#undef res_query
#undef res_search
#undef res_send
#undef res_nquery
#undef res_nsearch
#undef res_nsend

#define TRUNCATED 0x02 /* TC, in the third byte */

/* Beside a length of 0 or more */
#define ANSWER_FROM_HOST (-1)
#define ANSWER_NONE      (-2)

static enum verdict classify_question(const char *name)
{
	const struct tl_table *table = session_table();
	struct tl_endpoint address;

	if (dns_reverse_address(name, &address))
		return classify_address(table, &address);
	return classify_name(table, name);
}

/**
 * ask_pod() - Have a query answered in the cluster
 * @message:	Query
 * @length:	Its length
 * @flags:	TL_QUERY_SEARCH or 0
 * @answer:	Application's buffer
 * @size:	Its size; a longer answer is cut and marked as truncated
 *
 * Return: length of the answer, or an ANSWER_ value
 */
static int ask_pod(const uint8_t *message, size_t length, uint16_t flags, unsigned char *answer, int size)
{
	uint8_t *packet = sys_map_memory(TL_PACKET_SIZE);
	struct tl_query_reply reply;
	int result = ANSWER_NONE;
	long got;

	if (!packet)
		return ANSWER_NONE;
	length = tl_encode_query(packet, TL_PACKET_SIZE, flags, message, length);
	got = length ? control_ask(packet, length, packet, TL_PACKET_SIZE) : CONTROL_GONE;
	if (got >= 0 && tl_decode_query_reply(packet, (size_t)got, &reply) == 0 &&
	    reply.status == TL_STATUS_FOUND && reply.answer_length >= DNS_HEADER_SIZE &&
	    size >= DNS_HEADER_SIZE) {
		result = reply.answer_length < (size_t)size ? (int)reply.answer_length : size;
		memcpy(answer, reply.answer, (size_t)result);
		if (reply.answer_length > (size_t)size)
			answer[2] |= TRUNCATED;
		if (dns_rcode(answer) == DNS_RCODE_NAME_ERROR)
			result = ANSWER_FROM_HOST;
	}
	sys_munmap(packet, TL_PACKET_SIZE);
	/* where that took an attached process out of the session, the name is libc's */
	return got < 0 && !session_intercepts() ? ANSWER_FROM_HOST : result;
}

/**
 * shim_res_query() - Make a query for a name and have it answered
 * @name:	Name
 * @class:	Class
 * @type:	Type
 * @flags:	TL_QUERY_SEARCH or 0
 * @answer:	Application's buffer
 * @size:	Its size
 *
 * Return: length of the answer, or an ANSWER_ value
 */
static int shim_res_query(const char *name, int class, int type, uint16_t flags, unsigned char *answer,
			  int size)
{
	uint8_t message[DNS_QUERY_SIZE];
	size_t length;

	if (!name || !answer || class != ns_c_in)
		return ANSWER_FROM_HOST;
	switch (classify_question(name)) {
	case VERDICT_HOST:
		return ANSWER_FROM_HOST;
	case VERDICT_UNREACHABLE:
		if (attach_is_over())
			return ANSWER_FROM_HOST;
		log_once(LOG_BROKER_GONE, "the session isn't being served; the cluster can't be reached");
		return ANSWER_NONE;
	case VERDICT_CLUSTER:
		break;
	}
	/* the broker is a trusted neighbour: the number needs no secret */
	length = dns_make_query(message, sizeof(message), (uint16_t)sys_getpid(), name, (uint16_t)type,
				(uint16_t) class);
	return length ? ask_pod(message, length, flags, answer, size) : ANSWER_FROM_HOST;
}

static int shim_res_send(const unsigned char *message, int length, unsigned char *answer, int size)
{
	char name[TL_NAME_SIZE];

	if (!message || !answer || length <= 0 || !dns_question_name(message, (size_t)length, name))
		return ANSWER_FROM_HOST;
	switch (classify_question(name)) {
	case VERDICT_HOST:
		return ANSWER_FROM_HOST;
	case VERDICT_UNREACHABLE:
		return attach_is_over() ? ANSWER_FROM_HOST : ANSWER_NONE;
	case VERDICT_CLUSTER:
		break;
	}
	return ask_pod(message, (size_t)length, 0, answer, size);
}

/* An answer without data is a failure of res_query(3), told by h_errno; 0: there is data */
static int error_of(int length, const unsigned char *answer)
{
	if (length < 0 || dns_rcode(answer) == DNS_RCODE_SERVFAIL)
		return TRY_AGAIN;
	if (dns_rcode(answer) != DNS_RCODE_OK)
		return NO_RECOVERY;
	return dns_answer_count(answer) ? 0 : NO_DATA;
}

static int finish(int length, const unsigned char *answer)
{
	int error = error_of(length, answer);

	if (error)
		h_errno = error;
	return error ? -1 : length;
}

static int finish_state(void *state, int length, const unsigned char *answer)
{
	int result = finish(length, answer);

	if (result < 0)
		((res_state)state)->res_h_errno = h_errno;
	return result;
}

static int finish_send(int length)
{
	if (length >= 0)
		return length;
	errno = ETIMEDOUT;
	return -1;
}

/* libresolv of an older glibc can come after us */
static bool libc_has(void *slot)
{
	if (*(void **)slot)
		return true;
	libc_resolve();
	if (*(void **)slot)
		return true;
	h_errno = NO_RECOVERY;
	return false;
}

EXPORT int res_query(const char *name, int class, int type, unsigned char *answer, int size)
{
	int got =
		session_intercepts() ? shim_res_query(name, class, type, 0, answer, size) : ANSWER_FROM_HOST;

	if (got != ANSWER_FROM_HOST)
		return finish(got, answer);
	return libc_has(&libc_res_query) ? libc_res_query(name, class, type, answer, size) : -1;
}

EXPORT int res_search(const char *name, int class, int type, unsigned char *answer, int size)
{
	int got = session_intercepts() ? shim_res_query(name, class, type, TL_QUERY_SEARCH, answer, size)
				       : ANSWER_FROM_HOST;

	if (got != ANSWER_FROM_HOST)
		return finish(got, answer);
	return libc_has(&libc_res_search) ? libc_res_search(name, class, type, answer, size) : -1;
}

EXPORT int res_send(const unsigned char *message, int length, unsigned char *answer, int size)
{
	int got = session_intercepts() ? shim_res_send(message, length, answer, size) : ANSWER_FROM_HOST;

	if (got != ANSWER_FROM_HOST)
		return finish_send(got);
	return libc_has(&libc_res_send) ? libc_res_send(message, length, answer, size) : -1;
}

EXPORT int res_nquery(res_state state, const char *name, int class, int type, unsigned char *answer, int size)
{
	int got =
		session_intercepts() ? shim_res_query(name, class, type, 0, answer, size) : ANSWER_FROM_HOST;

	if (got != ANSWER_FROM_HOST)
		return finish_state(state, got, answer);
	return libc_has(&libc_res_nquery) ? libc_res_nquery(state, name, class, type, answer, size) : -1;
}

EXPORT int res_nsearch(res_state state, const char *name, int class, int type, unsigned char *answer,
		       int size)
{
	int got = session_intercepts() ? shim_res_query(name, class, type, TL_QUERY_SEARCH, answer, size)
				       : ANSWER_FROM_HOST;

	if (got != ANSWER_FROM_HOST)
		return finish_state(state, got, answer);
	return libc_has(&libc_res_nsearch) ? libc_res_nsearch(state, name, class, type, answer, size) : -1;
}

EXPORT int res_nsend(res_state state, const unsigned char *message, int length, unsigned char *answer,
		     int size)
{
	int got = session_intercepts() ? shim_res_send(message, length, answer, size) : ANSWER_FROM_HOST;

	if (got != ANSWER_FROM_HOST)
		return finish_send(got);
	return libc_has(&libc_res_nsend) ? libc_res_nsend(state, message, length, answer, size) : -1;
}

/* The spelling that glibc's headers before 2.34 give these functions */
int __res_query(const char *name, int class, int type, unsigned char *answer, int size);
EXPORT int __res_query(const char *name, int class, int type, unsigned char *answer, int size)
{
	return res_query(name, class, type, answer, size);
}

int __res_search(const char *name, int class, int type, unsigned char *answer, int size);
EXPORT int __res_search(const char *name, int class, int type, unsigned char *answer, int size)
{
	return res_search(name, class, type, answer, size);
}

int __res_send(const unsigned char *message, int length, unsigned char *answer, int size);
EXPORT int __res_send(const unsigned char *message, int length, unsigned char *answer, int size)
{
	return res_send(message, length, answer, size);
}

int __res_nquery(res_state state, const char *name, int class, int type, unsigned char *answer, int size);
EXPORT int __res_nquery(res_state state, const char *name, int class, int type, unsigned char *answer,
			int size)
{
	return res_nquery(state, name, class, type, answer, size);
}

int __res_nsearch(res_state state, const char *name, int class, int type, unsigned char *answer, int size);
EXPORT int __res_nsearch(res_state state, const char *name, int class, int type, unsigned char *answer,
			 int size)
{
	return res_nsearch(state, name, class, type, answer, size);
}

int __res_nsend(res_state state, const unsigned char *message, int length, unsigned char *answer, int size);
EXPORT int __res_nsend(res_state state, const unsigned char *message, int length, unsigned char *answer,
		       int size)
{
	return res_nsend(state, message, length, answer, size);
}
