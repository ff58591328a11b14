/*
 * flows - the application of the benchmark: opens connections, moves bytes, and measures from inside
 *
 * One command a line on standard input, one answer a line on standard output, "ok ..." or "error TEXT":
 *
 *   bulk HOST PORT down|up FLOWS BYTES
 *     moves BYTES over each of FLOWS connections at once; answers all bytes and the seconds they took
 *   connect HOST PORT ask|greet COUNT
 *     COUNT connects one after the other, each to the first byte; answers each time in microseconds
 *   until HOST PORT CHARACTER SECONDS
 *     asks again and again, by a few callers in turn, until CHARACTER is the answer; whatever fails is tried
 *     again. Answers 1 at that moment; gives up after SECONDS, or when standard input ends
 *   hold HOST PORT COUNT
 *     opens COUNT more connections and keeps them, idle
 *   release
 *     closes what is kept
 *   local COUNT
 *     COUNT connects to a listener of its own on loopback; answers microseconds each
 *   spawn COUNT
 *     COUNT times /bin/true by posix_spawn(3), one after the other; answers microseconds each
 *
 * The server's protocol: COMMAND 1 | LENGTH 8 (big-endian). D: it sends LENGTH bytes; U: it reads LENGTH
 * bytes, then sends one; E: it sends one. The port for "greet" sends one byte by itself. An upload ends when
 * the server has it all, so nothing counts that only lies in a buffer. Connecting isn't part of bulk: the
 * clock runs from when all connections are there.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 256 * 1024,
	MAX_FLOWS = 64,
	MAX_HELD = 16384,
	/* So one call is made every 5 ms, and one that is lost on a way that has just gone holds up no other
	 */
	CALLERS = 4,
	CALL_INTERVAL_MS = 20,
	CALL_TIMEOUT_MS = 1000
};

struct flow {
	pthread_t thread;
	int fd;
	char command;
	uint64_t bytes;
	int error;
};

struct caller {
	pthread_t thread;
	const char *host;
	int port;
	char wanted;
	double deadline;
};

static pthread_barrier_t all_connected;
static atomic_int is_answered;
static int held[MAX_HELD];
static int held_count;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what, int error)
{
	printf("error %s: %s\n", what, strerror(error));
	fflush(stdout);
}

/* Return: a connected socket, whose calls give up after so many milliseconds (0: never), or -errno */
static int open_flow(const char *host, int port, int timeout)
{
	struct timeval bound = {.tv_sec = timeout / 1000, .tv_usec = timeout % 1000 * 1000};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd, on = 1;

	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		return -EINVAL;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (timeout > 0) {
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

static int send_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t count = send(fd, data, size, MSG_NOSIGNAL);

		if (count < 0)
			return errno;
		data += count;
		size -= (size_t)count;
	}
	return 0;
}

static int send_request(int fd, char command, uint64_t length)
{
	char request[9] = {command};

	for (int i = 0; i < 8; i++)
		request[1 + i] = (char)(length >> (56 - 8 * i));
	return send_all(fd, request, sizeof(request));
}

static int receive_all(int fd, char *buffer, uint64_t size)
{
	while (size > 0) {
		ssize_t count = recv(fd, buffer, size < BUFFER_SIZE ? size : BUFFER_SIZE, 0);

		if (count < 0)
			return errno;
		if (count == 0)
			return EPIPE;
		size -= (uint64_t)count;
	}
	return 0;
}

static void *move(void *argument)
{
	struct flow *flow = argument;
	char *buffer = malloc(BUFFER_SIZE);

	/* Not zeros: nothing on the way may be tempted to compress. */
	for (int i = 0; i < BUFFER_SIZE; i++)
		buffer[i] = (char)(((uint32_t)i * 2654435761u) >> 24);
	pthread_barrier_wait(&all_connected);
	flow->error = send_request(flow->fd, flow->command, flow->bytes);
	if (flow->error == 0 && flow->command == 'D')
		flow->error = receive_all(flow->fd, buffer, flow->bytes);
	if (flow->error == 0 && flow->command == 'U') {
		for (uint64_t left = flow->bytes; left > 0 && flow->error == 0;) {
			size_t size = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;

			flow->error = send_all(flow->fd, buffer, size);
			left -= size;
		}
		if (flow->error == 0)
			flow->error = receive_all(flow->fd, buffer, 1);
	}
	free(buffer);
	return NULL;
}

static void run_bulk(const char *host, int port, char command, int count, uint64_t bytes)
{
	struct flow flows[MAX_FLOWS];
	double start, end;
	int error = 0;

	for (int i = 0; i < count; i++) {
		int fd = open_flow(host, port, 0);

		if (fd < 0) {
			while (i-- > 0)
				close(flows[i].fd);
			fail("connect", -fd);
			return;
		}
		flows[i] = (struct flow){.fd = fd, .command = command, .bytes = bytes};
	}
	pthread_barrier_init(&all_connected, NULL, (unsigned)count + 1);
	for (int i = 0; i < count; i++)
		pthread_create(&flows[i].thread, NULL, move, &flows[i]);
	pthread_barrier_wait(&all_connected);
	start = now();
	for (int i = 0; i < count; i++) {
		pthread_join(flows[i].thread, NULL);
		if (flows[i].error != 0)
			error = flows[i].error;
	}
	end = now();
	for (int i = 0; i < count; i++)
		close(flows[i].fd);
	pthread_barrier_destroy(&all_connected);
	if (error != 0) {
		fail("bulk", error);
		return;
	}
	printf("ok %llu %.6f\n", (unsigned long long)bytes * (unsigned long long)count, end - start);
	fflush(stdout);
}

