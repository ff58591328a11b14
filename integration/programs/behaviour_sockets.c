/* How sockets answer in states and to arguments that Python and node can't bring about. */
#include "behaviour.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <dirent.h>

#ifndef SO_PEERNAME
#define SO_PEERNAME 28
#endif

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
	unsigned char bytes[sizeof(struct sockaddr_storage)];
};

static socklen_t loopback(union name *name, int family, int port)
{
	memset(name, 0, sizeof(*name));
	name->any.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		name->in.sin_port = htons((uint16_t)port);
		name->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(name->in);
	}
	name->in6.sin6_port = htons((uint16_t)port);
	name->in6.sin6_addr = in6addr_loopback;
	return sizeof(name->in6);
}

/* A bound socket and its name */
static int bound(int family, int type, union name *name, socklen_t *length)
{
	int fd = socket(family, type, 0);

	*length = loopback(name, family, 0);
	NEED(bind(fd, &name->any, *length));
	NEED(getsockname(fd, &name->any, length));
	return fd;
}

static int listener(int family, union name *name, socklen_t *length)
{
	int fd = bound(family, SOCK_STREAM, name, length);

	NEED(listen(fd, 8));
	return fd;
}

/* A listener that leaves every further SYN unanswered, because its queue is full */
static void full_listener(union name *name, socklen_t *length)
{
	int fd = bound(AF_INET, SOCK_STREAM, name, length);

	NEED(listen(fd, 1));
	for (int i = 0; i < 2; i++)
		NEED(connect(socket(AF_INET, SOCK_STREAM, 0), &name->any, *length));
}

static void closed_port(int family, union name *name, socklen_t *length)
{
	/* bound, so that nobody else gets it; not listening */
	bound(family, SOCK_STREAM, name, length);
}

/* Both ends of a TCP connection */
static void tcp_pair(int family, int ends[2])
{
	union name name;
	socklen_t length;
	int fd = listener(family, &name, &length);

	ends[0] = socket(family, SOCK_STREAM, 0);
	NEED(connect(ends[0], &name.any, length));
	NEED(ends[1] = accept(fd, NULL, NULL));
	close(fd);
}

static void tell_socket_error(const char *what, int fd)
{
	int error = -1;
	socklen_t length = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		tell(what, "%s", strerror(errno));
	else
		tell(what, "%d %s", (int)length, strerror(error));
}

static void tell_events(const char *what, int fd, short events)
{
	struct pollfd poll_ = { .fd = fd, .events = events };
	int count = poll(&poll_, 1, -1);

	tell(what, "%d, events %#x", count, (unsigned int)poll_.revents);
}

