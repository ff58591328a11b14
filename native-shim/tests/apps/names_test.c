/* Every name function: found in the cluster, unknown there, without data, try again, and libc's own way. */
#include "app.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef EAI_NODATA
#define EAI_NODATA (-5)
#endif

/* "address:port/socktype …" of a list, as text */
static const char *shape_of(const struct addrinfo *list)
{
	static char text[2000];
	char address[64], port[8];

	text[0] = '\0';
	for (; list; list = list->ai_next) {
		getnameinfo(list->ai_addr, list->ai_addrlen, address, sizeof(address), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
		sprintf(text + strlen(text), "%s%s:%s/%d", text[0] ? " " : "", address, port,
			list->ai_socktype);
	}
	return text;
}

static void check_list(const char *name, const char *service, struct addrinfo hints, const char *wanted)
{
	struct addrinfo *list = NULL;

	CHECK_EQUAL(getaddrinfo(name, service, &hints, &list), 0);
	CHECK_TEXT(shape_of(list), wanted);
	if (list)
		freeaddrinfo(list);
}

static const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};

TEST(getaddrinfo_gives_the_clusters_address)
{
	check_list("hello", "80", stream, "10.96.0.10:80/1");
	check_list("HELLO.default.svc.cluster.LOCAL", "http", stream, "10.96.0.10:80/1");
}

TEST(getaddrinfo_keeps_all_addresses_in_the_brokers_order)
{
	check_list("headless", "5432", stream, "10.244.0.3:5432/1 10.244.0.1:5432/1 10.244.0.2:5432/1");
	check_list("dual", "1", stream, "fd00:96::a:1/1 10.96.0.11:1/1");
}

TEST(getaddrinfo_lists_the_socket_types_for_each_address)
{
	struct addrinfo hints = {.ai_family = AF_INET}, *host = NULL, *pod = NULL;
	int host_count = 0, pod_count = 0;

	CHECK_EQUAL(getaddrinfo("127.0.0.1", "53", &hints, &host), 0);
	CHECK_EQUAL(getaddrinfo("headless", "53", &hints, &pod), 0);
	for (struct addrinfo *at = host; at; at = at->ai_next)
		host_count++;
	for (struct addrinfo *at = pod; at; at = at->ai_next)
		pod_count++;
	CHECK_EQUAL(pod_count, 3 * host_count);
	freeaddrinfo(host);
	freeaddrinfo(pod);
}

TEST(getaddrinfo_respects_the_family)
{
	check_list("dual", "1", (struct addrinfo){.ai_family = AF_INET, .ai_socktype = SOCK_STREAM},
		   "10.96.0.11:1/1");
	check_list("dual", "1", (struct addrinfo){.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM},
		   "fd00:96::a:1/1");
	check_list(
		"hello", "1",
		(struct addrinfo){.ai_family = AF_INET6, .ai_flags = AI_V4MAPPED, .ai_socktype = SOCK_STREAM},
		"::ffff:10.96.0.10:1/1");
	check_list(
		"dual", "1",
		(struct addrinfo){.ai_family = AF_INET6, .ai_flags = AI_V4MAPPED, .ai_socktype = SOCK_STREAM},
		"fd00:96::a:1/1");
	check_list("dual", "1",
		   (struct addrinfo){.ai_family = AF_INET6,
				     .ai_flags = AI_V4MAPPED | AI_ALL,
				     .ai_socktype = SOCK_STREAM},
		   "fd00:96::a:1/1 ::ffff:10.96.0.11:1/1");
}

TEST(getaddrinfo_fills_the_canonical_name)
{
	struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM}, *list = NULL;

	CHECK_EQUAL(getaddrinfo("hello", NULL, &hints, &list), 0);
	CHECK_TEXT(list->ai_canonname, "hello.default.svc.cluster.local");
	freeaddrinfo(list);
	CHECK_EQUAL(getaddrinfo("headless", NULL, &hints, &list), 0);
	CHECK_TEXT(list->ai_canonname, "headless");
	CHECK(list->ai_next && !list->ai_next->ai_canonname);
	freeaddrinfo(list);
}

TEST(getaddrinfo_address_config_means_the_pods_families)
{
	struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM};

	check_list("dual", "1", hints, "fd00:96::a:1/1 10.96.0.11:1/1");
}

TEST(getaddrinfo_failures_are_told_apart)
{
	struct addrinfo six = {.ai_family = AF_INET6}, bad = {.ai_family = 77}, *list = NULL;
	long before;

	CHECK_EQUAL(getaddrinfo("busy", "80", NULL, &list), EAI_AGAIN);
	CHECK_EQUAL(getaddrinfo("empty", "80", NULL, &list), EAI_NODATA);
	CHECK_EQUAL(getaddrinfo("hello", "80", &six, &list), EAI_NODATA);
	before = broker_count();
	CHECK_EQUAL(getaddrinfo("hello", "no-such-service", &stream, &list), EAI_SERVICE);
	CHECK_EQUAL(getaddrinfo("hello", "80", &bad, &list), EAI_FAMILY);
	CHECK_EQUAL(broker_count(), before);
}

