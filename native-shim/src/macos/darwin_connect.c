/*
 * connect(2) and kin on macOS. SYN can't be held here, so every dial is a WAIT: the far end is asked first,
 * and the socket then connects to a port that accepts. The errno is right; a non-blocking connect blocks for
 * the dial.
 *
 * There is no SO_COOKIE: a flow's COOKIE is FAMILY << 16 | its own port, which the broker sees when it
 * accepts.
 */
#include "classify.h"
#include "darwin_session.h"

#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool read_address(struct tl_endpoint *endpoint, const struct sockaddr *address, socklen_t length)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (address && address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *in = (const void *)address;

		endpoint->family = TL_FAMILY_4;
		endpoint->port = in->sin_port;
		memcpy(endpoint->address, in->sin_addr, 4);
		return true;
	}
	if (address && address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		endpoint->family = TL_FAMILY_6;
		endpoint->port = in6->sin6_port;
		memcpy(endpoint->address, in6->sin6_addr, 16);
		return true;
	}
	return false;
}

static socklen_t write_address(const struct tl_endpoint *endpoint, int family, union socket_address *address)
{
	struct tl_endpoint plain = *endpoint;

	endpoint_unmap(&plain);
	memset(address, 0, sizeof(*address));
	if (family == AF_INET) {
		address->in.sin_len = sizeof(address->in);
		address->in.sin_family = AF_INET;
		address->in.sin_port = plain.port;
		memcpy(address->in.sin_addr, plain.address, 4);
		return sizeof(address->in);
	}
	address->in6.sin6_len = sizeof(address->in6);
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_port = plain.port;
	if (plain.family == TL_FAMILY_4) {
		memcpy(address->in6.sin6_addr, mapped_prefix, 12);
		memcpy(address->in6.sin6_addr + 12, plain.address, 4);
	} else {
		memcpy(address->in6.sin6_addr, plain.address, 16);
	}
	return sizeof(address->in6);
}

/* The protocol speaks Linux's numbers */
static int darwin_errno(uint32_t linux_errno)
{
	switch (linux_errno) {
	case 101:
		return ENETUNREACH;
	case 104:
		return ECONNRESET;
	case 110:
		return ETIMEDOUT;
	case 113:
		return EHOSTUNREACH;
	default:
		return linux_errno < 35 ? (int)linux_errno : ECONNREFUSED; /* 1 to 34 are the same on both */
	}
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static bool is_stream(int fd)
{
	int type = 0, error = errno;
	socklen_t length = sizeof(type);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
	errno = error;
	return type == SOCK_STREAM;
}

static bool is_connected(int fd)
{
	union socket_address peer;
	socklen_t length = sizeof(peer);
	int error = errno;
	bool connected = getpeername(fd, &peer.any, &length) == 0;

	errno = error;
	return connected;
}

static int dial(int fd, const struct tl_endpoint *destination, int family)
{
	uint16_t flags = TL_DIAL_WAIT | (fcntl(fd, F_GETFL) & O_NONBLOCK ? TL_DIAL_NONBLOCKING : 0);
	struct tl_endpoint relay = {.family = TL_FAMILY_4, .address = {127, 0, 0, 1}}, plain = *destination;
	struct tl_dial_reply reply = {0};
	union socket_address address;
	uint8_t packet[64];
	socklen_t length;
	long got;

	if (is_connected(fd))
		return fail(EISCONN);
	got = darwin_ask(packet, tl_encode_dial(packet, sizeof(packet), flags, destination), fd, packet,
			 sizeof(packet));
	if (got == -2)
		return fail(EINTR);
	if (got < 0 || tl_decode_dial_reply(packet, (size_t)got, &reply) < 0)
		return fail(ENETUNREACH);
	if (reply.error)
		return fail(darwin_errno(reply.error));
	endpoint_unmap(&plain);
	if (plain.family == TL_FAMILY_6)
		relay = (struct tl_endpoint){.family = TL_FAMILY_6, .address = {[15] = 1}};
	relay.port = reply.port;
	length = write_address(&relay, family, &address);
	return connect(fd, &address.any, length);
}

/* A cluster address that can't be carried: datagrams, or no broker */
static bool is_refused(int fd, enum verdict verdict)
{
	if (verdict == VERDICT_CLUSTER && is_stream(fd))
		return false;
	if (verdict == VERDICT_CLUSTER)
		darwin_log(LOG_DATAGRAM,
			   "telelaunch: only TCP reaches the cluster; datagrams to it are refused\n");
	else
		darwin_log(LOG_BROKER_GONE, "telelaunch: the session isn't being served\n");
	return true;
}

static int shim_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	struct tl_endpoint destination;
	enum verdict verdict;

	if (!read_address(&destination, address, length))
		return connect(fd, address, length);
	verdict = classify_address(darwin_table(), &destination);
	if (verdict == VERDICT_HOST)
		return connect(fd, address, length);
	return is_refused(fd, verdict) ? fail(ENETUNREACH) : dial(fd, &destination, address->sa_family);
}

