/*
 * The shim is loaded into this running program and told to attach and to detach, as the .NET runtime does it.
 * Built twice: with slots that are bound lazily, and with slots that are read-only after the start.
 */
#include "app.h"
#include "elf_symbol.h"
#include "session.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define IS_SLOT(type) ((type) == R_X86_64_JUMP_SLOT || (type) == R_X86_64_GLOB_DAT)
#else
#define IS_SLOT(type) ((type) == R_AARCH64_JUMP_SLOT || (type) == R_AARCH64_GLOB_DAT)
#endif

enum {
	FROM_ATTACHED = 2,
	FROM_DETACHED = 3
};

/* ---- every slot of every object, and what it held ---- */

#define MOST_SLOTS 20000

static struct {
	void **at;
	void *before;
} slots[MOST_SLOTS];
static int slot_count;

static void note_slots(const struct elf_object *object, const ElfW(Rela) * table, size_t size)
{
	for (size_t i = 0; table && i < size / sizeof(*table); i++) {
		void **at = (void **)(object->base + table[i].r_offset);

		if (!IS_SLOT(ELF64_R_TYPE(table[i].r_info)))
			continue;
		CHECK(slot_count < MOST_SLOTS);
		slots[slot_count].at = at;
		slots[slot_count++].before = *at;
	}
}

static int note_object(struct dl_phdr_info *info, size_t size, void *unused)
{
	struct elf_object object;

	(void)size;
	(void)unused;
	if (!elf_is_shim(info->dlpi_name) && elf_read_object(info, &object)) {
		note_slots(&object, object.jump_slots, object.jump_slots_size);
		note_slots(&object, object.relocations, object.relocations_size);
	}
	return 0;
}

static void note_all_slots(void)
{
	shim_load();
	slot_count = 0;
	dl_iterate_phdr(note_object, NULL);
}

static bool is_in_shim(void *function)
{
	Dl_info info;

	return dladdr(function, &info) && elf_is_shim(info.dli_fname);
}

static int slots_in_shim(void)
{
	int count = 0;

	for (int i = 0; i < slot_count; i++)
		count += is_in_shim(*slots[i].at);
	return count;
}

static int in_shim_at_last[MOST_SLOTS];

static void note_slots_in_shim(void)
{
	for (int i = 0; i < slot_count; i++)
		in_shim_at_last[i] = is_in_shim(*slots[i].at);
}

/* A slot that led to its own object's stub was never used, and may have been bound since */
static bool was_unbound(int slot)
{
	Dl_info stub, object;

	return dladdr(slots[slot].before, &stub) && dladdr(slots[slot].at, &object) &&
	       stub.dli_fbase == object.dli_fbase;
}

/* Of those that were noted */
static int slots_not_as_before(void)
{
	int count = 0;

	for (int i = 0; i < slot_count; i++)
		count += in_shim_at_last[i] && !was_unbound(i) && *slots[i].at != slots[i].before;
	return count;
}

/* ---- connections ---- */

/* A listener of this machine on a port that the table says is the pod's, so that the two can be told apart:
 * through the broker it can't be reached, because the port is a script that fails. */
static int own_listener;
static struct destination own_destination;
#define SCRIPTED_ERROR EHOSTDOWN