TEST(getaddrinfo_asks_libc_for_what_the_cluster_lacks)
{
	struct addrinfo *list = NULL;
	long before = broker_count();
	int result = getaddrinfo("no-such-name.svc", "80", NULL, &list);

	/* this machine may have no resolver at all, or one that can't be reached */
	CHECK(result == EAI_NONAME || result == EAI_AGAIN);
	CHECK_EQUAL(broker_count(), before + 1);
}

TEST(inactive_session_says_try_again)
{
	struct addrinfo *list = NULL;
	long before = broker_count();

	broker("active 0");
	CHECK_EQUAL(getaddrinfo("hello", "80", NULL, &list), EAI_AGAIN);
	CHECK(!gethostbyname("hello"));
	CHECK_EQUAL(h_errno, TRY_AGAIN);
	CHECK_EQUAL(broker_count(), before);
	broker("active 1");
}

static void check_host(const struct hostent *host, const char *name, const char *first)
{
	char address[64] = "";

	CHECK(host);
	if (!host)
		return;
	CHECK_TEXT(host->h_name, name);
	inet_ntop(host->h_addrtype, host->h_addr_list[0], address, sizeof(address));
	CHECK_TEXT(address, first);
}

TEST(gethostbyname_finds_and_fails)
{
	struct hostent *host = gethostbyname("headless");

	check_host(host, "headless", "10.244.0.3");
	CHECK(host && host->h_addr_list[2] && !host->h_addr_list[3]);
	check_host(gethostbyname2("dual", AF_INET6), "dual.default.svc.cluster.local", "fd00:96::a");
	CHECK(!gethostbyname("busy"));
	CHECK_EQUAL(h_errno, TRY_AGAIN);
	CHECK(!gethostbyname("empty"));
	CHECK_EQUAL(h_errno, NO_DATA);
	check_host(gethostbyname("127.0.0.1"), "127.0.0.1", "127.0.0.1");
}

TEST(gethostbyname_r_fills_the_buffer_or_says_erange)
{
	struct hostent host, *result = NULL;
	char buffer[512];
	int error = 0;

	CHECK_EQUAL(gethostbyname_r("hello", &host, buffer, sizeof(buffer), &result, &error), 0);
	CHECK(result == &host);
	check_host(result, "hello.default.svc.cluster.local", "10.96.0.10");
	for (size_t size = 0; size < 32; size++)
		CHECK_EQUAL(gethostbyname_r("hello", &host, buffer, size, &result, &error), ERANGE);
	CHECK(!result);
	CHECK_EQUAL(error, -1); /* NETDB_INTERNAL; musl has no name for it */
	CHECK_EQUAL(gethostbyname2_r("busy", AF_INET, &host, buffer, sizeof(buffer), &result, &error),
		    EAGAIN);
	CHECK_EQUAL(error, TRY_AGAIN);
	CHECK_EQUAL(gethostbyname2_r("empty", AF_INET, &host, buffer, sizeof(buffer), &result, &error), 0);
	CHECK(!result);
	CHECK_EQUAL(error, NO_DATA);
}

TEST(gethostbyaddr_names_the_clusters_addresses)
{
	static const unsigned char hello[4] = {10, 96, 0, 10}, busy[4] = {10, 96, 0, 99},
				   other[4] = {10, 96, 0, 55};
	struct hostent host, *result = gethostbyaddr(hello, 4, AF_INET);
	char buffer[512];
	int error = 0;

	check_host(result, "hello.default.svc.cluster.local", "10.96.0.10");
	CHECK_TEXT(result ? result->h_aliases[0] : NULL, "hello.default.svc");
	CHECK(!gethostbyaddr(busy, 4, AF_INET));
	CHECK_EQUAL(h_errno, TRY_AGAIN);
	CHECK(!gethostbyaddr(other, 4, AF_INET));
	CHECK_EQUAL(h_errno, HOST_NOT_FOUND);
	CHECK_EQUAL(gethostbyaddr_r(hello, 4, AF_INET, &host, buffer, sizeof(buffer), &result, &error), 0);
	check_host(result, "hello.default.svc.cluster.local", "10.96.0.10");
	CHECK_EQUAL(gethostbyaddr_r(hello, 4, AF_INET, &host, buffer, 8, &result, &error), ERANGE);
}

static int name_of(const char *address, char *host, socklen_t size, int flags)
{
	struct destination to = destination(address, 80);
	char service[32];
	int result = getnameinfo((struct sockaddr *)&to.address, to.length, host, size, service,
				 sizeof(service), flags);

	if (result == 0)
		CHECK_TEXT(service, flags & NI_NUMERICSERV ? "80" : "http");
	return result;
}

