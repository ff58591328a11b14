/* What isn't the cluster's: same result, same errno, and the broker never hears of it. */
#include "app.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_on(const char *address, struct destination *at)
{
	int fd;

	*at = destination(address, 0);
	fd = stream_socket(at, 0);
	CHECK_EQUAL(bind(fd, (struct sockaddr *)&at->address, at->length), 0);
	CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&at->address, &at->length), 0);
	CHECK_EQUAL(listen(fd, 5), 0);
	return fd;
}

static void check_bypass(const char *address)
{
	long before = broker_count();
	struct destination at;
	int listener = listen_on(address, &at), fd = stream_socket(&at, 0);

	CHECK_EQUAL(connect_to(fd, &at), 0);
	CHECK(shows_peer(fd, &at));
	close(fd);
	close(listener);
	fd = stream_socket(&at, 0);
	CHECK_EQUAL(connect_to(fd, &at), ECONNREFUSED);
	close(fd);
	fd = stream_socket(&at, SOCK_NONBLOCK);
	if (connect_to(fd, &at) == EINPROGRESS) {
		wait_for(fd, POLLOUT);
		CHECK_EQUAL(socket_error(fd), ECONNREFUSED);
	}
	close(fd);
	CHECK_EQUAL(broker_count(), before);
}

TEST(loopback_connects_directly)
{
	check_bypass("127.0.0.1");
	check_bypass("::1");
	check_bypass("::ffff:127.0.0.1");
}

TEST(lan_address_connects_directly)
{
	struct ifaddrs *list = NULL;
	char address[NI_MAXHOST];

	CHECK_EQUAL(getifaddrs(&list), 0);
	for (struct ifaddrs *at = list; at; at = at->ifa_next)
		if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET && !(at->ifa_flags & IFF_LOOPBACK) &&
		    getnameinfo(at->ifa_addr, sizeof(struct sockaddr_in), address, sizeof(address), NULL, 0,
				NI_NUMERICHOST) == 0)
			check_bypass(address);
	freeifaddrs(list);
}

TEST(socketpair_and_unix_sockets_ask_nobody)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
	long before = broker_count();
	int pair[2], fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un name;
	socklen_t length = sizeof(name);

	CHECK_EQUAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
	CHECK_EQUAL(errno, ENOENT);
	close(fd);
	CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_EQUAL(write(pair[0], "x", 1), 1);
	CHECK_EQUAL(getpeername(pair[0], (struct sockaddr *)&name, &length), 0);
	close(pair[1]);
	/* ECONNRESET of a unix socket with unread data is nobody's dial */
	CHECK_EQUAL(socket_error(pair[0]), ECONNRESET);
	close(pair[0]);
	CHECK_EQUAL(broker_count(), before);
}

TEST(range_that_never_goes_is_left_alone)
{
	struct destination to = destination("10.96.66.1", PORT_ECHO);
	long before = broker_count();
	int fd = stream_socket(&to, SOCK_NONBLOCK);

	connect_to(fd, &to); /* whatever the machine's routes make of it */
	CHECK_EQUAL(broker_count(), before);
	close(fd);
}

