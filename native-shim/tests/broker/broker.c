/*
 * A small broker for the shim's tests: `test-broker DIRECTORY`, ends when its stdin does.
 *
 * The destination's port is the script:
 *
 *      7   accept, echo			1000+e   fail with errno e
 *      8   accept, reset after "release"	2000+e   fail with errno e after "release"
 *   2007   accept after "release", echo	3000+n   accept when n of these wait at the same time
 *
 * Tests steer and watch it through DIRECTORY/test (SOCK_SEQPACKET, one text each way): "count" tells how many
 * packets came in on the control socket (LISTENING apart, which "listening" tells: the last one's address,
 * and whether its cookie was the asker's; and HELLO: "hello" tells how many, and the last one's process,
 * source, status and count), "pod-port N" lists one, "release" lets the waiting dials go,
 * "file" tells the last question about a file, "held 0|1" and "active 0|1" change the table. Nothing depends
 * on time: what has to wait, waits for a command or for a number of dials.
 */
#include "broker.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_FLOWS 512
#define MOST_TEXT  64

enum flow_state {
	FREE,
	WAITS,
	ACCEPTED,
	LEAVES_CLOSE,
	ECHOES,
	OVER
};

struct flow {
	enum flow_state state;
	uint64_t cookie;
	struct tl_endpoint peer;
	uint16_t script;
	int app_fd, back_fd;
	int waiting_control; /* DIAL with WAIT: who gets the reply */
	int error;           /* to fail with; then kept for FLOW */
};

static struct flow flows[MOST_FLOWS];
static unsigned int requests;
static struct tl_endpoint listening;
static uint64_t listening_cookie;
static unsigned int listenings;
static unsigned int hellos;
static struct tl_hello hello; /* texts apart */
static pid_t hello_process;
static int control_listener, test_listener;

static int listen_unix(const char *directory, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory, name);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 128) < 0)
		die(name);
	return fd;
}

static int tcp_state(int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0 ? -1 : info.tcpi_state;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length);
	return cookie;
}

static void reply_to_waiting(struct flow *flow)
{
	uint8_t reply[12] = {TL_VERSION};
	uint32_t error = (uint32_t)flow->error;
	bool mapped = IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)flow->peer.address);
	uint16_t port = accepting_port(mapped ? TL_FAMILY_4 : flow->peer.family);

	memcpy(reply + 4, &error, 4);
	memcpy(reply + 8, &port, 2);
	if (send(flow->waiting_control, reply, sizeof(reply), MSG_NOSIGNAL) < 0)
		perror("reply");
	close(flow->waiting_control);
	flow->waiting_control = -1;
}

static void let_go(struct flow *flow)
{
	if (flow->waiting_control >= 0) {
		reply_to_waiting(flow);
		close(flow->app_fd);
		flow->state = OVER;
		return;
	}
	flow->state = LEAVES_CLOSE;
}

static void let_go_if_enough(uint16_t script)
{
	unsigned int waiting = 0;

	for (struct flow *flow = flows; flow < flows + MOST_FLOWS; flow++)
		waiting += flow->state == WAITS && flow->script == script;
	if (waiting < script - 3000u)
		return;
	for (struct flow *flow = flows; flow < flows + MOST_FLOWS; flow++)
		if (flow->state == WAITS && flow->script == script)
			let_go(flow);
}

/* The application's socket has left CLOSE (a blocking connect comes after its message): end the dial */
static void finish_dial(struct flow *flow)
{
	if (flow->error) {
		shutdown(flow->app_fd, SHUT_RDWR);
		flow->state = OVER;
	} else {
		flow->back_fd = connect_back(flow->app_fd);
		flow->state = flow->back_fd < 0 ? OVER : flow->script == 8 ? ACCEPTED : ECHOES;
	}
	close(flow->app_fd);
	flow->app_fd = -1;
}

