/*
 * There is no list of sockets: a socket is ours when its peer is the relay's port on loopback, which the
 * kernel tells through SO_PEERNAME in every state, SYN_SENT and CLOSE included (getpeername(2) wouldn't).
 *
 *   far dial failed    the broker shut the socket down in SYN_SENT: ECONNRESET, peer forgotten → ask for the
 * errno reset later        ECONNRESET, peer still there → it is a reset broker died        the held SYN is
 * answered by RST: ECONNREFUSED, peer is the relay → ENETUNREACH
 */
#include "flow.h"

#include "classify.h"
#include "control.h"
#include "endpoint.h"
#include "session.h"
#include "sys.h"

#include <errno.h>

#ifndef SO_PEERNAME
#define SO_PEERNAME 28
#endif

/**
 * flow_peer() - The kernel's idea of a socket's peer, whatever its state
 * @fd:		Socket
 * @peer:	Set to it
 *
 * Return: false where it never had one or lost it
 */
bool flow_peer(int fd, struct tl_endpoint *peer)
{
	union socket_address address;
	socklen_t length = sizeof(address.in6);
	int result = sys_getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &address, &length);

	/* this option wants a buffer no longer than the address */
	if (result == -EINVAL) {
		length = sizeof(address.in);
		result = sys_getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &address, &length);
	}
	return result == 0 && endpoint_from_address(peer, &address.any, length);
}

bool flow_is_ours(int fd)
{
	const struct tl_table *table = session_get()->table;
	struct tl_endpoint peer;

	return table && flow_peer(fd, &peer) && endpoint_is_relay(table, &peer);
}

static bool is_tcp(int fd)
{
	return sys_socket_option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP;
}

/**
 * flow_true_error() - Turn what the kernel reports into what happened in the cluster
 * @fd:		Socket
 * @error:	errno the kernel gave for it
 *
 * Return: errno to show
 */
int flow_true_error(int fd, int error)
{
	struct tl_flow_reply flow;
	struct tl_endpoint peer;

	if ((error != ECONNRESET && error != ECONNREFUSED) || !is_tcp(fd))
		return error;
	if (error == ECONNREFUSED) {
		if (!flow_is_ours(fd))
			return error;
		control_relay_is_gone(fd);
		return ENETUNREACH;
	}
	if (flow_peer(fd, &peer))
		return error;
	return control_flow(fd, &flow) == 0 && flow.error != 0 ? (int)flow.error : error;
}
