/* An attached program whose broker is gone: it goes on as if nothing had been there. */
#include "reach.h"
#include "session.h"
#include "slots.h"

#include <netdb.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What libc says of a name that is the cluster's: EAI_NONAME, or EAI_AGAIN where no resolver answers */
static int own_error;

/* Attaches, ends the broker, and makes one call, which has to go as if nothing had been there */
static void loses_its_broker(bool cleanly, const char *before, void (*call)(void))
{
	struct own_session session;

	session_start(&session);
	note_all_slots();
	own_error = getaddrinfo("hello", "80", NULL, &(struct addrinfo *){NULL});
	CHECK(own_error != 0);
	CHECK_EQUAL(shim_order("attach", &session).status, 0);
	note_slots_in_shim();
	list_own_port(&session);
	CHECK_EQUAL(reach_own(SOCK_NONBLOCK), SCRIPTED_ERROR);
	if (before)
		CHECK_TEXT(broker(before), "ok");
	if (cleanly)
		CHECK_TEXT(broker("active 0"), "ok");
	else
		session_kill(&session);
	call();
	CHECK_EQUAL(slots_in_shim(), 0);
	CHECK_EQUAL(slots_not_as_before(), 0);
	session_end(&session);
}

static void connects_nonblocking(void)
{
	CHECK_EQUAL(reach_own(SOCK_NONBLOCK), 0);
}

static void connects_blocking(void)
{
	CHECK_EQUAL(reach_own(0), 0);
}

/* libc finds none, and says so in its own words */
static void looks_up(void)
{
	struct addrinfo *list = NULL;

	CHECK_EQUAL(getaddrinfo("hello", "80", NULL, &list), own_error);
	CHECK(!list);
}

static void looks_up_by_gethostbyname(void)
{
	CHECK(!gethostbyname("hello"));
}

static void sends_datagram(void)
{
	struct destination to = destination(HELLO_4, 99);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t sent = sendto(fd, "x", 1, 0, (struct sockaddr *)&to.address, to.length);
	int error = errno;

	/* whatever the machine's own routes say */
	CHECK_EQUAL(syscall(SYS_sendto, other, "x", 1, 0, &to.address, to.length), sent);
	if (sent < 0)
		CHECK_EQUAL(errno, error);
	close(fd);
	close(other);
}

static void connects_to_name_server(void)
{
	struct destination to = destination("192.0.2.53", 53);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (connect_to(fd, &to) == 0)
		CHECK(shows_peer(fd, &to));
	close(fd);
}

TEST(attached_program_whose_broker_is_killed_connects_by_itself)
{
	loses_its_broker(false, NULL, connects_nonblocking);
	loses_its_broker(false, NULL, connects_blocking);
	loses_its_broker(false, "held 0", connects_nonblocking);
	loses_its_broker(false, "held 0", connects_blocking);
}

TEST(attached_program_whose_broker_is_killed_looks_up_by_itself)
{
	loses_its_broker(false, NULL, looks_up);
	loses_its_broker(false, NULL, looks_up_by_gethostbyname);
	loses_its_broker(false, NULL, sends_datagram);
	loses_its_broker(false, NULL, connects_to_name_server);
}

TEST(attached_program_whose_session_ends_is_as_before)
{
	loses_its_broker(true, NULL, connects_nonblocking);
	loses_its_broker(true, NULL, connects_blocking);
	loses_its_broker(true, NULL, looks_up_by_gethostbyname);
	loses_its_broker(true, NULL, sends_datagram);
}
