/* In and out many times, while other threads connect: nothing is left behind. */
#include "reach.h"
#include "session.h"
#include "slots.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
		if (inode == 0)
			continue;
		CHECK(length + strlen(line) < sizeof(footprint->files));
		if (length + strlen(line) < sizeof(footprint->files))
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
