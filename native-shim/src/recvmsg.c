/*
 * recvfrom(2), recvmsg(2), recvmmsg(2): an answer from the broker's DNS listener is shown as coming from the
 * name server that was asked. Resolvers such as c-ares drop what comes from anybody else.
 */
#include "classify.h"
#include "endpoint.h"
#include "libc.h"
#include "memory.h"
#include "session.h"

#define DNS_PORT 53

/**
 * show_source() - Replace a listener's address by the name server it stands for
 * @name:	Source address as the kernel gave it, or NULL
 * @room:	Size of that buffer
 * @length:	Length the kernel gave
 */
static void show_source(struct sockaddr *name, socklen_t room, socklen_t length)
{
	const struct tl_table *table = session_get()->table;
	struct tl_endpoint source, server;
	union socket_address address;

	if (!table || room < length || !endpoint_from_address(&source, name, length))
		return;
	if (source.port != table->relay_port_4 || !endpoint_is_loopback(&source))
		return;
	endpoint_unmap(&source);
	if (source.family != TL_FAMILY_4 || !classify_name_server_loopback(table, source.address, &server))
		return;
	server.port = htons(DNS_PORT);
	length = endpoint_to_address(&server, name->sa_family, &address);
	if (length)
		address_copy_out(&address, length, name, &room);
}

static ssize_t shim_recvmsg(int fd, struct msghdr *message, int flags)
{
	socklen_t room = memory_readable(message, sizeof(*message)) ? message->msg_namelen : 0;
	ssize_t got = libc_recvmsg(fd, message, flags);

	if (got >= 0 && room)
		show_source(message->msg_name, room, message->msg_namelen);
	return got;
}

/**
 * shim_recvmmsg() - Carry out one intercepted recvmmsg(2)
 * @fd:		Socket
 * @messages:	Messages
 * @count:	Room there
 * @flags:	Flags
 * @timeout:	Time-out, or NULL
 *
 * The kernel leaves no trace of the buffers' sizes; a resolver's are as large as what they hold.
 *
 * Return: as recvmmsg(2)
 */
static int shim_recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
			 struct timespec *timeout)
{
	int got = libc_recvmmsg(fd, messages, count, flags, timeout);

	for (int i = 0; i < got; i++) {
		struct msghdr *header = &messages[i].msg_hdr;

		show_source(header->msg_name, header->msg_namelen, header->msg_namelen);
	}
	return got;
}

/* Size of the application's buffer, 0 where there is none to show a source in */
static socklen_t room_of(const struct sockaddr *name, const socklen_t *length)
{
	return name && session_intercepts() && memory_readable(length, sizeof(*length)) ? *length : 0;
}

EXPORT ssize_t recvfrom(int fd, void *restrict data, size_t size, int flags, struct sockaddr *restrict name,
			socklen_t *restrict length)
{
	socklen_t room = room_of(name, length);
	ssize_t got;

	session_get();
	got = libc_recvfrom(fd, data, size, flags, name, length);
	if (got >= 0 && room)
		show_source(name, room, *length);
	return got;
}

/* What recvfrom() becomes in programs built with _FORTIFY_SOURCE on glibc */
ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t data_size, int flags, struct sockaddr *name,
		       socklen_t *length);

EXPORT ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t data_size, int flags,
			      struct sockaddr *name, socklen_t *length)
{
	socklen_t room = room_of(name, length);
	ssize_t got;

	session_get();
	got = libc_recvfrom_chk(fd, data, size, data_size, flags, name, length);
	if (got >= 0 && room)
		show_source(name, room, *length);
	return got;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	return session_intercepts() ? shim_recvmsg(fd, message, flags) : libc_recvmsg(fd, message, flags);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout)
{
	return session_intercepts() ? shim_recvmmsg(fd, messages, count, flags, timeout)
				    : libc_recvmmsg(fd, messages, count, flags, timeout);
}
