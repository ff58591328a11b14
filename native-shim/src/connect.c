/*
 * connect(2). Theory of operation:
 *
 * The broker holds a listening port whose accept queue is full, so the kernel leaves a SYN to it unanswered.
 * We connect the application's own socket there. When the far dial is over, the broker connects *back* from
 * that port (simultaneous open, RFC 9293 §3.5) and the socket becomes writable at that moment, or it shuts
 * the socket down and keeps the errno. Blocking, time-outs, signals and poll bits thus stay the kernel's own.
 *
 * Where SYN can't be held (the table says so), the far dial is awaited first.
 */
#include "connect.h"

#include "attach.h"
#include "classify.h"
#include "control.h"
#include "flow.h"
#include "libc.h"
#include "log.h"
#include "memory.h"
#include "session.h"
#include "sys.h"

#include <errno.h>
#include <netinet/tcp.h>

#define DNS_PORT 53

/* The kernel refuses these itself, before anything is sent; it shall do so in its own words. */
static bool kernel_refuses(int fd, const struct tl_endpoint *destination)
{
	int domain = sys_socket_option(fd, SOL_SOCKET, SO_DOMAIN);
	struct tl_endpoint plain = *destination;

	if (domain == AF_INET)
		return destination->family != TL_FAMILY_4;
	if (domain != AF_INET6 || destination->family != TL_FAMILY_6)
		return true;
	return endpoint_unmap(&plain) && sys_socket_option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1;
}

static enum route refuse(const char *text)
{
	log_once(LOG_DATAGRAM, text);
	return ROUTE_REFUSE;
}

/* Only TCP reaches the pod's other containers; everything else on loopback stays this machine's */
static enum verdict classify_pod_loopback(int fd, const struct tl_table *table,
					  const struct tl_endpoint *destination)
{
	enum verdict verdict = classify_pod_port(table, destination);

	if (verdict != VERDICT_HOST && sys_socket_option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP)
		return VERDICT_HOST;
	return verdict;
}

/**
 * has_left() - Is this process out of the session it was attached to?
 * @fd:		Application's socket
 *
 * A datagram is sent or refused without asking the broker, so that it has to be looked for.
 *
 * Return: false also where it was never attached
 */
static bool has_left(int fd)
{
	struct tl_flow_reply flow;

	if (session_is_attached())
		control_flow(fd, &flow);
	return session_was_attached() && !session_is_attached();
}

/**
 * classify_connect() - Decide what becomes of a destination
 * @fd:		Application's socket
 * @address:	Destination as the application gave it
 * @length:	Its length
 * @destination: Set to it
 * @name_server: Set to the broker's listener for ROUTE_NAME_SERVER
 * @name_server_length: Length of @name_server
 *
 * Asks the kernel about the socket only when the address isn't plainly the host's.
 *
 * Return: the route
 */
