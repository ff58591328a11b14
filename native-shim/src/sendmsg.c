/*
 * sendto(2), sendmsg(2), sendmmsg(2): datagrams to the cluster are refused, those to a name server go to the
 * broker's listener, and TCP Fast Open becomes a connect and a send, as the kernel does without a cookie.
 */
#include "connect.h"
#include "libc.h"
#include "memory.h"
#include "session.h"
#include "sys.h"

#include <errno.h>

static int fail(int error)
{
	errno = error;
	return -1;
}

/**
 * send_route() - Decide what becomes of a message
 * @fd:		Socket
 * @message:	Message
 * @flags:	Flags of the call
 * @name_server: Set to the broker's listener for ROUTE_NAME_SERVER
 * @length:	Length of @name_server
 *
 * A stream socket ignores the address unless MSG_FASTOPEN is given.
 *
 * Return: the route
 */
static enum route send_route(int fd, const struct msghdr *message, int flags,
			     union socket_address *name_server, socklen_t *length)
{
	socklen_t name_length = message->msg_namelen;
	struct tl_endpoint destination;
	enum route route;

	if (!message->msg_name)
		return ROUTE_HOST;
	/* the kernel cuts an over-long name; a negative length it refuses */
	if ((int)name_length > (int)sizeof(struct sockaddr_storage))
		name_length = sizeof(struct sockaddr_storage);
	route = classify_connect(fd, message->msg_name, name_length, &destination, name_server, length);
	if (route == ROUTE_HOST || route == ROUTE_NAME_SERVER || (flags & MSG_FASTOPEN))
		return route;
	return sys_socket_option(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM ? ROUTE_HOST : route;
}

/**
 * shim_sendmsg() - Carry out one intercepted sendmsg(2)
 * @fd:		Socket
 * @message:	Message
 * @flags:	Flags
 *
 * Return: as sendmsg(2)
 */
static ssize_t shim_sendmsg(int fd, const struct msghdr *message, int flags)
{
	union socket_address name_server;
	socklen_t length = 0;
	struct msghdr changed;

	if (!memory_readable(message, sizeof(*message)))
		return libc_sendmsg(fd, message, flags);
	changed = *message;
	switch (send_route(fd, message, flags, &name_server, &length)) {
	case ROUTE_HOST:
		break;
	case ROUTE_REFUSE:
		return fail(ENETUNREACH);
	case ROUTE_NAME_SERVER:
		changed.msg_name = &name_server;
		changed.msg_namelen = length;
		return libc_sendmsg(fd, &changed, flags);
	case ROUTE_DIAL:
		if (shim_connect(fd, message->msg_name, message->msg_namelen) != 0)
			return -1;
		changed.msg_name = NULL;
		changed.msg_namelen = 0;
		return libc_sendmsg(fd, &changed, flags & ~MSG_FASTOPEN);
	}
	return libc_sendmsg(fd, message, flags);
}

static ssize_t shim_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
			   socklen_t length)
{
	struct iovec vector = {.iov_base = (void *)data, .iov_len = size};
	const struct msghdr message = {
		.msg_name = (void *)address, .msg_namelen = length, .msg_iov = &vector, .msg_iovlen = 1};
	union socket_address name_server;
	socklen_t name_server_length;

	if (send_route(fd, &message, flags, &name_server, &name_server_length) == ROUTE_HOST)
		return libc_sendto(fd, data, size, flags, address, length);
	return shim_sendmsg(fd, &message, flags);
}

/**
 * shim_sendmmsg() - Carry out one intercepted sendmmsg(2)
 * @fd:		Socket
 * @messages:	Messages
 * @count:	How many
 * @flags:	Flags
 *
 * One by one as soon as one of them isn't the host's; like the kernel's, an error counts only for the first.
 * Neither looks behind one that can't be read: the kernel stops there.
 *
 * Return: as sendmmsg(2)
 */
static int shim_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	union socket_address name_server;
	socklen_t length;
	unsigned int i;
	bool readable = memory_readable(messages, count * sizeof(*messages)), ours = false;

	for (i = 0; i < count && !ours && (readable || memory_readable(&messages[i], sizeof(*messages))); i++)
		ours = send_route(fd, &messages[i].msg_hdr, flags, &name_server, &length) != ROUTE_HOST;
	if (!ours)
		return libc_sendmmsg(fd, messages, count, flags);
	for (i = 0; i < count; i++) {
		ssize_t sent = shim_sendmsg(fd, &messages[i].msg_hdr, flags);

		if (sent < 0)
			break;
		messages[i].msg_len = (unsigned int)sent;
	}
	return i ? (int)i : -1;
}

EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
		      socklen_t length)
{
	if (!address || length > sizeof(struct sockaddr_storage) || !session_intercepts()) {
		session_get();
		return libc_sendto(fd, data, size, flags, address, length);
	}
	return shim_sendto(fd, data, size, flags, address, length);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return session_intercepts() ? shim_sendmsg(fd, message, flags) : libc_sendmsg(fd, message, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return session_intercepts() ? shim_sendmmsg(fd, messages, count, flags)
				    : libc_sendmmsg(fd, messages, count, flags);
}
