/*
 * listen(2): the broker is told of every TCP socket of the tree that begins to listen, because nothing else
 * says which of this machine's listening sockets are the command's. It knows the socket by its SO_COOKIE,
 * which a child that inherits it, and a second descriptor, share. Nothing else changes.
 */
#include "control.h"
#include "endpoint.h"
#include "libc.h"
#include "session.h"
#include "sys.h"

/* A session that exposes no port, is over, or has no table, has no use for it */
static bool is_wanted(void)
{
	const uint32_t wanted = TL_TABLE_ACTIVE | TL_TABLE_LISTENERS;
	const struct tl_table *table = session_get()->table;

	return table && (__atomic_load_n(&table->flags, __ATOMIC_RELAXED) & wanted) == wanted;
}

/**
 * shim_listen() - Carry out one intercepted listen(2)
 * @fd:		Application's socket
 * @backlog:	As the application gave it
 *
 * Return: as listen(2)
 */
static int shim_listen(int fd, int backlog)
{
	union socket_address address;
	socklen_t length = sizeof(address);
	struct tl_endpoint own;
	int result = libc_listen(fd, backlog);

	if (result != 0 || !is_wanted())
		return result;
	if (sys_socket_option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP &&
	    sys_getsockname(fd, &address, &length) == 0 && endpoint_from_address(&own, &address.any, length))
		control_listening(fd, &own);
	return result;
}

EXPORT int listen(int fd, int backlog)
{
	return session_intercepts() ? shim_listen(fd, backlog) : libc_listen(fd, backlog);
}
