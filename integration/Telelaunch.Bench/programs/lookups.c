/*
 * lookups - asks for names as programs do, by getaddrinfo(3), and counts
 *
 * One command a line on standard input, one answer a line on standard output, "ok ..." or "error TEXT":
 *
 *   resolve NAME ADDRESS THREADS COUNT
 *     COUNT lookups of NAME in each of THREADS at once, one after the other in each; every answer must be
 *     ADDRESS (IPv4). Answers the number of all lookups and the seconds they took
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { MAX_THREADS = 64 };

struct asker {
	pthread_t thread;
	const char *name;
	struct in_addr wanted;
	int count;
	const char *error;
};

static pthread_barrier_t all_there;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Return: what is wrong, or NULL */
static const char *resolve_once(const char *name, struct in_addr wanted)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
	int error = getaddrinfo(name, NULL, &hints, &found);
	const char *result = NULL;

	if (error != 0)
		return gai_strerror(error);
	if (((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr != wanted.s_addr)
		result = "another address";
	freeaddrinfo(found);
	return result;
}

static void *ask(void *argument)
{
	struct asker *asker = argument;

	pthread_barrier_wait(&all_there);
	for (int i = 0; i < asker->count && asker->error == NULL; i++)
		asker->error = resolve_once(asker->name, asker->wanted);
	return NULL;
}

static void run(const char *name, struct in_addr wanted, int threads, int count)
{
	struct asker askers[MAX_THREADS];
	const char *error = NULL;
	double start;

	pthread_barrier_init(&all_there, NULL, (unsigned)threads + 1);
	for (int i = 0; i < threads; i++) {
		askers[i] = (struct asker){.name = name, .wanted = wanted, .count = count};
		pthread_create(&askers[i].thread, NULL, ask, &askers[i]);
	}
	pthread_barrier_wait(&all_there);
	start = now();
	for (int i = 0; i < threads; i++) {
		pthread_join(askers[i].thread, NULL);
		if (askers[i].error != NULL)
			error = askers[i].error;
	}
	if (error != NULL)
		printf("error resolve %s: %s\n", name, error);
	else
		printf("ok %d %.6f\n", threads * count, now() - start);
	fflush(stdout);
	pthread_barrier_destroy(&all_there);
}

int main(void)
{
	char line[512], name[256], address[16];
	struct in_addr wanted;
	int threads, count;

	printf("ok ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "resolve %255s %15s %d %d", name, address, &threads, &count) == 4 &&
		    inet_pton(AF_INET, address, &wanted) == 1 && threads > 0 && threads <= MAX_THREADS && count > 0) {
			run(name, wanted, threads, count);
		} else {
			printf("error %s\n", strtok(line, "\n"));
			fflush(stdout);
		}
	}
	return 0;
}