static void begin_dial(int control, int app_fd, const uint8_t *packet)
{
	struct flow *flow = flows;
	uint16_t flags;

	while (flow->state != FREE && !(flow->state == OVER && flow->error == 0))
		flow++;
	memcpy(&flags, packet + 2, 2);
	memset(flow, 0, sizeof(*flow));
	flow->app_fd = app_fd;
	flow->back_fd = -1;
	flow->cookie = cookie_of(app_fd);
	memcpy(&flow->peer, packet + 4, 20);
	flow->script = ntohs(flow->peer.port);
	flow->waiting_control = flags & TL_DIAL_WAIT ? control : -1;
	if (flow->script >= 1000 && flow->script < 2000)
		flow->error = flow->script - 1000;
	else if (flow->script > 2007 && flow->script < 3000)
		flow->error = flow->script - 2000;
	flow->state = WAITS;
	if (flow->script >= 3000)
		let_go_if_enough(flow->script);
	else if (flow->script < 2000)
		let_go(flow);
}

static void answer_flow(int control, const uint8_t *packet)
{
	uint8_t reply[48] = {TL_VERSION, TL_FLOW_UNKNOWN};
	size_t length = 4;
	uint64_t cookie;

	memcpy(&cookie, packet + 4, sizeof(cookie));
	for (struct flow *flow = flows; flow < flows + MOST_FLOWS; flow++) {
		uint32_t error = (uint32_t)flow->error;

		if (flow->state == FREE || flow->cookie != cookie)
			continue;
		reply[1] = TL_FLOW_KNOWN;
		memcpy(reply + 4, &error, 4);
		memcpy(reply + 8, &flow->peer, 20);
		length = sizeof(reply);
		if (flow->state == OVER)
			flow->error = 0;
	}
	send(control, reply, length, MSG_NOSIGNAL);
}

static void take_hello(int control, const uint8_t *packet)
{
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);

	getsockopt(control, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	hello_process = peer.pid;
	hello.source = (enum tl_hello_source)packet[4];
	memcpy(&hello.status, packet + 8, 4);
	memcpy(&hello.count, packet + 12, 4);
	hellos++;
}

static void serve_control(void)
{
	uint8_t packet[TL_PACKET_SIZE], reply[TL_PACKET_SIZE];
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} rights;
	struct iovec vector = {packet, sizeof(packet)};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &rights,
				 .msg_controllen = sizeof(rights)};
	int control = accept4(control_listener, NULL, NULL, SOCK_CLOEXEC);
	ssize_t length = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
	uint16_t flags;

	if (length < 4 || packet[0] != TL_VERSION) {
		close(control);
		return;
	}
	if (packet[1] == TL_KIND_LISTENING && length == 32) {
		memcpy(&listening, packet + 4, 20);
		memcpy(&listening_cookie, packet + 24, 8);
		listenings++;
		close(control);
		return;
	}
	if (packet[1] == TL_KIND_HELLO && length >= 18) {
		take_hello(control, packet);
		close(control);
		return;
	}
	requests++;
	memcpy(&flags, packet + 2, 2);
	if (packet[1] == TL_KIND_DIAL && message.msg_controllen >= CMSG_LEN(sizeof(int))) {
		int app_fd;

		memcpy(&app_fd, CMSG_DATA(&rights.header), sizeof(app_fd));
		begin_dial(control, app_fd, packet);
		if (flags & TL_DIAL_WAIT)
			return;
	} else if (packet[1] == TL_KIND_FLOW) {
		answer_flow(control, packet);
	} else if (packet[1] == TL_KIND_FILE && length > 8) {
		length = (ssize_t)answer_file(packet, (size_t)length, reply);
		send(control, reply, (size_t)length, MSG_NOSIGNAL);
	} else {
		length = (ssize_t)answer_name(packet, (size_t)length, reply);
		send(control, reply, (size_t)length, MSG_NOSIGNAL);
	}
	close(control);
}