static void await_state(int fd, int state)
{
	struct tcp_info info = { 0 };
	socklen_t length;

	do {
		sched_yield();
		length = sizeof(info);
		NEED(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
	} while (info.tcpi_state != state);
}

CASE(udp_association_is_dissolved)
{
	union name name, other = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t length;
	int server = bound(AF_INET, SOCK_DGRAM, &name, &length), fd = socket(AF_INET, SOCK_DGRAM, 0);

	TELL("send before", send(fd, "x", 1, 0));
	TELL("connect", connect(fd, &name.any, length));
	TELL("send", send(fd, "x", 1, 0));
	TELL("recv", recv(server, &other, 1, 0));
	length = sizeof(other);
	TELL("getpeername", getpeername(fd, &other.any, &length));
	memset(&other, 0, sizeof(other));
	TELL("connect unspec", connect(fd, &other.any, sizeof(other.in)));
	TELL("getpeername after", getpeername(fd, &other.any, &length));
	TELL("send after", send(fd, "x", 1, 0));
	TELL("connect short unspec", connect(fd, &other.any, 2));
	TELL("connect again", connect(fd, &name.any, sizeof(name.in)));
	TELL("connect elsewhere", connect(fd, &name.any, sizeof(name.in)));
}

CASE(tcp_association_is_dissolved)
{
	union name name, none = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t length;
	int fd;

	listener(AF_INET, &name, &length);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	TELL("unspec before", connect(fd, &none.any, sizeof(none.in)));
	TELL("connect", connect(fd, &name.any, length));
	TELL("unspec", connect(fd, &none.any, sizeof(none.in)));
	TELL("send", send(fd, "x", 1, MSG_NOSIGNAL));
	tell_socket_error("error", fd);
	TELL("again", connect(fd, &name.any, length));
}

static void refuse_nonblocking(const char *prefix, int family)
{
	char what[64];
	union name name;
	socklen_t length;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	closed_port(family, &name, &length);
#define SAY(text) (snprintf(what, sizeof(what), "%s %s", prefix, text), what)
	TELL(SAY("connect"), connect(fd, &name.any, length));
	tell_events(SAY("poll"), fd, POLLIN | POLLOUT | POLLRDHUP);
	length = sizeof(name);
	TELL(SAY("getpeername"), getpeername(fd, &name.any, &length));
	tell_socket_error(SAY("error"), fd);
	tell_socket_error(SAY("error again"), fd);
	TELL(SAY("send"), send(fd, "x", 1, MSG_NOSIGNAL));
	TELL(SAY("recv"), recv(fd, what, 0, 0));
#undef SAY
}

CASE(refused_nonblocking)
{
	refuse_nonblocking("IPv4", AF_INET);
	refuse_nonblocking("IPv6", AF_INET6);
}

CASE(refused_told_by_second_connect)
{
	union name name;
	socklen_t length;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	closed_port(AF_INET, &name, &length);
	TELL("connect", connect(fd, &name.any, length));
	tell_events("poll", fd, POLLOUT);
	TELL("second", connect(fd, &name.any, length));
	tell_socket_error("error", fd);
	TELL("third", connect(fd, &name.any, length));
}

CASE(refused_told_by_send)
{
	union name name;
	socklen_t length;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	closed_port(AF_INET, &name, &length);
	TELL("connect", connect(fd, &name.any, length));
	tell_events("poll", fd, POLLOUT);
	TELL("send", send(fd, "x", 1, MSG_NOSIGNAL));
	TELL("send again", send(fd, "x", 1, MSG_NOSIGNAL));
	tell_socket_error("error", fd);
}

CASE(refused_blocking)
{
	union name name;
	socklen_t length;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	closed_port(AF_INET, &name, &length);
	TELL("connect", connect(fd, &name.any, length));
	tell_socket_error("error", fd);
	TELL("again", connect(fd, &name.any, length));
}

CASE(refused_datagram)
{
	union name name;
	socklen_t length;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), bound_ = bound(AF_INET, SOCK_DGRAM, &name, &length);

	close(bound_);
	TELL("connect", connect(fd, &name.any, length));
	TELL("send", send(fd, "x", 1, 0));
	tell_events("poll", fd, POLLIN);
	tell_socket_error("error", fd);
	tell_socket_error("error again", fd);
	TELL("send again", send(fd, "x", 1, 0));
	TELL("recv", recv(fd, &name, 1, 0));
}

CASE(second_connect)
{
	union name name;
	socklen_t length;
	int fd;

	full_listener(&name, &length);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	TELL("pending", connect(fd, &name.any, length));
	TELL("while pending", connect(fd, &name.any, length));
	tell_socket_error("error while pending", fd);
	TELL("send while pending", send(fd, "x", 1, MSG_NOSIGNAL));
	length = sizeof(name);
	TELL("getpeername while pending", getpeername(fd, &name.any, &length));
	TELL("shutdown while pending", shutdown(fd, SHUT_RDWR));
	tell_events("after shutdown", fd, POLLIN | POLLOUT);
	tell_socket_error("error after shutdown", fd);

	listener(AF_INET, &name, &length);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	TELL("connect", connect(fd, &name.any, length));
	TELL("connect again", connect(fd, &name.any, length));
	TELL("connect a listener", connect(socket(AF_INET, SOCK_STREAM, 0), &name.any, length));
}

CASE(descriptors_that_are_none)
{
	union name name;
	socklen_t length = loopback(&name, AF_INET, 9), size = sizeof(int);
	int pipes[2], value;

	NEED(pipe(pipes));
	for (int i = 0; i < 2; i++) {
		int fd = i ? pipes[0] : -1;

		TELL(i ? "pipe connect" : "-1 connect", connect(fd, &name.any, length));
		TELL(i ? "pipe getpeername" : "-1 getpeername", getpeername(fd, &name.any, &length));
		TELL(i ? "pipe getsockname" : "-1 getsockname", getsockname(fd, &name.any, &length));
		TELL(i ? "pipe getsockopt" : "-1 getsockopt", getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size));
		TELL(i ? "pipe sendto" : "-1 sendto", sendto(fd, "x", 1, 0, &name.any, length));
		TELL(i ? "pipe recvfrom" : "-1 recvfrom", recvfrom(fd, &value, 1, 0, &name.any, &length));
		TELL(i ? "pipe getpeername bad" : "-1 getpeername bad", getpeername(fd, NOWHERE, NOWHERE));
		TELL(i ? "pipe connect bad" : "-1 connect bad", connect(fd, NOWHERE, length));
		TELL(i ? "pipe getsockopt bad" : "-1 getsockopt bad", getsockopt(fd, SOL_SOCKET, SO_ERROR, NOWHERE, NOWHERE));
	}
}