enum route classify_connect(int fd, const struct sockaddr *address, socklen_t length,
			    struct tl_endpoint *destination, union socket_address *name_server,
			    socklen_t *name_server_length)
{
	struct tl_endpoint loopback = {.family = TL_FAMILY_4};
	const struct tl_table *table;
	enum verdict verdict;
	bool dns;

	if (!address || length > sizeof(struct sockaddr_storage) || !memory_readable(address, length) ||
	    !endpoint_from_address(destination, address, length))
		return ROUTE_HOST;
	if (!session_get()->table && endpoint_is_loopback(destination))
		return ROUTE_HOST;
	table = session_table();
	dns = destination->port == htons(DNS_PORT) &&
	      classify_name_server(table, destination, loopback.address);
	verdict = classify_address(table, destination);
	if (verdict == VERDICT_HOST)
		verdict = classify_pod_loopback(fd, table, destination);
	if (verdict == VERDICT_UNREACHABLE && attach_is_over())
		return ROUTE_HOST;
	if ((!dns && verdict == VERDICT_HOST) || kernel_refuses(fd, destination))
		return ROUTE_HOST;
	if (dns && sys_socket_option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP) {
		if (has_left(fd))
			return ROUTE_HOST;
		loopback.port = table->relay_port_4;
		*name_server_length = endpoint_to_address(&loopback, address->sa_family, name_server);
		return ROUTE_NAME_SERVER;
	}
	if (verdict == VERDICT_HOST)
		return ROUTE_HOST;
	if (sys_socket_option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP)
		return has_left(fd) ? ROUTE_HOST
				    : refuse("only TCP reaches the cluster; UDP to it is refused (network is "
					     "unreachable)");
	if (verdict == VERDICT_UNREACHABLE) {
		log_once(LOG_BROKER_GONE, "the session isn't being served; the cluster can't be reached");
		return ROUTE_REFUSE;
	}
	return ROUTE_DIAL;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

/**
 * pending_error() - What an earlier dial left behind
 * @fd:		Socket
 *
 * connect(2) tells the pending error of a failed attempt before it begins anything new. ECONNRESET without an
 * errno of ours isn't one: connect(AF_UNSPEC) leaves it, too, and the kernel connects nevertheless.
 *
 * Return: errno, 0: none
 */
static int pending_error(int fd)
{
	int error = sys_socket_option(fd, SOL_SOCKET, SO_ERROR);

	if (error <= 0)
		return 0;
	error = flow_true_error(fd, error);
	return error == ECONNRESET ? 0 : error;
}

/* A socket with a peer is connecting, connected or reset: the kernel has something else to say */
static bool is_unconnected(int fd)
{
	struct tl_endpoint peer;
	struct tcp_info info;
	socklen_t length = sizeof(info);

	return sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
	       info.tcpi_state == TCP_CLOSE && !flow_peer(fd, &peer);
}

static bool is_nonblocking(int fd)
{
	return (sys_fcntl(fd, F_GETFL, 0) & O_NONBLOCK) != 0;
}

/**
 * connect_error() - What a failed connect to the relay's port means
 * @fd:		Socket; a blocking connect that failed has forgotten its peer
 *
 * Return: -1, with errno set
 */
static int connect_error(int fd)
{
	if (errno == ECONNREFUSED) {
		control_relay_is_gone(fd);
		return fail(ENETUNREACH);
	}
	return fail(flow_true_error(fd, errno));
}

/**
 * connect_nonblocking() - Start a connection and tell the broker
 * @fd:		Socket
 * @destination: Where to
 * @relay:	The held port
 * @length:	Length of @relay
 *
 * EALREADY, EISCONN and the like come from the kernel, because the socket is in the state it would be in.
 *
 * Return: as connect(2)
 */
static int connect_nonblocking(int fd, const struct tl_endpoint *destination,
			       const union socket_address *relay, socklen_t length)
{
	if (libc_connect(fd, &relay->any, length) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return connect_error(fd);
	if (control_dial(fd, TL_DIAL_NONBLOCKING, destination) == 0)
		return fail(EINPROGRESS);
	/* nobody will answer this SYN: take it back, and the error which that leaves */
	sys_shutdown(fd, SHUT_RDWR);
	sys_socket_option(fd, SOL_SOCKET, SO_ERROR);
	return fail(ENETUNREACH);
}

/**
 * connect_blocking() - Tell the broker, then sleep in the kernel
 * @fd:		Socket
 * @destination: Where to
 * @relay:	The held port
 * @length:	Length of @relay
 *
 * Return: as connect(2)
 */
static int connect_blocking(int fd, const struct tl_endpoint *destination, const union socket_address *relay,
			    socklen_t length)
{
	if (is_unconnected(fd) && control_dial(fd, 0, destination) < 0)
		return fail(ENETUNREACH);
	return libc_connect(fd, &relay->any, length) == 0 ? 0 : connect_error(fd);
}

/**
 * connect_waiting() - Await the far dial, then connect to a port that accepts
 * @fd:		Socket
 * @table:	The table
 * @destination: Where to
 * @family:	The socket's family
 *
 * Return: as connect(2); a non-blocking socket gets a failed dial's errno at once
 */
static int connect_waiting(int fd, const struct tl_table *table, const struct tl_endpoint *destination,
			   int family)
{
	uint16_t flags = is_nonblocking(fd) ? TL_DIAL_NONBLOCKING : 0;
	union socket_address relay;
	struct tl_dial_reply reply = {0};
	socklen_t length;

	log_once(
		LOG_WAITING,
		"connections can't be held open on this system; connect() blocks until the cluster answered");
	if (is_unconnected(fd)) {
		int result = control_dial_wait(fd, flags, destination, &reply);

		if (result == CONTROL_INTERRUPTED)
			return fail(EINTR);
		if (result < 0)
			return fail(ENETUNREACH);
		if (reply.error != 0)
			return fail((int)reply.error);
	}
	length = endpoint_relay(table, destination, reply.port, family, &relay);
	return libc_connect(fd, &relay.any, length) == 0 ? 0 : connect_error(fd);
}

static bool syn_is_held(const struct tl_table *table, const struct tl_endpoint *destination)
{
	uint32_t flags = __atomic_load_n(&table->flags, __ATOMIC_RELAXED);
	struct tl_endpoint plain = *destination;

	endpoint_unmap(&plain);
	return flags & (plain.family == TL_FAMILY_4 ? TL_TABLE_HELD_SYN_4 : TL_TABLE_HELD_SYN_6);
}

/**
 * dial() - Connect an application's TCP socket to the cluster
 * @fd:		Socket
 * @destination: Where to
 * @family:	The socket's family
 *
 * Return: as connect(2)
 */
static int dial(int fd, const struct tl_endpoint *destination, int family)
{
	const struct tl_table *table = session_get()->table;
	union socket_address relay;
	socklen_t length;
	int error = pending_error(fd);
	int off = 0;

	if (error)
		return fail(error);
	/* a deferred SYN (TCP Fast Open) would leave connect() without asking the far end */
	sys_setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &off, sizeof(off));
	if (!syn_is_held(table, destination))
		return connect_waiting(fd, table, destination, family);
	length = endpoint_relay(table, destination, 0, family, &relay);
	if (is_nonblocking(fd))
		return connect_nonblocking(fd, destination, &relay, length);
	return connect_blocking(fd, destination, &relay, length);
}

/**
 * connect_outside() - A dial that found the broker gone and took this process out of the session
 * @fd:		Application's socket
 * @address:	Destination
 * @length:	Its length
 *
 * connect(AF_UNSPEC) takes back what was done to the socket; it leaves an error behind.
 *
 * Return: as connect(2)
 */
static int connect_outside(int fd, const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	sys_connect(fd, &nobody, sizeof(nobody));
	sys_socket_option(fd, SOL_SOCKET, SO_ERROR);
	return libc_connect(fd, address, length);
}

/**
 * shim_connect() - Carry out one intercepted connect(2)
 * @fd:		Application's socket; never closed here
 * @address:	Destination
 * @length:	Its length
 *
 * Return: 0, or -1 with errno as connect(2) would set it
 */
int shim_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	struct tl_endpoint destination;
	union socket_address name_server;
	socklen_t name_server_length = 0;

	switch (classify_connect(fd, address, length, &destination, &name_server, &name_server_length)) {
	case ROUTE_DIAL:
		if (dial(fd, &destination, address->sa_family) == 0)
			return 0;
		if (errno != ENETUNREACH || !session_was_attached() || session_is_attached())
			return -1;
		return connect_outside(fd, address, length);
	case ROUTE_NAME_SERVER:
		return libc_connect(fd, &name_server.any, name_server_length);
	case ROUTE_REFUSE:
		return fail(ENETUNREACH);
	case ROUTE_HOST:
		break;
	}
	return libc_connect(fd, address, length);
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return session_intercepts() ? shim_connect(fd, address, length) : libc_connect(fd, address, length);
}