static void release(void)
{
	for (struct flow *flow = flows; flow < flows + MOST_FLOWS; flow++) {
		if (flow->state == WAITS) {
			let_go(flow);
		} else if (flow->state == ACCEPTED) {
			struct linger reset = {1, 0};

			setsockopt(flow->back_fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
			close(flow->back_fd);
			flow->state = OVER;
		}
	}
}

static void serve_test(void)
{
	char text[MOST_TEXT] = "", reply[MOST_TEXT] = "ok";
	int fd = accept4(test_listener, NULL, NULL, SOCK_CLOEXEC);

	if (recv(fd, text, sizeof(text) - 1, 0) < 0)
		perror("test");
	if (strcmp(text, "count") == 0)
		snprintf(reply, sizeof(reply), "%u", requests);
	else if (strcmp(text, "file") == 0)
		snprintf(reply, sizeof(reply), "%s", files_last());
	else if (strcmp(text, "listening") == 0)
		snprintf(reply, sizeof(reply), "%u %u %u %llx", listenings, listening.family,
			 ntohs(listening.port), (unsigned long long)listening_cookie);
	else if (strcmp(text, "hello") == 0)
		snprintf(reply, sizeof(reply), "%u %d %d %u %u", hellos, hello_process, hello.source,
			 hello.status, hello.count);
	else if (strncmp(text, "listeners ", 10) == 0)
		table_set_listeners(text[10] == '1');
	else if (strncmp(text, "pod-port ", 9) == 0)
		table_set_pod_port((uint16_t)atoi(text + 9));
	else if (strcmp(text, "release") == 0)
		release();
	else if (strncmp(text, "held ", 5) == 0)
		table_set_held(text[5] == '1');
	else if (strncmp(text, "active ", 7) == 0)
		table_set_active(text[7] == '1');
	else if (strcmp(text, "die") == 0)
		_exit(0);
	else
		snprintf(reply, sizeof(reply), "what?");
	send(fd, reply, strlen(reply), MSG_NOSIGNAL);
	close(fd);
}

static void echo(struct flow *flow)
{
	static char data[65536];
	ssize_t got = recv(flow->back_fd, data, sizeof(data), 0);

	for (ssize_t done = 0; done < got;) {
		ssize_t sent = send(flow->back_fd, data + done, (size_t)(got - done), MSG_NOSIGNAL);

		if (sent < 0)
			break;
		done += sent;
	}
	if (got > 0)
		return;
	close(flow->back_fd);
	flow->state = OVER;
}

/* In the order of poll(): three listeners, then sockets that echo, then DNS and accepting listeners */
static void serve_once(void)
{
	struct pollfd polls[MOST_FLOWS + 8] = {
		{STDIN_FILENO, POLLIN, 0}, {control_listener, POLLIN, 0}, {test_listener, POLLIN, 0}};
	struct flow *echoing[MOST_FLOWS];
	nfds_t count = 3, first_other;
	int timeout = -1;

	for (struct flow *flow = flows; flow < flows + MOST_FLOWS; flow++) {
		if (flow->state == LEAVES_CLOSE) {
			if (tcp_state(flow->app_fd) == TCP_CLOSE)
				timeout = 1;
			else
				finish_dial(flow);
		}
		if (flow->state != ECHOES)
			continue;
		echoing[count - 3] = flow;
		polls[count++] = (struct pollfd){flow->back_fd, POLLIN, 0};
	}
	first_other = count;
	count += add_other_sockets(polls + count);
	if (poll(polls, count, timeout) <= 0)
		return;
	if (polls[0].revents)
		exit(0);
	for (nfds_t i = 3; i < first_other; i++)
		if (polls[i].revents)
			echo(echoing[i - 3]);
	serve_other_sockets(polls + first_other);
	if (polls[1].revents)
		serve_control();
	if (polls[2].revents)
		serve_test();
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	listen_relay();
	table_write(argv[1]);
	control_listener = listen_unix(argv[1], "control");
	test_listener = listen_unix(argv[1], "test");
	puts("ready");
	fflush(stdout);
	for (;;)
		serve_once();
}