static void listen_here(void)
{
	if (own_listener)
		return;
	own_destination = destination("127.0.0.1", PORT_FAIL(SCRIPTED_ERROR));
	own_listener = stream_socket(&own_destination, SOCK_CLOEXEC);
	CHECK_EQUAL(setsockopt(own_listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
	CHECK_EQUAL(bind(own_listener, (struct sockaddr *)&own_destination.address, own_destination.length),
		    0);
	CHECK_EQUAL(listen(own_listener, 128), 0);
}

static void list_own_port(const struct own_session *session)
{
	char command[32];

	listen_here();
	session_choose(session);
	snprintf(command, sizeof(command), "pod-port %d", PORT_FAIL(SCRIPTED_ERROR));
	CHECK_TEXT(broker(command), "ok");
}

/* Return: errno of a connect to the listener */
static int reach_own(int flags)
{
	int fd = stream_socket(&own_destination, flags | SOCK_CLOEXEC);
	int error = connect_to(fd, &own_destination), accepted;

	if (error == EINPROGRESS) {
		wait_for(fd, POLLOUT);
		error = socket_error(fd);
	}
	if (error == 0) {
		accepted = accept(own_listener, NULL, NULL);
		CHECK(accepted >= 0);
		close(accepted);
	}
	close(fd);
	return error;
}

static bool finds(const char *name)
{
	struct addrinfo *list = NULL;
	bool found = getaddrinfo(name, "80", NULL, &list) == 0;

	if (found)
		freeaddrinfo(list);
	return found;
}

static bool reaches_cluster(int flags)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	int fd = stream_socket(&to, flags | SOCK_CLOEXEC);
	int error = connect_to(fd, &to);
	bool reached;

	if (error == EINPROGRESS) {
		wait_for(fd, POLLOUT);
		error = socket_error(fd);
	}
	reached = error == 0 && shows_peer(fd, &to) && echoes(fd);
	close(fd);
	return reached;
}

/* ---- in and out ---- */

TEST(attached_program_is_in_the_cluster_and_out_again)
{
	struct own_session session;
	struct said said;
	long asked;

	session_start(&session);
	note_all_slots();
	CHECK(!finds("hello"));
	CHECK_EQUAL(broker_count(), 0);
	said = shim_order("attach", &session);
	CHECK_EQUAL(said.process, getpid());
	CHECK_EQUAL(said.source, FROM_ATTACHED);
	CHECK_EQUAL(said.status, 0);
	CHECK(said.count > 5);
	CHECK_EQUAL(slots_in_shim(), said.count);
	note_slots_in_shim();
	CHECK(finds("hello"));
	CHECK(reaches_cluster(0));
	CHECK(reaches_cluster(SOCK_NONBLOCK));
	said = shim_order("detach", &session);
	CHECK_EQUAL(said.source, FROM_DETACHED);
	CHECK_EQUAL(said.status, 0);
	CHECK(said.count > 5);
	CHECK_EQUAL(slots_in_shim(), 0);
	CHECK_EQUAL(slots_not_as_before(), 0);
	asked = broker_count();
	CHECK(!finds("hello"));
	CHECK_EQUAL(broker_count(), asked);
	session_end(&session);
}

TEST(attached_again_says_already_and_elsewhere_says_busy)
{
	struct own_session one, two;
	struct said said;
	int count;

	session_start(&one);
	session_start(&two);
	count = shim_order("attach", &one).count;
	said = shim_order("attach", &one);
	CHECK_EQUAL(said.status, EALREADY);
	CHECK_EQUAL(said.count, count);
	CHECK_EQUAL(shim_order("attach", &two).status, EBUSY);
	CHECK_EQUAL(shim_order("detach", &two).status, EBUSY);
	session_choose(&one);
	CHECK(reaches_cluster(SOCK_NONBLOCK));
	CHECK_EQUAL(broker_count() > 0, true);
	session_choose(&two);
	CHECK_EQUAL(shim_order("detach", &one).status, 0);
	said = shim_order("detach", &one);
	CHECK_EQUAL(said.status, 0);
	CHECK_EQUAL(said.count, 0);
	session_end(&one);
	session_end(&two);
}

TEST(attached_to_a_dead_session_takes_the_new_one)
{
	struct own_session dead, over, living;

	session_start(&dead);
	session_start(&over);
	session_start(&living);
	CHECK_EQUAL(shim_order("attach", &dead).status, 0);
	session_kill(&dead);
	CHECK_EQUAL(shim_order("attach", &over).status, 0);
	session_choose(&over);
	CHECK_TEXT(broker("active 0"), "ok");
	CHECK_EQUAL(shim_order("attach", &living).status, 0);
	session_choose(&living);
	CHECK(reaches_cluster(0));
	CHECK_EQUAL(shim_order("detach", &living).status, 0);
	session_end(&dead);
	session_end(&over);
	session_end(&living);
}

TEST(attached_without_a_table_stays_outside)
{
	struct own_session session;
	char table[100];
	struct said said;

	session_start(&session);
	note_all_slots();
	snprintf(table, sizeof(table), "%s/table", session.directory);
	CHECK_EQUAL(unlink(table), 0);
	said = shim_order("attach", &session);
	CHECK_EQUAL(said.status, ENOENT);
	CHECK_EQUAL(said.count, 0);
	CHECK_EQUAL(slots_in_shim(), 0);
	session_end(&session);
}

TEST(attached_by_no_order_is_nothing)
{
	note_all_slots();
	shim_order_text("");
	shim_order_text("attach");
	shim_order_text("attach\n");
	shim_order_text("attach\n/tmp");
	shim_order_text("attach\nrelative\n");
	shim_order_text("leave\n/tmp\n");
	shim_order_text(
		"attach\n/a/path/that/is/longer/than/a/session/directory/can/be/because/sun_path/has/no/room/"
		"for/it\n");
	CHECK_EQUAL(slots_in_shim(), 0);
}

/* ---- the broker is gone ---- */

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

TEST(attached_program_without_descriptors_stays_in)
{
	struct own_session session;
	struct rlimit before, low;
	int taken[256], count = 0;

	getrlimit(RLIMIT_NOFILE, &before);
	low = (struct rlimit){256, before.rlim_max};
	session_start(&session);
	note_all_slots();
	CHECK_EQUAL(shim_order("attach", &session).status, 0);
	CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (count < 256 && (taken[count] = dup(0)) >= 0)
		count++;
	CHECK(count < 256);
	CHECK(!finds("hello"));
	CHECK(slots_in_shim() > 0);
	while (count > 0)
		close(taken[--count]);
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK(finds("hello"));
	CHECK_EQUAL(shim_order("detach", &session).status, 0);
	session_end(&session);
}

/* ---- many times, while others connect ---- */

#define CYCLES     20
#define THREADS    4
#define LEAST_LEAK 4096u /* a page */

static bool stop;
static long reached, refused;

/* In the cluster the port refuses, outside somebody listens; at the turn a dial may find nobody */
static void *connect_meanwhile(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		int fd = stream_socket(&own_destination, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int error = connect_to(fd, &own_destination);

		if (error == EINPROGRESS) {
			wait_for(fd, POLLOUT);
			error = socket_error(fd);
		}
		/* ECONNRESET: the dial's errno was asked for when the session had been left */
		CHECK(error == 0 || error == SCRIPTED_ERROR || error == ENETUNREACH || error == ECONNRESET);
		if (error == 0)
			__atomic_fetch_add(&reached, 1, __ATOMIC_RELAXED);
		if (error == SCRIPTED_ERROR)
			__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
		close(fd);
		CHECK(finds("localhost"));
	}
	return NULL;
}

static void *accept_meanwhile(void *unused)
{
	(void)unused;
	for (;;) {
		int fd = accept(own_listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		close(fd);
	}
}

/* Waits until a thread has seen another state than before */
static void wait_for_one_more(const long *count)
{
	long before = __atomic_load_n(count, __ATOMIC_RELAXED);

	while (__atomic_load_n(count, __ATOMIC_RELAXED) == before)
		sched_yield();
}

struct footprint {
	int descriptors;
	unsigned long anonymous; /* bytes that are mapped from no file, the main heap and the stack aside */
	char files[65536];
};

/*
 * What a thread mapped for its heap may be kept or given back at any time, so that the anonymous mappings
 * aren't the same from one moment to the next; what each cycle left behind would add up all the same.
 */
static void take_footprint(struct footprint *footprint)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	size_t length = 0;

	footprint->descriptors = 0;
	footprint->anonymous = 0;
	for (int fd = 0; fd < 1024; fd++)
		footprint->descriptors += fcntl(fd, F_GETFD) >= 0;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end, inode = 0;

		CHECK_EQUAL(sscanf(line, "%lx-%lx %*s %*s %*s %lu", &start, &end, &inode), 3);
		if (inode == 0 && !strstr(line, "[heap]") && !strstr(line, "[stack]"))
			footprint->anonymous += end - start;
		else if (inode != 0 && length + strlen(line) < sizeof(footprint->files))
			length += (size_t)sprintf(footprint->files + length, "%s", line);
	}
	fclose(maps);
}