static void connect_lengths(int family)
{
	static const int lengths[] = { -1, 0, 1, 2, 8, 15, 16, 17, 23, 24, 27, 28, 29, 127, 128, 129, INT_MAX };
	char what[64];
	union name name;
	socklen_t length;

	closed_port(family, &name, &length);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		int fd = socket(family, SOCK_STREAM, 0);

		snprintf(what, sizeof(what), "family %d length %d", family, lengths[i]);
		TELL(what, connect(fd, &name.any, (socklen_t)lengths[i]));
		close(fd);
		fd = socket(family, SOCK_DGRAM, 0);
		snprintf(what, sizeof(what), "family %d datagram length %d", family, lengths[i]);
		TELL(what, connect(fd, &name.any, (socklen_t)lengths[i]));
		snprintf(what, sizeof(what), "family %d sendto length %d", family, lengths[i]);
		TELL(what, sendto(fd, "x", 1, 0, &name.any, (socklen_t)lengths[i]));
		close(fd);
	}
}

CASE(address_lengths)
{
	connect_lengths(AF_INET);
	connect_lengths(AF_INET6);
}

CASE(bad_pointers_connect)
{
	union name name;
	socklen_t length;
	void *edge = before_the_edge(8);
	int fd = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), un = socket(AF_UNIX, SOCK_STREAM, 0);

	closed_port(AF_INET, &name, &length);
	memcpy(edge, &name, 8);
	TELL("NULL", connect(fd, NULL, length));
	TELL("NULL, 0", connect(fd, NULL, 0));
	TELL("nowhere", connect(fd, NOWHERE, length));
	TELL("nowhere, 4", connect(fd, NOWHERE, 4));
	TELL("nowhere, -1", connect(fd, NOWHERE, (socklen_t)-1));
	TELL("over the edge", connect(fd, edge, length));
	TELL("up to the edge", connect(fd, edge, 8));
	edge = before_the_edge(sizeof(name.in));
	memcpy(edge, &name, sizeof(name.in));
	TELL("whole before the edge", connect(fd, edge, sizeof(name.in)));
	TELL("edge, longer", connect(fd, edge, sizeof(name.in6)));
	TELL("datagram nowhere", connect(udp, NOWHERE, length));
	TELL("unix nowhere", connect(un, NOWHERE, length));
}

CASE(bad_pointers_names)
{
	union name name;
	socklen_t length = sizeof(name), *edge = before_the_edge(2);
	int ends[2], fd = socket(AF_INET, SOCK_STREAM, 0);

	tcp_pair(AF_INET, ends);
	TELL("peer NULL NULL", getpeername(ends[0], NULL, NULL));
	TELL("peer NULL", getpeername(ends[0], NULL, &length));
	TELL("peer nowhere", getpeername(ends[0], NOWHERE, &length));
	TELL("peer length nowhere", getpeername(ends[0], &name.any, NOWHERE));
	TELL("peer length over the edge", getpeername(ends[0], &name.any, edge));
	TELL("peer name over the edge", getpeername(ends[0], (void *)edge, &length));
	TELL("own NULL NULL", getsockname(ends[0], NULL, NULL));
	TELL("own nowhere", getsockname(ends[0], NOWHERE, &length));
	TELL("own length nowhere", getsockname(ends[0], &name.any, NOWHERE));
	TELL("own length over the edge", getsockname(ends[0], &name.any, edge));
	TELL("unconnected peer nowhere", getpeername(fd, NOWHERE, &length));
	TELL("unconnected peer length nowhere", getpeername(fd, &name.any, NOWHERE));
	length = 0;
	TELL("peer NULL, 0", getpeername(ends[0], NULL, &length));
	tell("peer NULL, 0 length", "%u", length);
}

CASE(bad_pointers_options)
{
	int ends[2], value = 7;
	socklen_t length = sizeof(value);

	tcp_pair(AF_INET, ends);
	TELL("value NULL", getsockopt(ends[0], SOL_SOCKET, SO_ERROR, NULL, &length));
	TELL("value nowhere", getsockopt(ends[0], SOL_SOCKET, SO_ERROR, NOWHERE, &length));
	TELL("length NULL", getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &value, NULL));
	TELL("length nowhere", getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &value, NOWHERE));
	TELL("peer name nowhere", getsockopt(ends[0], SOL_SOCKET, SO_PEERNAME, NOWHERE, &length));
	TELL("peer name length nowhere", getsockopt(ends[0], SOL_SOCKET, SO_PEERNAME, &value, NOWHERE));
	for (int i = -1; i <= 8; i++) {
		char what[32];

		value = 0x55555555;
		length = (socklen_t)i;
		snprintf(what, sizeof(what), "error length %d", i);
		TELL(what, getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &value, &length));
		tell(what, "%d %#x", (int)length, (unsigned int)value);
	}
}