/* Return: 0 or errno */
static int connect_once(const char *host, int port, int ask, double *seconds)
{
	char byte;
	double start = now();
	int fd = open_flow(host, port, 0), error = 0;

	if (fd < 0)
		return -fd;
	if (ask)
		error = send_request(fd, 'E', 0);
	if (error == 0)
		error = receive_all(fd, &byte, 1);
	*seconds = now() - start;
	close(fd);
	return error;
}

static void run_connects(const char *host, int port, int ask, int count)
{
	double *seconds = calloc((size_t)count, sizeof(*seconds));

	for (int i = 0; i < count; i++) {
		int error = connect_once(host, port, ask, &seconds[i]);

		if (error != 0) {
			fail("connect", error);
			free(seconds);
			return;
		}
	}
	printf("ok");
	for (int i = 0; i < count; i++)
		printf(" %.1f", seconds[i] * 1e6);
	printf("\n");
	fflush(stdout);
	free(seconds);
}

static int input_has_ended(void)
{
	struct pollfd input = {.fd = STDIN_FILENO};

	return poll(&input, 1, 0) > 0 && (input.revents & POLLHUP) != 0;
}

/* Return: whether the wanted one answers */
static int ask_once(const struct caller *caller)
{
	char byte = 0;
	int fd = open_flow(caller->host, caller->port, CALL_TIMEOUT_MS), error;

	if (fd < 0)
		return 0;
	error = send_request(fd, 'E', 0);
	if (error == 0)
		error = receive_all(fd, &byte, 1);
	close(fd);
	return error == 0 && byte == caller->wanted;
}

static void *call(void *argument)
{
	struct caller *caller = argument;
	struct timespec interval = {.tv_nsec = CALL_INTERVAL_MS * 1000000L};

	while (!is_answered && now() < caller->deadline && !input_has_ended()) {
		if (!ask_once(caller)) {
			nanosleep(&interval, NULL);
		} else if (atomic_exchange(&is_answered, 1) == 0) {
			printf("ok 1\n");
			fflush(stdout);
		}
	}
	return NULL;
}

static void run_until(const char *host, int port, char wanted, int seconds)
{
	struct caller callers[CALLERS];
	struct timespec shift = {.tv_nsec = CALL_INTERVAL_MS * 1000000L / CALLERS};

	is_answered = 0;
	for (int i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){
			.host = host, .port = port, .wanted = wanted, .deadline = now() + seconds};
		pthread_create(&callers[i].thread, NULL, call, &callers[i]);
		nanosleep(&shift, NULL);
	}
	for (int i = 0; i < CALLERS; i++)
		pthread_join(callers[i].thread, NULL);
	if (!is_answered)
		fail("until", ETIMEDOUT);
}

static void release(void)
{
	while (held_count > 0)
		close(held[--held_count]);
}

static void hold(const char *host, int port, int count)
{
	for (int i = 0; i < count && held_count < MAX_HELD; i++) {
		int fd = open_flow(host, port, 0);

		if (fd < 0) {
			fail("connect", -fd);
			return;
		}
		held[held_count++] = fd;
	}
	printf("ok %d\n", held_count);
	fflush(stdout);
}

static void run_local(int count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	/* RST instead of TIME_WAIT, of which thousands would slow down whoever looks for a free port next */
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	double start;

	bind(listener, (struct sockaddr *)&address, sizeof(address));
	listen(listener, 16);
	getsockname(listener, (struct sockaddr *)&address, &size);
	start = now();
	for (int i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int accepted;

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
			fail("connect", errno);
			close(fd);
			close(listener);
			return;
		}
		accepted = accept(listener, NULL, NULL);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		close(accepted);
	}
	printf("ok %.4f\n", (now() - start) * 1e6 / count);
	fflush(stdout);
	close(listener);
}

static void run_spawns(int count)
{
	char *arguments[] = {"/bin/true", NULL};
	double start = now();

	for (int i = 0; i < count; i++) {
		pid_t child;
		int status, error = posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ);

		if (error != 0) {
			fail("posix_spawn", error);
			return;
		}
		waitpid(child, &status, 0);
	}
	printf("ok %.2f\n", (now() - start) * 1e6 / count);
	fflush(stdout);
}

static void obey(const char *line)
{
	char host[64], word[16];
	int port, count;
	unsigned long long bytes;

	if (sscanf(line, "bulk %63s %d %15s %d %llu", host, &port, word, &count, &bytes) == 5 && count > 0 &&
	    count <= MAX_FLOWS)
		run_bulk(host, port, strcmp(word, "down") == 0 ? 'D' : 'U', count, bytes);
	else if (sscanf(line, "connect %63s %d %15s %d", host, &port, word, &count) == 4 && count > 0)
		run_connects(host, port, strcmp(word, "ask") == 0, count);
	else if (sscanf(line, "until %63s %d %1s %d", host, &port, word, &count) == 4)
		run_until(host, port, word[0], count);
	else if (sscanf(line, "hold %63s %d %d", host, &port, &count) == 3)
		hold(host, port, count);
	else if (sscanf(line, "local %d", &count) == 1 && count > 0)
		run_local(count);
	else if (sscanf(line, "spawn %d", &count) == 1 && count > 0)
		run_spawns(count);
	else if (strncmp(line, "release", 7) == 0) {
		release();
		printf("ok 0\n");
		fflush(stdout);
	} else {
		fail(line, EINVAL);
	}
}

int main(void)
{
	struct rlimit files;
	char line[256];

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	printf("ok ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		obey(line);
	}
	release();
	return 0;
}