static void cycle(const struct own_session *session)
{
	CHECK_EQUAL(shim_order("attach", session).status, 0);
	wait_for_one_more(&refused);
	CHECK_EQUAL(shim_order("detach", session).status, 0);
	wait_for_one_more(&reached);
}

TEST(attached_and_detached_many_times_leaves_nothing_behind)
{
	static struct footprint before, after;
	struct own_session session;
	pthread_t threads[THREADS], accepting;

	session_start(&session);
	list_own_port(&session);
	note_all_slots();
	stop = false;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, connect_meanwhile, NULL);
	pthread_create(&accepting, NULL, accept_meanwhile, NULL);
	for (int i = 0; i < CYCLES; i++)
		cycle(&session);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	shutdown(own_listener, SHUT_RDWR);
	pthread_join(accepting, NULL);
	close(own_listener);
	own_listener = 0;
	CHECK_EQUAL(slots_in_shim(), 0);
	take_footprint(&before);
	for (int i = 0; i < CYCLES; i++) {
		CHECK_EQUAL(shim_order("attach", &session).status, 0);
		CHECK(finds("hello"));
		CHECK(reaches_cluster(SOCK_NONBLOCK));
		CHECK_EQUAL(shim_order("detach", &session).status, 0);
	}
	take_footprint(&after);
	CHECK_EQUAL(after.descriptors, before.descriptors);
	CHECK_TEXT(after.files, before.files);
	CHECK(after.anonymous < before.anonymous + CYCLES * LEAST_LEAK);
	session_end(&session);
}

