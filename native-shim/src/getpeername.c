/* getpeername(2) and getsockname(2): the address that was asked for, and the pod's. */
#include "getpeername.h"

#include "classify.h"
#include "control.h"
#include "endpoint.h"
#include "flow.h"
#include "libc.h"
#include "memory.h"
#include "session.h"

#include <string.h>

#define DNS_PORT 53

typedef int name_function(int, struct sockaddr *, socklen_t *);

/**
 * ask_kernel() - Let the kernel fill the application's buffer, and read the whole name
 * @get:	libc_getpeername or libc_getsockname
 * @fd:		Socket
 * @address:	Application's buffer
 * @length:	Its size, then the name's
 * @room:	Set to that size
 * @name:	Set to the name, also where the buffer is too small for it
 *
 * The application's own pointers are given to the kernel, which says EFAULT, EINVAL or ENOTCONN in its own
 * order.
 *
 * Return: length of @name; 0: the name isn't ours to change; -1 with errno
 */
static int ask_kernel(name_function *get, int fd, struct sockaddr *address, socklen_t *length,
		      socklen_t *room, union socket_address *name)
{
	socklen_t name_length = sizeof(*name);

	*room = memory_readable(length, sizeof(*length)) ? *length : 0;
	if (get(fd, address, length) != 0)
		return -1;
	if (*room == 0 || !session_get()->table)
		return 0;
	if (*length <= *room && *length <= sizeof(*name)) {
		memcpy(name, address, *length);
		return (int)*length;
	}
	return get(fd, &name->any, &name_length) == 0 && name_length <= sizeof(*name) ? (int)name_length : 0;
}

/**
 * show_peer() - What stands behind a loopback peer
 * @fd:		Socket
 * @peer:	The peer as the kernel shows it; replaced
 *
 * Return: false where it is nothing of ours
 */
static bool show_peer(int fd, struct tl_endpoint *peer)
{
	const struct tl_table *table = session_get()->table;
	struct tl_endpoint plain = *peer;
	struct tl_flow_reply flow;

	if (!table || !endpoint_is_loopback(peer))
		return false;
	if (endpoint_is_relay(table, peer)) {
		if (control_flow(fd, &flow) < 0)
			return false;
		*peer = flow.peer;
		return true;
	}
	endpoint_unmap(&plain);
	if (plain.family != TL_FAMILY_4 || plain.port != table->relay_port_4 ||
	    !classify_name_server_loopback(table, plain.address, &plain))
		return false;
	plain.port = htons(DNS_PORT);
	*peer = plain;
	return true;
}

/**
 * shim_getpeername() - Carry out one intercepted getpeername(2)
 * @fd:		Socket
 * @address:	Application's buffer
 * @length:	Its size, then the address's
 *
 * Return: as getpeername(2)
 */
int shim_getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
	union socket_address peer;
	struct tl_endpoint endpoint;
	socklen_t room;
	int got = ask_kernel(libc_getpeername, fd, address, length, &room, &peer);

	if (got <= 0)
		return got;
	if (endpoint_from_address(&endpoint, &peer.any, (socklen_t)got) && show_peer(fd, &endpoint)) {
		got = (int)endpoint_to_address(&endpoint, peer.any.sa_family, &peer);
		address_copy_out(&peer, (socklen_t)got, address, &room);
		*length = room;
	}
	return 0;
}

/**
 * is_pod_loopback() - Does a socket lead to the pod's own loopback?
 * @fd:		Socket, connected through us
 * @table:	The table
 *
 * The broker is asked only where such ports were asked for.
 *
 * Return: true if both its ends are loopback in the pod, too
 */
static bool is_pod_loopback(int fd, const struct tl_table *table)
{
	struct tl_flow_reply flow;

	return __atomic_load_n(&table->pod_port_count, __ATOMIC_RELAXED) != 0 &&
	       control_flow(fd, &flow) == 0 && endpoint_is_loopback(&flow.peer);
}

/**
 * show_own() - The pod's address in place of loopback
 * @fd:		Socket
 * @own:	Its own address as the kernel shows it; replaced, port kept
 *
 * Return: false where it isn't connected through us or the pod has no such address
 */
static bool show_own(int fd, struct tl_endpoint *own)
{
	static const uint8_t none[16];
	struct tl_endpoint plain = *own;
	const struct tl_table *table = session_get()->table;

	if (!table || !endpoint_is_loopback(own) || !flow_is_ours(fd) || is_pod_loopback(fd, table))
		return false;
	endpoint_unmap(&plain);
	if (plain.family == TL_FAMILY_4)
		memcpy(plain.address, table->pod_address_4, 4);
	else
		memcpy(plain.address, table->pod_address_6, 16);
	if (memcmp(plain.address, none, plain.family == TL_FAMILY_4 ? 4 : 16) == 0)
		return false;
	*own = plain;
	return true;
}

/**
 * shim_getsockname() - Carry out one intercepted getsockname(2)
 * @fd:		Socket
 * @address:	Application's buffer
 * @length:	Its size, then the address's
 *
 * Return: as getsockname(2)
 */
static int shim_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	union socket_address own;
	struct tl_endpoint endpoint;
	socklen_t room;
	int got = ask_kernel(libc_getsockname, fd, address, length, &room, &own);

	if (got <= 0)
		return got;
	if (endpoint_from_address(&endpoint, &own.any, (socklen_t)got) && show_own(fd, &endpoint)) {
		got = (int)endpoint_to_address(&endpoint, own.any.sa_family, &own);
		address_copy_out(&own, (socklen_t)got, address, &room);
		*length = room;
	}
	return 0;
}

EXPORT int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
	return session_intercepts() ? shim_getpeername(fd, address, length)
				    : libc_getpeername(fd, address, length);
}

EXPORT int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
	return session_intercepts() ? shim_getsockname(fd, address, length)
				    : libc_getsockname(fd, address, length);
}