TEST(getnameinfo_names_the_clusters_addresses)
{
	char host[NI_MAXHOST] = "";

	CHECK_EQUAL(name_of(HELLO_4, host, sizeof(host), 0), 0);
	CHECK_TEXT(host, "hello.default.svc.cluster.local");
	CHECK_EQUAL(name_of(HELLO_MAPPED, host, sizeof(host), NI_NUMERICSERV), 0);
	CHECK_TEXT(host, "hello.default.svc.cluster.local");
	CHECK_EQUAL(name_of(HELLO_4, host, 5, 0), EAI_OVERFLOW);
	CHECK_EQUAL(name_of("10.96.0.55", host, sizeof(host), 0), 0);
	CHECK_TEXT(host, "10.96.0.55");
	CHECK_EQUAL(name_of("10.96.0.55", host, sizeof(host), NI_NAMEREQD), EAI_NONAME);
	CHECK_EQUAL(name_of("10.96.0.99", host, sizeof(host), 0), EAI_AGAIN);
}

TEST(getnameinfo_of_numbers_asks_nobody)
{
	char host[NI_MAXHOST] = "";
	long before = broker_count();

	CHECK_EQUAL(name_of(HELLO_4, host, sizeof(host), NI_NUMERICHOST), 0);
	CHECK_TEXT(host, HELLO_4);
	CHECK_EQUAL(name_of("127.0.0.1", host, sizeof(host), 0), 0);
	CHECK_EQUAL(broker_count(), before);
}

TEST(res_query_gets_the_pods_answer)
{
	static const char full[] = "hello.default.svc.cluster.local";
	unsigned char answer[512];
	int length = res_query(full, ns_c_in, ns_t_a, answer, sizeof(answer));

	CHECK(length > 4);
	CHECK(length > 4 && memcmp(answer + length - 4, "\x0a\x60\x00\x0a", 4) == 0);
	CHECK_EQUAL(res_query("empty", ns_c_in, ns_t_a, answer, sizeof(answer)), -1);
	CHECK_EQUAL(h_errno, NO_DATA);
	CHECK_EQUAL(res_query("busy", ns_c_in, ns_t_a, answer, sizeof(answer)), -1);
	CHECK_EQUAL(h_errno, TRY_AGAIN);
	CHECK_EQUAL(res_query(full, ns_c_in, ns_t_a, answer, 20), 20);
	CHECK(answer[2] & 2);
}

TEST(res_search_applies_the_pods_search_list)
{
	unsigned char answer[512];

	CHECK(res_search("hello", ns_c_in, ns_t_a, answer, sizeof(answer)) > 12);
}

TEST(res_send_sends_a_clusters_query_to_the_pod)
{
	static const unsigned char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
					     "\x05"
					     "empty\x00\x00\x01\x00\x01";
	unsigned char answer[512] = "";

	CHECK_EQUAL(res_send(query, sizeof(query) - 1, answer, sizeof(answer)), sizeof(query) - 1);
	CHECK(answer[0] == 0x12 && answer[1] == 0x34 && (answer[2] & 0x80));
}

#ifdef __GLIBC__
#include <signal.h>

TEST(res_n_functions_use_the_state)
{
	struct __res_state state;
	unsigned char answer[512];

	memset(&state, 0, sizeof(state));
	CHECK_EQUAL(res_ninit(&state), 0);
	CHECK(res_nquery(&state, "hello.default.svc.cluster.local", ns_c_in, ns_t_a, answer, sizeof(answer)) >
	      12);
	CHECK(res_nsearch(&state, "hello", ns_c_in, ns_t_a, answer, sizeof(answer)) > 12);
	CHECK_EQUAL(res_nquery(&state, "empty", ns_c_in, ns_t_a, answer, sizeof(answer)), -1);
	CHECK_EQUAL(state.res_h_errno, NO_DATA);
	res_nclose(&state);
}

TEST(getaddrinfo_a_resolves_the_clusters_names)
{
	struct gaicb hello = {.ar_name = "hello", .ar_service = "80", .ar_request = &stream};
	struct gaicb local = {.ar_name = "127.0.0.1", .ar_service = "80", .ar_request = &stream};
	struct gaicb *requests[] = {&hello, NULL, &local};

	CHECK_EQUAL(getaddrinfo_a(GAI_WAIT, requests, 3, NULL), 0);
	CHECK_EQUAL(gai_error(&hello), 0);
	CHECK_TEXT(shape_of(hello.ar_result), "10.96.0.10:80/1");
	CHECK_EQUAL(gai_error(&local), 0);
	CHECK_TEXT(shape_of(local.ar_result), "127.0.0.1:80/1");
	freeaddrinfo(hello.ar_result);
	freeaddrinfo(local.ar_result);
}

TEST(getaddrinfo_a_notifies)
{
	struct gaicb hello = {.ar_name = "hello", .ar_service = "80", .ar_request = &stream};
	struct gaicb *requests[] = {&hello};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	sigset_t set;
	int number = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_EQUAL(getaddrinfo_a(GAI_NOWAIT, requests, 1, &event), 0);
	CHECK_EQUAL(sigwait(&set, &number), 0);
	CHECK_EQUAL(number, SIGUSR2);
	CHECK_EQUAL(gai_error(&hello), 0);
	freeaddrinfo(hello.ar_result);
}
#endif