static int shim_connectx(int fd, const struct sa_endpoints *endpoints, uint32_t association,
			 unsigned int flags, const struct iovec *vector, unsigned int count, size_t *length,
			 uint32_t *connection)
{
	struct tl_endpoint destination;
	ssize_t sent = 0;

	if (!endpoints || !read_address(&destination, endpoints->sae_dstaddr, endpoints->sae_dstaddrlen) ||
	    classify_address(darwin_table(), &destination) == VERDICT_HOST)
		return connectx(fd, endpoints, association, flags, vector, count, length, connection);
	if (shim_connect(fd, endpoints->sae_dstaddr, endpoints->sae_dstaddrlen) != 0)
		return -1;
	if (vector && count)
		sent = writev(fd, vector, (int)count);
	if (length)
		*length = sent > 0 ? (size_t)sent : 0;
	return sent < 0 ? -1 : 0;
}

static bool refuses_datagram(int fd, const struct sockaddr *address, socklen_t length)
{
	struct tl_endpoint destination;
	enum verdict verdict;

	if (!read_address(&destination, address, length) || is_stream(fd))
		return false;
	verdict = classify_address(darwin_table(), &destination);
	return verdict != VERDICT_HOST && is_refused(fd, verdict);
}

static ssize_t shim_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
			   socklen_t length)
{
	return refuses_datagram(fd, address, length) ? fail(ENETUNREACH)
						     : sendto(fd, data, size, flags, address, length);
}

static ssize_t shim_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (message && refuses_datagram(fd, message->msg_name, message->msg_namelen))
		return fail(ENETUNREACH);
	return sendmsg(fd, message, flags);
}

static bool flow_of(int fd, struct tl_flow_reply *flow)
{
	const struct tl_table *table = darwin_table();
	union socket_address peer, own;
	socklen_t peer_length = sizeof(peer), own_length = sizeof(own);
	struct tl_endpoint endpoint;
	uint8_t packet[64];
	long got;

	if (!table || getpeername(fd, &peer.any, &peer_length) != 0 ||
	    getsockname(fd, &own.any, &own_length) != 0 || !read_address(&endpoint, &peer.any, peer_length))
		return false;
	endpoint_unmap(&endpoint);
	if (endpoint.port != (endpoint.family == TL_FAMILY_4 ? table->relay_port_4 : table->relay_port_6) ||
	    !read_address(&endpoint, &own.any, own_length))
		return false;
	endpoint_unmap(&endpoint);
	got = darwin_ask(packet,
			 tl_encode_flow(packet, sizeof(packet),
					(uint64_t)endpoint.family << 16 | __builtin_bswap16(endpoint.port)),
			 -1, packet, sizeof(packet));
	return got >= 0 && tl_decode_flow_reply(packet, (size_t)got, flow) == 0;
}

/* peer: the address that was asked for, else the pod's own */
static int show_name(int fd, bool peer, struct sockaddr *address, socklen_t *length)
{
	socklen_t room = length ? *length : 0, shown_length;
	int result = peer ? getpeername(fd, address, length) : getsockname(fd, address, length);
	union socket_address shown;
	struct tl_flow_reply flow;

	if (result != 0 || !address || room < 2 ||
	    (address->sa_family != AF_INET && address->sa_family != AF_INET6) || !flow_of(fd, &flow))
		return result;
	shown_length = write_address(peer ? &flow.peer : &flow.own, address->sa_family, &shown);
	memcpy(address, &shown, room < shown_length ? room : shown_length);
	*length = shown_length;
	return 0;
}

static int shim_getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
	return show_name(fd, true, address, length);
}

static int shim_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	return show_name(fd, false, address, length);
}

INTERPOSE(connect);
INTERPOSE(connectx);
INTERPOSE(sendto);
INTERPOSE(sendmsg);
INTERPOSE(getpeername);
INTERPOSE(getsockname);