TEST(bad_arguments_give_the_kernels_errno)
{
	struct destination to = destination(HELLO_4, PORT_ECHO), to_6 = destination(HELLO_6, PORT_ECHO);
	struct destination mapped = destination(HELLO_MAPPED, PORT_ECHO);
	int fd = stream_socket(&to, 0), fd_6 = stream_socket(&to_6, 0), on = 1;
	long before = broker_count();

	CHECK_EQUAL(connect_to(-1, &to), EBADF);
	CHECK_EQUAL(connect_to(STDIN_FILENO, &to), ENOTSOCK);
	CHECK_EQUAL(connect_to(fd, &to_6), EAFNOSUPPORT);
	to.length = 8;
	CHECK_EQUAL(connect_to(fd, &to), EINVAL);
	CHECK_EQUAL(setsockopt(fd_6, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
	CHECK_EQUAL(connect_to(fd_6, &mapped), ENETUNREACH);
	CHECK_EQUAL(broker_count(), before);
	close(fd);
	close(fd_6);
}

static char *before_the_edge(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_EQUAL(mprotect(pages + page, page, PROT_NONE), 0);
	return pages + page - size;
}

/* volatile: the compiler would warn of what is tested here */
static void *volatile nowhere = (void *)8;

#define FAILS(call) ((call) == -1 ? errno : 0)

TEST(addresses_that_lead_nowhere_are_efault)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	char *edge = before_the_edge(8);
	int fd = stream_socket(&to, 0), datagram = socket(AF_INET, SOCK_DGRAM, 0);
	long before = broker_count();

	memcpy(edge, &to.address, 8);
	CHECK_EQUAL(FAILS(connect(fd, NULL, to.length)), EFAULT);
	CHECK_EQUAL(FAILS(connect(fd, nowhere, to.length)), EFAULT);
	CHECK_EQUAL(FAILS(connect(fd, (void *)edge, to.length)), EFAULT);
	CHECK_EQUAL(FAILS(connect(fd, (void *)edge, 8)), EINVAL);
	CHECK_EQUAL(FAILS(connect(fd, (void *)&to.address, sizeof(to.address) + 1)), EINVAL);
	CHECK_EQUAL(FAILS(connect(-1, nowhere, to.length)), EBADF);
	CHECK_EQUAL(FAILS(sendto(datagram, "x", 1, 0, nowhere, to.length)), EFAULT);
	CHECK_EQUAL(FAILS(sendto(datagram, "x", 1, 0, (void *)edge, to.length)), EFAULT);
	CHECK_EQUAL(FAILS(sendto(datagram, "x", 1, 0, (void *)&to.address, sizeof(to.address) + 1)), EINVAL);
	CHECK_EQUAL(broker_count(), before);
	close(fd);
	close(datagram);
}

TEST(name_buffers_that_lead_nowhere_are_efault)
{
	struct destination at;
	int listener = listen_on("127.0.0.1", &at), fd = stream_socket(&at, 0),
	    lonely = stream_socket(&at, 0);
	struct sockaddr_storage name;
	socklen_t length = sizeof(name);

	CHECK_EQUAL(connect_to(fd, &at), 0);
	CHECK_EQUAL(FAILS(getpeername(fd, nowhere, &length)), EFAULT);
	CHECK_EQUAL(FAILS(getpeername(fd, (void *)&name, nowhere)), EFAULT);
	CHECK_EQUAL(FAILS(getsockname(fd, nowhere, &length)), EFAULT);
	CHECK_EQUAL(FAILS(getsockname(fd, (void *)&name, (void *)before_the_edge(2))), EFAULT);
	CHECK_EQUAL(FAILS(getpeername(lonely, nowhere, nowhere)), ENOTCONN);
	CHECK_EQUAL(FAILS(getpeername(STDIN_FILENO, nowhere, nowhere)), ENOTSOCK);
	length = 0;
	CHECK_EQUAL(getpeername(fd, NULL, &length), 0);
	CHECK_EQUAL(length, sizeof(struct sockaddr_in));
	close(lonely);
	close(fd);
	close(listener);
}

#ifdef __GLIBC__ /* musl reads these structures itself, before the hook or the kernel */
TEST(messages_that_lead_nowhere_are_efault)
{
	struct destination at = destination("127.0.0.1", 0);
	struct iovec vector = {.iov_base = "x", .iov_len = 1};
	struct mmsghdr messages[2] = {
		{.msg_hdr = {.msg_iov = &vector, .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &vector, .msg_iovlen = 1, .msg_name = nowhere}}};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char data[4];

	CHECK_EQUAL(bind(fd, (struct sockaddr *)&at.address, at.length), 0);
	CHECK_EQUAL(getsockname(fd, (struct sockaddr *)&at.address, &at.length), 0);
	messages[0].msg_hdr.msg_name = &at.address;
	messages[0].msg_hdr.msg_namelen = messages[1].msg_hdr.msg_namelen = at.length;
	CHECK_EQUAL(FAILS(sendmsg(fd, nowhere, 0)), EFAULT);
	CHECK_EQUAL(FAILS(sendmsg(fd, &messages[1].msg_hdr, 0)), EFAULT);
	CHECK_EQUAL(FAILS(sendmmsg(fd, nowhere, 2, 0)), EFAULT);
	CHECK_EQUAL(sendmmsg(fd, messages, 2, 0), 1);
	CHECK_EQUAL(FAILS(recvmsg(fd, nowhere, 0)), EFAULT);
	CHECK_EQUAL(FAILS(recvfrom(fd, data, sizeof(data), 0, (void *)&at.address, nowhere)), EFAULT);
	close(fd);
}
#endif

TEST(names_of_this_machine_ask_nobody)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "::1", "10.96.0.10", "127.1"};
	long before = broker_count();

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct addrinfo *list = NULL;

		CHECK_EQUAL(getaddrinfo(names[i], "80", NULL, &list), 0);
		if (list)
			freeaddrinfo(list);
	}
	CHECK_EQUAL(broker_count(), before);
}

TEST(numeric_and_passive_requests_ask_nobody)
{
	struct addrinfo passive = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
	struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST};
	struct addrinfo *list = NULL;
	long before = broker_count();

	CHECK_EQUAL(getaddrinfo(NULL, "80", &passive, &list), 0);
	freeaddrinfo(list);
	CHECK_EQUAL(getaddrinfo("hello", "80", &numeric, &list), EAI_NONAME);
	CHECK_EQUAL(broker_count(), before);
}

TEST(names_outside_of_the_pods_domains_ask_nobody)
{
	static const char *const names[] = {"bad name",
					    "b\xc3\xbc"
					    "cher.svc",
					    "wpad", "app.localhost", "x.never"};
	long before = broker_count();

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct addrinfo *list = NULL;

		if (getaddrinfo(names[i], "80", NULL, &list) == 0)
			freeaddrinfo(list);
	}
	CHECK_EQUAL(broker_count(), before);
}