/* ---- others ---- */

TEST(wrapped_program_is_led_past_the_wrapper_and_back)
{
	struct own_session session;
	int *count = dlsym(RTLD_DEFAULT, "other_preload_connects"), before;

	CHECK(count);
	if (!count)
		return;
	session_start(&session);
	listen_here();
	before = *count;
	CHECK_EQUAL(reach_own(0), 0);
	CHECK_EQUAL(*count, before + 1);
	CHECK_EQUAL(shim_order("attach", &session).status, 0);
	before = *count;
	CHECK_EQUAL(reach_own(0), 0);
	CHECK_EQUAL(*count, before);
	CHECK_EQUAL(shim_order("detach", &session).status, 0);
	before = *count;
	CHECK_EQUAL(reach_own(0), 0);
	CHECK_EQUAL(*count, before + 1);
	session_end(&session);
}

TEST(preloaded_program_is_where_it_is)
{
	struct own_session own, other;
	struct said said;

	strcpy(own.directory, getenv("TELELAUNCH_SESSION"));
	said = shim_order("attach", &own);
	CHECK_EQUAL(said.status, EALREADY);
	CHECK_EQUAL(said.count, 0);
	session_start(&other);
	CHECK_EQUAL(shim_order("attach", &other).status, EBUSY);
	CHECK_EQUAL(shim_order("detach", &other).status, 0);
	session_choose(&own);
	CHECK(finds("hello"));
	CHECK(reaches_cluster(SOCK_NONBLOCK));
	session_end(&other);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv);
}
