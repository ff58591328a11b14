/*
 * Connect, send, receive, close: nothing stays open between messages, so that close_range(2), fork(2) and a
 * program that counts its descriptors don't meet us. All of it in plain system calls (sys.h).
 */
#include "control.h"

#include "attach.h"
#include "log.h"
#include "session.h"
#include "sys.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>

#define SMALL_PACKET 64

static int gone(void)
{
	/* what was said of the session that an attached process has left was said then */
	if (!session_was_attached())
		log_once(LOG_BROKER_GONE,
			 "the broker is gone; the cluster can't be reached any more from this program");
	return CONTROL_GONE;
}

/**
 * open_directory() - Connect to the broker of a session
 * @directory:	Its directory
 *
 * Return: descriptor, or a negative errno
 */
static int open_directory(const char *directory)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(directory);
	int fd, result;

	if (length == 0)
		return -ENOTCONN;
	memcpy(address.sun_path, directory, length);
	memcpy(address.sun_path + length, "/control", sizeof("/control"));
	fd = sys_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	do {
		result = sys_connect(fd, &address, sizeof(address));
	} while (result == -EINTR);
	if (result == 0)
		return fd;
	sys_close(fd);
	return result;
}

/* Nobody listens any more, as against a process that has no descriptor left */
static bool means_gone(int error)
{
	return error == -ECONNREFUSED || error == -ENOENT || error == -ENOTDIR;
}

static int open_control(void)
{
	struct session_place place;
	int fd;

	session_place(&place);
	fd = open_directory(place.directory);
	if (fd >= 0)
		return fd;
	if (means_gone(fd))
		attach_broker_is_gone(place.turn);
	return gone();
}

/**
 * send_packet() - Send a request
 * @fd:		Control connection
 * @packet:	Request
 * @length:	Its length
 * @app_fd:	Application's socket to hand over, -1: none
 *
 * Return: 0, or CONTROL_GONE
 */
static int send_packet(int fd, const uint8_t *packet, size_t length, int app_fd)
{
	struct iovec vector = {.iov_base = (void *)packet, .iov_len = length};
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} rights = {0};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	long sent;

	if (app_fd >= 0) {
		rights.header.cmsg_level = SOL_SOCKET;
		rights.header.cmsg_type = SCM_RIGHTS;
		rights.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&rights.header), &app_fd, sizeof(int));
		message.msg_control = &rights;
		message.msg_controllen = sizeof(rights);
	}
	do {
		sent = sys_sendmsg(fd, &message, MSG_NOSIGNAL);
	} while (sent == -EINTR);
	return sent == (long)length ? 0 : gone();
}

bool control_serves(const char *directory)
{
	uint8_t packet[SMALL_PACKET];
	int fd = open_directory(directory);

	if (fd < 0)
		return !means_gone(fd);
	/* a connection that says nothing would be taken for a broken shim */
	send_packet(fd, packet, tl_encode_flow(packet, sizeof(packet), 0), -1);
	sys_close(fd);
	return true;
}

/**
 * control_hello() - Tell a session how this process stands to it
 * @directory:	The session's directory
 * @hello:	What to tell
 */
void control_hello(const char *directory, const struct tl_hello *hello)
{
	uint8_t packet[SMALL_PACKET];
	int fd = open_directory(directory);

	if (fd < 0)
		return;
	send_packet(fd, packet, tl_encode_hello(packet, sizeof(packet), hello), -1);
	sys_close(fd);
}

/**
 * control_ask() - A request and its reply
 * @request:	Packet
 * @length:	Its length
 * @reply:	Set to the answer
 * @size:	Room there
 *
 * Return: length of the reply, or CONTROL_GONE
 */
long control_ask(const uint8_t *request, size_t length, uint8_t *reply, size_t size)
{
	int fd = open_control();
	long got = CONTROL_GONE;

	if (fd < 0)
		return fd;
	if (send_packet(fd, request, length, -1) == 0) {
		do {
			got = sys_recv(fd, reply, size, 0);
		} while (got == -EINTR);
		if (got <= 0)
			got = gone();
		else if (reply[0] != TL_VERSION) {
			log_once(LOG_PROTOCOL, "the broker speaks another version of the protocol");
			got = CONTROL_GONE;
		}
	}
	sys_close(fd);
	return got;
}