CASE(bad_pointers_send)
{
	union name name;
	socklen_t length;
	char *edge = before_the_edge(8);
	struct iovec vector = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	struct mmsghdr two[2] = { { .msg_hdr = message }, { .msg_hdr = message } };
	int server = bound(AF_INET, SOCK_DGRAM, &name, &length), fd = socket(AF_INET, SOCK_DGRAM, 0);

	TELL("sendto data", sendto(fd, NOWHERE, 1, 0, &name.any, length));
	TELL("sendto name", sendto(fd, "x", 1, 0, NOWHERE, length));
	memcpy(edge, &name, 8);
	TELL("sendto name over the edge", sendto(fd, "x", 1, 0, (void *)edge, length));
	TELL("sendto NULL with length", sendto(fd, "x", 1, 0, NULL, length));
	TELL("sendmsg NULL", sendmsg(fd, NULL, 0));
	TELL("sendmsg nowhere", sendmsg(fd, NOWHERE, 0));
	TELL("sendmsg over the edge", sendmsg(fd, (void *)edge, 0));
	TELL("sendmsg without a name", sendmsg(fd, &message, 0));
	message.msg_name = NOWHERE;
	message.msg_namelen = length;
	TELL("sendmsg name nowhere", sendmsg(fd, &message, 0));
	message.msg_name = edge;
	TELL("sendmsg name over the edge", sendmsg(fd, &message, 0));
	message.msg_name = &name;
	vector.iov_base = NOWHERE;
	TELL("sendmsg data nowhere", sendmsg(fd, &message, 0));
	message.msg_iov = NOWHERE;
	TELL("sendmsg vector nowhere", sendmsg(fd, &message, 0));
	TELL("sendmmsg NULL", sendmmsg(fd, NULL, 1, 0));
	TELL("sendmmsg NULL, 0", sendmmsg(fd, NULL, 0, 0));
	TELL("sendmmsg nowhere", sendmmsg(fd, NOWHERE, 2, 0));
	vector.iov_base = "x";
	two[0].msg_hdr.msg_name = &name;
	two[0].msg_hdr.msg_namelen = length;
	two[1].msg_hdr.msg_name = NOWHERE;
	two[1].msg_hdr.msg_namelen = length;
	TELL("sendmmsg second name nowhere", sendmmsg(fd, two, 2, 0));
	tell("sendmmsg lengths", "%u %u", two[0].msg_len, two[1].msg_len);
	TELL("received", recv(server, &name, sizeof(name), MSG_DONTWAIT));
}

CASE(bad_pointers_receive)
{
	union name name, from;
	socklen_t length, *edge = before_the_edge(2), room = sizeof(from);
	char data[8];
	struct iovec vector = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	int fd = bound(AF_INET, SOCK_DGRAM, &name, &length);

	for (int i = 0; i < 9; i++)
		NEED(sendto(fd, "xy", 2, 0, &name.any, length));
	TELL("data nowhere", recvfrom(fd, NOWHERE, 8, 0, &from.any, &room));
	TELL("name nowhere", recvfrom(fd, data, 8, 0, NOWHERE, &room));
	room = sizeof(from);
	TELL("length nowhere", recvfrom(fd, data, 8, 0, &from.any, NOWHERE));
	TELL("length over the edge", recvfrom(fd, data, 8, 0, &from.any, edge));
	TELL("length NULL", recvfrom(fd, data, 8, 0, &from.any, NULL));
	room = 77;
	TELL("name NULL", recvfrom(fd, data, 8, 0, NULL, &room));
	tell("name NULL length", "%u", room);
	TELL("recvmsg NULL", recvmsg(fd, NULL, 0));
	TELL("recvmsg nowhere", recvmsg(fd, NOWHERE, 0));
	TELL("recvmsg over the edge", recvmsg(fd, (void *)edge, 0));
	message.msg_name = NOWHERE;
	message.msg_namelen = sizeof(from);
	TELL("recvmsg name nowhere", recvmsg(fd, &message, 0));
	message.msg_name = NULL;
	TELL("recvmsg name NULL", recvmsg(fd, &message, 0));
	tell("recvmsg name NULL length", "%u", message.msg_namelen);
	TELL("recvmmsg nowhere", recvmmsg(fd, NOWHERE, 2, MSG_DONTWAIT, NULL));
	TELL("recvmmsg NULL, 0", recvmmsg(fd, NULL, 0, MSG_DONTWAIT, NULL));
	TELL("left", recv(fd, data, sizeof(data), MSG_DONTWAIT));
}

