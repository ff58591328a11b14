/* Datagrams: to the cluster refused, to a name server through the broker, everything else as it was. */
#include "app.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define NAME_SERVER_4 "192.0.2.53"
#define NAME_SERVER_6 "fd00:53::53"

static int datagram_socket(const struct destination *to)
{
	return socket(to->family, SOCK_DGRAM, 0);
}

TEST(datagrams_to_the_cluster_are_unreachable)
{
	static const char *const addresses[] = {HELLO_4, HELLO_6, HELLO_MAPPED};
	long before = broker_count();

	for (int i = 0; i < 3; i++) {
		struct destination to = destination(addresses[i], 9);
		struct iovec vector = {"x", 1};
		struct msghdr message = {.msg_name = &to.address,
					 .msg_namelen = to.length,
					 .msg_iov = &vector,
					 .msg_iovlen = 1};
		struct mmsghdr messages[2] = {{message, 0}, {message, 0}};
		int fd = datagram_socket(&to);

		CHECK_EQUAL(connect_to(fd, &to), ENETUNREACH);
		CHECK_EQUAL(sendto(fd, "x", 1, 0, (struct sockaddr *)&to.address, to.length), -1);
		CHECK_EQUAL(errno, ENETUNREACH);
		CHECK_EQUAL(sendmsg(fd, &message, 0), -1);
		CHECK_EQUAL(errno, ENETUNREACH);
		CHECK_EQUAL(sendmmsg(fd, messages, 2, 0), -1);
		CHECK_EQUAL(errno, ENETUNREACH);
		close(fd);
	}
	CHECK_EQUAL(broker_count(), before);
}

static bool is_address(const struct sockaddr_storage *shown, socklen_t length,
		       const struct destination *wanted)
{
	return length == wanted->length && memcmp(shown, &wanted->address, length) == 0;
}

static void check_answers(int fd, const struct destination *server)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	char data[8];
	struct iovec vector = {data, sizeof(data)};
	struct msghdr message = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &vector, .msg_iovlen = 1};
	struct mmsghdr messages[1] = {{message, 0}};

	memset(&from, 0, sizeof(from));
	CHECK_EQUAL(sendto(fd, "ask", 3, 0, (struct sockaddr *)&server->address, server->length), 3);
	CHECK_EQUAL(recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &length), 3);
	CHECK(is_address(&from, length, server));

	memset(&from, 0, sizeof(from));
	CHECK_EQUAL(sendto(fd, "ask", 3, 0, (struct sockaddr *)&server->address, server->length), 3);
	CHECK_EQUAL(recvmsg(fd, &message, 0), 3);
	CHECK(is_address(&from, message.msg_namelen, server));

	memset(&from, 0, sizeof(from));
	CHECK_EQUAL(sendto(fd, "ask", 3, 0, (struct sockaddr *)&server->address, server->length), 3);
	CHECK_EQUAL(recvmmsg(fd, messages, 1, 0, NULL), 1);
	CHECK(is_address(&from, messages[0].msg_hdr.msg_namelen, server));
}

TEST(name_server_answers_from_its_own_address)
{
	static const char *const servers[] = {NAME_SERVER_4, NAME_SERVER_6, "::ffff:" NAME_SERVER_4};

	for (int i = 0; i < 3; i++) {
		struct destination server = destination(servers[i], 53);
		int fd = datagram_socket(&server);

		check_answers(fd, &server);
		close(fd);
	}
}

TEST(connected_name_server_shows_its_own_address)
{
	static const char *const servers[] = {NAME_SERVER_4, NAME_SERVER_6};

	for (int i = 0; i < 2; i++) {
		struct destination server = destination(servers[i], 53);
		int fd = datagram_socket(&server);
		char data[8];

		CHECK_EQUAL(connect_to(fd, &server), 0);
		CHECK(shows_peer(fd, &server));
		CHECK_EQUAL(send(fd, "ask", 3, 0), 3);
		CHECK_EQUAL(recv(fd, data, sizeof(data), 0), 3);
		close(fd);
	}
}

TEST(sendmmsg_mixes_name_server_and_refusal)
{
	struct destination server = destination(NAME_SERVER_4, 53), pod = destination(HELLO_4, 9);
	struct iovec vector = {"ask", 3};
	struct mmsghdr messages[2] = {
		{{.msg_name = &server.address,
		  .msg_namelen = server.length,
		  .msg_iov = &vector,
		  .msg_iovlen = 1},
		 0},
		{{.msg_name = &pod.address, .msg_namelen = pod.length, .msg_iov = &vector, .msg_iovlen = 1},
		 0}};
	int fd = datagram_socket(&server);
	char data[8];

	CHECK_EQUAL(sendmmsg(fd, messages, 2, 0), 1);
	CHECK_EQUAL(messages[0].msg_len, 3);
	CHECK_EQUAL(recv(fd, data, sizeof(data), 0), 3);
	close(fd);
}

TEST(loopback_datagrams_are_untouched)
{
	struct destination at = destination("127.0.0.1", 0);
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	int receiver = datagram_socket(&at), sender = datagram_socket(&at);
	long before = broker_count();
	char data[8];

	CHECK_EQUAL(bind(receiver, (struct sockaddr *)&at.address, at.length), 0);
	CHECK_EQUAL(getsockname(receiver, (struct sockaddr *)&at.address, &at.length), 0);
	CHECK_EQUAL(connect_to(sender, &at), 0);
	CHECK(shows_peer(sender, &at));
	CHECK_EQUAL(send(sender, "x", 1, 0), 1);
	CHECK_EQUAL(recvfrom(receiver, data, sizeof(data), 0, (struct sockaddr *)&from, &length), 1);
	CHECK_EQUAL(((struct sockaddr_in *)&from)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_EQUAL(broker_count(), before);
	close(receiver);
	close(sender);
}

TEST(stream_socket_ignores_an_address_without_fast_open)
{
	struct destination pod = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&pod, 0);
	long before = broker_count();

	CHECK_EQUAL(sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&pod.address, pod.length), -1);
	CHECK_EQUAL(errno, EPIPE);
	CHECK_EQUAL(broker_count(), before);
	close(fd);
}