/**
 * control_dial() - Ask for a connection; the answer comes through the socket itself
 * @app_fd:	Application's socket, handed over
 * @flags:	TL_DIAL_NONBLOCKING or 0
 * @destination: Where to
 *
 * Return: 0, or CONTROL_GONE
 */
int control_dial(int app_fd, uint16_t flags, const struct tl_endpoint *destination)
{
	uint8_t packet[SMALL_PACKET];
	size_t length = tl_encode_dial(packet, sizeof(packet), flags, destination);
	int fd = open_control();
	int result;

	if (fd < 0)
		return fd;
	result = send_packet(fd, packet, length, app_fd);
	sys_close(fd);
	return result;
}

/**
 * control_dial_wait() - Ask for a connection and wait until the far dial has ended
 * @app_fd:	Application's socket, handed over
 * @flags:	TL_DIAL_NONBLOCKING or 0
 * @destination: Where to
 * @reply:	Set to the result
 *
 * Return: 0, CONTROL_GONE, or CONTROL_INTERRUPTED (the broker notices that nobody waits any more)
 */
int control_dial_wait(int app_fd, uint16_t flags, const struct tl_endpoint *destination,
		      struct tl_dial_reply *reply)
{
	uint8_t packet[SMALL_PACKET];
	size_t length = tl_encode_dial(packet, sizeof(packet), flags | TL_DIAL_WAIT, destination);
	int fd = open_control();
	int result;

	if (fd < 0)
		return fd;
	result = send_packet(fd, packet, length, app_fd);
	if (result == 0) {
		long got = sys_recv(fd, packet, sizeof(packet), 0);

		if (got == -EINTR)
			result = CONTROL_INTERRUPTED;
		else if (got <= 0 || tl_decode_dial_reply(packet, (size_t)got, reply) < 0)
			result = gone();
	}
	sys_close(fd);
	return result;
}

/**
 * control_listening() - Tell that a socket listens
 * @app_fd:	Application's socket
 * @own:	Its address
 *
 * Nobody waits for an answer: whether callers can come is the broker's to say, not listen(2)'s.
 */
void control_listening(int app_fd, const struct tl_endpoint *own)
{
	uint8_t packet[SMALL_PACKET];
	uint64_t cookie;
	socklen_t length = sizeof(cookie);
	int fd;

	if (sys_getsockopt(app_fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) < 0)
		return;
	fd = open_control();
	if (fd < 0)
		return;
	send_packet(fd, packet, tl_encode_listening(packet, sizeof(packet), own, cookie), -1);
	sys_close(fd);
}

/**
 * control_flow() - Ask what became of a socket
 * @app_fd:	Application's socket
 * @reply:	Set to what the broker knows
 *
 * Return: 0, or -1 where the broker doesn't know it or is gone
 */
int control_flow(int app_fd, struct tl_flow_reply *reply)
{
	uint8_t packet[SMALL_PACKET];
	uint64_t cookie;
	socklen_t length = sizeof(cookie);
	long got;

	if (sys_getsockopt(app_fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) < 0)
		return -1;
	got = control_ask(packet, tl_encode_flow(packet, sizeof(packet), cookie), packet, sizeof(packet));
	return got < 0 ? -1 : tl_decode_flow_reply(packet, (size_t)got, reply);
}

/**
 * control_relay_is_gone() - Say that the broker is gone
 * @app_fd:	Application's socket, whose connection to the relay was refused
 *
 * An attached process looks for itself, and leaves the session where nobody answers.
 */
void control_relay_is_gone(int app_fd)
{
	struct tl_flow_reply flow;

	if (session_is_attached())
		control_flow(app_fd, &flow);
	else
		gone();
}