CASE(wrong_families)
{
	union name name;
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/nonexistent" };
	socklen_t length = loopback(&name, AF_INET6, 9);
	int fd = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_STREAM, 0);
	int on = 1;

	TELL("inet6 on inet", connect(fd, &name.any, length));
	TELL("inet6 on inet udp", connect(udp, &name.any, length));
	TELL("sendto inet6 on inet udp", sendto(udp, "x", 1, 0, &name.any, length));
	TELL("unix on inet", connect(fd, (void *)&un, sizeof(un)));
	TELL("unix on inet6", connect(six, (void *)&un, sizeof(un)));
	TELL("inet6 on unix", connect(socket(AF_UNIX, SOCK_STREAM, 0), &name.any, length));
	length = loopback(&name, AF_INET, 9);
	TELL("inet on inet6", connect(six, &name.any, length));
	name.any.sa_family = 99;
	TELL("99 on inet", connect(fd, &name.any, length));
	loopback(&name, AF_INET6, 9);
	name.in6.sin6_addr = in6addr_any;
	name.in6.sin6_addr.s6_addr[10] = name.in6.sin6_addr.s6_addr[11] = 0xff;
	name.in6.sin6_addr.s6_addr[12] = 127;
	name.in6.sin6_addr.s6_addr[15] = 1;
	NEED(setsockopt(six, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
	TELL("mapped on v6only", connect(six, &name.any, sizeof(name.in6)));
	length = loopback(&name, AF_INET, 9);
	name.in.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	TELL("broadcast stream", connect(fd, &name.any, length));
	TELL("broadcast datagram", connect(udp, &name.any, length));
	name.in.sin_addr.s_addr = htonl(0xe0000001);
	TELL("multicast stream", connect(fd, &name.any, length));
	name.in.sin_addr.s_addr = htonl(0xf0000001);
	TELL("class E", connect(udp, &name.any, length));
	TELL("packet", socket(AF_INET, 99, 0));
	TELL("protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	TELL("family", socket(99, SOCK_STREAM, 0));
	TELL("mptcp of unix", socket(AF_UNIX, SOCK_STREAM, 262));
	TELL("mptcp datagram", socket(AF_INET, SOCK_DGRAM, 262));
}

static void tell_name(const char *what, int (*get)(int, struct sockaddr *, socklen_t *), int fd, socklen_t room)
{
	union name name;
	char text[3 * sizeof(name) + 1] = "";
	socklen_t length = room;

	memset(&name, 0xee, sizeof(name));
	errno = 0;
	if (get(fd, &name.any, &length) != 0) {
		tell(what, "%s, length %d", strerror(errno), (int)length);
		return;
	}
	/* the port differs from run to run, and what lies in its place isn't read */
	if (name.any.sa_family == AF_INET || name.any.sa_family == AF_INET6)
		memset(name.bytes + 2, 0, 2);
	for (int i = 0; i < 30; i++)
		sprintf(text + 3 * i, "%02x ", name.bytes[i]);
	tell(what, "length %d: %s", (int)length, text);
}

static int peer_by_option(int fd, struct sockaddr *name, socklen_t *length)
{
	return getsockopt(fd, SOL_SOCKET, SO_PEERNAME, name, length);
}

CASE(name_buffers)
{
	static const int rooms[] = { -1, 0, 1, 2, 4, 8, 15, 16, 17, 27, 28, 29, 110, 128 };
	int fds[6], ends[2];

	tcp_pair(AF_INET, ends);
	fds[0] = ends[0];
	tcp_pair(AF_INET6, ends);
	fds[1] = ends[0];
	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	fds[2] = ends[0];
	fds[3] = socket(AF_INET, SOCK_STREAM, 0);
	fds[4] = socket(AF_INET6, SOCK_DGRAM, 0);
	fds[5] = socket(AF_UNIX, SOCK_DGRAM, 0);
	for (int i = 0; i < 6; i++)
		for (size_t k = 0; k < sizeof(rooms) / sizeof(rooms[0]); k++) {
			char what[64];

			snprintf(what, sizeof(what), "peer of %d in %d", i, rooms[k]);
			tell_name(what, getpeername, fds[i], (socklen_t)rooms[k]);
			snprintf(what, sizeof(what), "own of %d in %d", i, rooms[k]);
			tell_name(what, getsockname, fds[i], (socklen_t)rooms[k]);
			snprintf(what, sizeof(what), "option of %d in %d", i, rooms[k]);
			tell_name(what, peer_by_option, fds[i], (socklen_t)rooms[k]);
		}
}

CASE(datagrams_with_control_data)
{
	union {
		char room[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct timeval))];
		struct cmsghdr align;
	} control;
	union name name, from;
	socklen_t length;
	char data[16];
	int fd = bound(AF_INET, SOCK_DGRAM, &name, &length), on = 1;

	NEED(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)));
	NEED(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)));
	for (int size = 0; size <= (int)sizeof(control); size += 8) {
		struct iovec vector = { .iov_base = data, .iov_len = 4 };
		struct msghdr message = { .msg_name = &from, .msg_namelen = 7, .msg_iov = &vector, .msg_iovlen = 1,
					  .msg_control = &control, .msg_controllen = (unsigned int)size };
		char what[32];

		NEED(sendto(fd, "0123456789", 10, 0, &name.any, length));
		snprintf(what, sizeof(what), "control room %d", size);
		TELL(what, recvmsg(fd, &message, size % 16 ? MSG_TRUNC : 0));
		tell(what, "flags %#x, control %d, name %u", (unsigned int)message.msg_flags, (int)message.msg_controllen, message.msg_namelen);
		for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at))
			tell(what, "level %d type %d length %d", at->cmsg_level, at->cmsg_type, (int)at->cmsg_len);
	}
	NEED(sendto(fd, "0123456789", 10, 0, &name.any, length));
	TELL("peek truncated", recvfrom(fd, data, 2, MSG_PEEK | MSG_TRUNC, NULL, NULL));
	TELL("truncated", recvfrom(fd, data, 2, 0, NULL, NULL));
	TELL("nothing left", recv(fd, data, 2, MSG_DONTWAIT));
	NEED(sendto(fd, "", 0, 0, &name.any, length));
	TELL("empty", recv(fd, data, 2, MSG_DONTWAIT));
	TELL("too long", sendto(fd, NOWHERE, 70000, 0, &name.any, length));
}

CASE(many_datagrams)
{
	union name name, from[3];
	char data[3][8];
	struct iovec out[3], in[3];
	struct mmsghdr sent[3] = { 0 }, got[3] = { 0 };
	socklen_t length;
	struct timespec none = { 0 };
	int fd = bound(AF_INET, SOCK_DGRAM, &name, &length);

	for (int i = 0; i < 3; i++) {
		out[i] = (struct iovec){ .iov_base = "abcdefgh", .iov_len = (size_t)(i + 3) };
		in[i] = (struct iovec){ .iov_base = data[i], .iov_len = 4 };
		sent[i].msg_hdr = (struct msghdr){ .msg_name = &name, .msg_namelen = length, .msg_iov = &out[i], .msg_iovlen = 1 };
		got[i].msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof(from[i]), .msg_iov = &in[i], .msg_iovlen = 1 };
	}
	TELL("sendmmsg", sendmmsg(fd, sent, 3, 0));
	TELL("recvmmsg", recvmmsg(fd, got, 3, MSG_WAITFORONE, NULL));
	for (int i = 0; i < 3; i++)
		tell("message", "%u %u %#x %u", sent[i].msg_len, got[i].msg_len, (unsigned int)got[i].msg_hdr.msg_flags, got[i].msg_hdr.msg_namelen);
	TELL("recvmmsg empty", recvmmsg(fd, got, 3, MSG_DONTWAIT, NULL));
	TELL("recvmmsg with time", recvmmsg(fd, got, 3, MSG_DONTWAIT, &none));
	sent[1].msg_hdr.msg_namelen = 3;
	TELL("sendmmsg stops at", sendmmsg(fd, sent, 3, 0));
	sent[0].msg_hdr.msg_namelen = 3;
	TELL("sendmmsg refused", sendmmsg(fd, sent, 3, 0));
}

CASE(send_on_streams)
{
	union name name;
	socklen_t length;
	char data[8];
	int ends[2], fd = socket(AF_INET, SOCK_STREAM, 0), un[2];

	signal(SIGPIPE, SIG_IGN);
	listener(AF_INET, &name, &length);
	TELL("unconnected", send(fd, "x", 1, 0));
	TELL("unconnected to", sendto(fd, "x", 1, 0, &name.any, length));
	tcp_pair(AF_INET, ends);
	TELL("connected to", sendto(ends[0], "x", 1, 0, &name.any, length));
	TELL("recvfrom of stream", recvfrom(ends[1], data, 8, 0, &name.any, &length));
	tell("recvfrom of stream length", "%u", length);
	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, un));
	TELL("unix to", sendto(un[0], "x", 1, 0, &name.any, sizeof(name.in)));
	shutdown(ends[0], SHUT_WR);
	TELL("after shutdown", send(ends[0], "x", 1, 0));
	TELL("end of file", recv(ends[1], data, 8, 0));
	TELL("MSG_OOB", send(ends[1], "o", 1, MSG_OOB));
	tell_events("urgent", ends[0], POLLPRI);
	TELL("recv MSG_OOB", recv(ends[0], data, 1, MSG_OOB));
}

CASE(fast_open)
{
	union name name;
	socklen_t length;
	int fd, on = 1;

	listener(AF_INET, &name, &length);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	TELL("sendto", sendto(fd, "x", 1, MSG_FASTOPEN, &name.any, length));
	TELL("sendto again", sendto(fd, "x", 1, MSG_FASTOPEN, &name.any, length));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	TELL("without a name", sendto(fd, "x", 1, MSG_FASTOPEN, NULL, 0));
	TELL("option", setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)));
	TELL("connect", connect(fd, &name.any, length));
	TELL("send", send(fd, "x", 1, 0));
	closed_port(AF_INET, &name, &length);
	TELL("closed port", sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, &name.any, length));
}

static void note_signal(int number)
{
	(void)number;
}

static void interrupt_soon(void)
{
	struct sigaction action = { .sa_handler = note_signal };
	/* again and again, because the first may come before the call */
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void interrupt_no_more(void)
{
	struct itimerval timer = { 0 };

	setitimer(ITIMER_REAL, &timer, NULL);
	signal(SIGALRM, SIG_DFL);
	alarm(30);
}

CASE(interrupted)
{
	union name name;
	socklen_t length;
	char data[8];
	int ends[2], fd;

	full_listener(&name, &length);
	tcp_pair(AF_INET, ends);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	interrupt_soon();
	TELL("connect", connect(fd, &name.any, length));
	interrupt_no_more();
	NEED(fcntl(fd, F_SETFL, O_NONBLOCK));
	TELL("connect again", connect(fd, &name.any, length));
	interrupt_soon();
	TELL("recv", recv(ends[0], data, sizeof(data), 0));
	TELL("recvfrom", recvfrom(ends[0], data, sizeof(data), 0, &name.any, &length));
	interrupt_no_more();
}

CASE(timed_out)
{
	union name name;
	socklen_t length;
	struct timeval soon = { .tv_usec = 20000 };
	char data[8];
	int ends[2], fd = socket(AF_INET, SOCK_STREAM, 0);

	full_listener(&name, &length);
	tcp_pair(AF_INET, ends);
	NEED(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)));
	TELL("connect", connect(fd, &name.any, length));
	TELL("connect again", connect(fd, &name.any, length));
	NEED(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
	TELL("recv", recv(ends[0], data, sizeof(data), 0));
	TELL("recvfrom", recvfrom(ends[0], data, sizeof(data), 0, &name.any, &length));
}

CASE(reset)
{
	struct linger now = { .l_onoff = 1 };
	union name name;
	socklen_t length;
	char data[8];
	int ends[2];

	for (int i = 0; i < 4; i++) {
		char what[32];

		tcp_pair(i & 1 ? AF_INET6 : AF_INET, ends);
		NEED(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
		close(ends[1]);
		snprintf(what, sizeof(what), "poll %d", i);
		tell_events(what, ends[0], POLLIN | POLLOUT | POLLRDHUP);
		snprintf(what, sizeof(what), "told %d", i);
		if (i < 2)
			TELL(what, recv(ends[0], data, sizeof(data), 0));
		else
			tell_socket_error(what, ends[0]);
		snprintf(what, sizeof(what), "error %d", i);
		tell_socket_error(what, ends[0]);
		snprintf(what, sizeof(what), "peer %d", i);
		length = sizeof(name);
		TELL(what, getpeername(ends[0], &name.any, &length));
		snprintf(what, sizeof(what), "send %d", i);
		TELL(what, send(ends[0], "x", 1, MSG_NOSIGNAL));
	}
}

static union name thread_name;
static int thread_fd;

static void *connect_in_thread(void *unused)
{
	(void)unused;
	TELL("connect", connect(thread_fd, &thread_name.any, sizeof(thread_name.in)));
	return NULL;
}

CASE(shutdown_during_connect)
{
	socklen_t length;
	pthread_t thread;

	full_listener(&thread_name, &length);
	thread_fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_create(&thread, NULL, connect_in_thread, NULL);
	await_state(thread_fd, TCP_SYN_SENT);
	TELL("shutdown", shutdown(thread_fd, SHUT_RDWR));
	pthread_join(thread, NULL);
	tell_socket_error("error", thread_fd);
}

CASE(close_during_connect)
{
	socklen_t length;
	pthread_t thread;
	int other;

	full_listener(&thread_name, &length);
	thread_fd = socket(AF_INET, SOCK_STREAM, 0);
	other = dup(thread_fd);
	pthread_create(&thread, NULL, connect_in_thread, NULL);
	await_state(other, TCP_SYN_SENT);
	TELL("close", close(thread_fd));
	/* the other thread goes on sleeping; its end is told through the duplicate */
	TELL("shutdown", shutdown(other, SHUT_RDWR));
	pthread_join(thread, NULL);
	tell_socket_error("error", other);
}

CASE(cancel_during_connect)
{
	socklen_t length;
	pthread_t thread;
	void *result;

	full_listener(&thread_name, &length);
	thread_fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_create(&thread, NULL, connect_in_thread, NULL);
	await_state(thread_fd, TCP_SYN_SENT);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	tell("cancelled", "%d", result == PTHREAD_CANCELED);
	TELL("still open", fcntl(thread_fd, F_GETFD));
}

static int silent_error;

static void *connect_silently(void *unused)
{
	(void)unused;
	silent_error = connect(thread_fd, &thread_name.any, sizeof(thread_name.in)) == 0 ? 0 : errno;
	return NULL;
}

CASE(small_stack)
{
	pthread_attr_t attributes;
	pthread_t thread;
	socklen_t length;

	closed_port(AF_INET, &thread_name, &length);
	thread_fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	NEED(pthread_create(&thread, &attributes, connect_silently, NULL));
	pthread_join(thread, NULL);
	tell("connect", "%s", strerror(silent_error));
}

CASE(duplicates)
{
	union name name;
	socklen_t length;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), other = dup(fd);

	closed_port(AF_INET, &name, &length);
	TELL("connect", connect(fd, &name.any, length));
	tell_events("poll the other", other, POLLOUT);
	tell_socket_error("error of the other", other);
	tell_socket_error("error", fd);
	listener(AF_INET, &name, &length);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	TELL("dup2", dup2(fd, other) == other);
	TELL("connect the other", connect(other, &name.any, length));
	close(other);
	tell_name("peer", getpeername, fd, sizeof(name));
}

static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

CASE(no_descriptor_of_others)
{
	union name name;
	socklen_t length;
	int before = count_descriptors(), first, ends[2];

	first = dup(0);
	close(first);
	tcp_pair(AF_INET, ends);
	close(ends[0]);
	close(ends[1]);
	closed_port(AF_INET, &name, &length);
	tell("lowest", "%d", socket(AF_INET, SOCK_STREAM, 0) - first);
	tell("more", "%d", count_descriptors() - before);
}

CASE(no_descriptor_left)
{
	union name name;
	socklen_t length;
	struct rlimit limit;
	int fd = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);

	closed_port(AF_INET, &name, &length);
	limit.rlim_cur = limit.rlim_max = (rlim_t)dup(0);
	NEED(setrlimit(RLIMIT_NOFILE, &limit));
	close((int)limit.rlim_cur);
	TELL("socket", socket(AF_INET, SOCK_STREAM, 0));
	TELL("connect", connect(fd, &name.any, length));
	TELL("sendto", sendto(udp, "x", 1, 0, &name.any, length));
	length = sizeof(name);
	TELL("getpeername", getpeername(fd, &name.any, &length));
	tell_socket_error("error", fd);
}

#ifdef __GLIBC__
#include <liburing.h>

CASE(io_uring)
{
	struct io_uring ring;
	struct io_uring_cqe *done;
	union name name;
	socklen_t length;
	int fd = socket(AF_INET, SOCK_STREAM, 0), result = io_uring_queue_init(4, &ring, 0);

	tell("setup", "%s", strerror(-result));
	if (result < 0)
		return;
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			closed_port(AF_INET, &name, &length);
		else
			listener(AF_INET, &name, &length);
		io_uring_prep_connect(io_uring_get_sqe(&ring), fd, &name.any, length);
		io_uring_submit(&ring);
		io_uring_wait_cqe(&ring, &done);
		tell("connect", "%s", strerror(-done->res));
		io_uring_cqe_seen(&ring, done);
		tell_socket_error("error", fd);
	}
	tell_name("peer", getpeername, fd, sizeof(name));
}
#endif

int main(int argc, char **argv)
{
	return run_cases(argc, argv);
}
