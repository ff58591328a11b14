/* What the resolver's functions answer for names, flags and servers that aren't the cluster's. */
#include "behaviour.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <sys/socket.h>

static void tell_list(const char *what, int result, const struct addrinfo *list)
{
	char text[3000] = "";
	size_t used = 0;

	if (result != 0) {
		/* otherwise errno is what the last of several tries happened to leave */
		tell(what, "%d %s%s", result, gai_strerror(result), result == EAI_SYSTEM ? strerror(errno) : "");
		return;
	}
	for (; list && used < sizeof(text) - 300; list = list->ai_next) {
		char host[NI_MAXHOST] = "?", service[NI_MAXSERV] = "?";

		getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof(host), service, sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s,%s,%d,%d,%d,%#x,%d,%s ", host, service, list->ai_family, list->ai_socktype,
					 list->ai_protocol, (unsigned int)list->ai_flags, (int)list->ai_addrlen, list->ai_canonname ? list->ai_canonname : "-");
	}
	tell(what, "%s", text);
}

static void look_up(const char *node, const char *service, const struct addrinfo *hints)
{
	struct addrinfo *list = NULL;
	char what[256];
	int result;

	snprintf(what, sizeof(what), "%.60s %s %#x/%d/%d", node ? node : "NULL", service ? service : "NULL", hints ? (unsigned int)hints->ai_flags : 0,
		 hints ? hints->ai_family : -1, hints ? hints->ai_socktype : -1);
	for (char *colon = what; (colon = strstr(colon, ": ")); )
		*colon = '.';
	errno = MARK;
	result = getaddrinfo(node, service, hints, &list);
	tell_list(what, result, list);
	if (result == 0)
		freeaddrinfo(list);
}

/* The second row isn't known here: a name server is asked for it, which may take its time, and so less often. */
static const char *const nodes[] = {
	NULL, "", "localhost", "LOCALHOST", "127.0.0.1", "127.1", "0x7f.1", "017700000001", "::1", "::ffff:127.0.0.1", "fe80::1%lo", "192.0.2.1", "bad name", "a..b",
	"localhost.", "127.0.0.1.", "256.256.256.256", "1.2.3.4.5", "fe80::1%nowhere", "[::1]", "::g", ".", "no-such-host.invalid", "x.localhost"
};
#define FIRST_UNKNOWN 14

CASE(flags)
{
	static const int flags[] = { 0, AI_PASSIVE, AI_NUMERICHOST, AI_NUMERICHOST | AI_CANONNAME, AI_V4MAPPED, AI_V4MAPPED | AI_ALL, AI_ADDRCONFIG,
				     AI_CANONNAME, AI_PASSIVE | AI_V4MAPPED | AI_ADDRCONFIG };
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };

	for (size_t n = 0; n < sizeof(nodes) / sizeof(nodes[0]); n++) {
		look_up(nodes[n], "80", NULL);
		for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)
			for (size_t k = 0; k < 3 && (n < FIRST_UNKNOWN || flags[f] == AI_NUMERICHOST || (k == 1 && flags[f] == AI_CANONNAME)); k++) {
				const struct addrinfo hints = { .ai_flags = flags[f], .ai_family = families[k], .ai_socktype = SOCK_STREAM };

				look_up(nodes[n], "80", &hints);
			}
	}
}

CASE(services_and_hints)
{
	static const char *const services[] = { NULL, "", "0", "80", "http", "domain", "no-such-service", "65535", "65536", "-1", " 80", "0x50" };
	static const struct addrinfo hints[] = {
		{ 0 }, { .ai_socktype = SOCK_DGRAM }, { .ai_socktype = SOCK_RAW }, { .ai_protocol = IPPROTO_UDP }, { .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_UDP },
		{ .ai_socktype = 77 }, { .ai_family = AF_UNIX }, { .ai_family = 77 }, { .ai_flags = 1 << 28 }, { .ai_flags = AI_CANONNAME },
		{ .ai_flags = AI_NUMERICSERV }, { .ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }
	};

	for (size_t s = 0; s < sizeof(services) / sizeof(services[0]); s++)
		for (size_t h = 0; h < sizeof(hints) / sizeof(hints[0]); h++) {
			look_up("127.0.0.1", services[s], &hints[h]);
			look_up(NULL, services[s], &hints[h]);
			/* a single label: asked for in the cluster first, and then here */
			look_up("localhost", services[s], &hints[h]);
		}
}

CASE(unknown_names)
{
	char label[80], name[400];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME };

	memset(label, 'a', sizeof(label));
	label[63] = '\0';
	look_up(label, NULL, &hints);
	label[63] = 'a';
	label[64] = '\0';
	look_up(label, NULL, &hints);
	memset(name, 'b', sizeof(name));
	for (int i = 50; i < 399; i += 51)
		name[i] = '.';
	name[399] = '\0';
	look_up(name, NULL, &hints);
	look_up("this-machine-knows-no-such-name", "80", &hints);
	look_up("this-machine-knows-no-such-name", "no-such-service", &hints);
	look_up("this-machine-knows-no-such-name.invalid.", "80", &hints);
	look_up("b\xc3\xbc" "cher.invalid", "80", &hints);
	hints.ai_flags |= AI_PASSIVE;
	hints.ai_family = AF_INET6;
	look_up("this-machine-knows-no-such-name", "80", &hints);
	gethostname(name, sizeof(name));
	hints = (struct addrinfo){ .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME };
	look_up(name, "80", &hints);
}

CASE(getnameinfo)
{
	static const char *const addresses[] = { "127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.77", "0.0.0.0", "224.0.0.1", "fe80::1" };
	static const int flags[] = { 0, NI_NUMERICHOST, NI_NAMEREQD, NI_NUMERICSERV, NI_NUMERICHOST | NI_NUMERICSERV, NI_DGRAM, NI_NOFQDN,
				     NI_NUMERICHOST | NI_NAMEREQD, 1 << 20 };
	static const int sizes[] = { 0, 1, 5, 10, 11, 200 };

	for (size_t a = 0; a < sizeof(addresses) / sizeof(addresses[0]); a++) {
		const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
		struct addrinfo *list;

		if (getaddrinfo(addresses[a], "80", &hints, &list) != 0)
			continue;
		for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)
			for (size_t s = a < 3 || (flags[f] & NI_NUMERICHOST) ? 0 : 5; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
				char host[256] = "untouched", service[256] = "untouched", what[128];
				int result = getnameinfo(list->ai_addr, list->ai_addrlen, host, (socklen_t)sizes[s], service, s % 2 ? sizeof(service) : (socklen_t)sizes[s], flags[f]);

				snprintf(what, sizeof(what), "%s flags %#x size %d", addresses[a], (unsigned int)flags[f], sizes[s]);
				if (result == 0)
					tell(what, "%s %s", host, service);
				else
					tell(what, "%d %s", result, gai_strerror(result));
			}
		for (socklen_t length = 0; length <= 30; length += 2) {
			char host[256], what[64];

			snprintf(what, sizeof(what), "%s length %d", addresses[a], (int)length);
			TELL(what, getnameinfo(list->ai_addr, length, host, sizeof(host), NULL, 0, NI_NUMERICHOST));
		}
		TELL("nothing wanted", getnameinfo(list->ai_addr, list->ai_addrlen, NULL, 0, NULL, 0, 0));
		freeaddrinfo(list);
	}
}

static void tell_host(const char *what, const struct hostent *host)
{
	char text[512] = "", address[INET6_ADDRSTRLEN];
	size_t used = 0;

	if (!host) {
		tell(what, "h_errno %d", h_errno);
		return;
	}
	for (char **at = host->h_addr_list; *at; at++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", inet_ntop(host->h_addrtype, *at, address, sizeof(address)));
	for (char **at = host->h_aliases; *at; at++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "alias %s ", *at);
	tell(what, "%s %d %d %s", host->h_name, host->h_addrtype, host->h_length, text);
}

CASE(gethostby)
{
	struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
	struct in_addr address = { htonl(INADDR_LOOPBACK) };

	for (size_t n = 1; n < sizeof(nodes) / sizeof(nodes[0]); n++) {
		char what[80];

		snprintf(what, sizeof(what), "byname '%s'", nodes[n]);
		tell_host(what, gethostbyname(nodes[n]));
		snprintf(what, sizeof(what), "byname2 '%s'", nodes[n]);
		tell_host(what, gethostbyname2(nodes[n], AF_INET6));
	}
	tell_host("byname2 of family 77", gethostbyname2("localhost", 77));
	tell_host("byaddr 4", gethostbyaddr(&address, 4, AF_INET));
	tell_host("byaddr 6", gethostbyaddr(&loopback, 16, AF_INET6));
	tell_host("byaddr of wrong length", gethostbyaddr(&address, 3, AF_INET));
	tell_host("byaddr of wrong family", gethostbyaddr(&address, 4, AF_INET6));
	address.s_addr = htonl(0xc000024d);
	tell_host("byaddr unknown", gethostbyaddr(&address, 4, AF_INET));
	for (size_t size = 0; size <= 1024; size = size * 2 + 8) {
		struct hostent host, *result = &host;
		char buffer[1100], what[64];
		int error = 77;

		snprintf(what, sizeof(what), "byname_r in %zu", size);
		tell(what, "%d", gethostbyname_r("localhost", &host, buffer, size, &result, &error));
		tell(what, "%d %d", result == &host, error);
	}
}

#ifdef __GLIBC__
CASE(getaddrinfo_a)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_INET };
	struct gaicb one = { .ar_name = "localhost", .ar_service = "80", .ar_request = &hints }, two = { .ar_name = "a..b", .ar_request = &hints };
	struct gaicb *list[] = { &one, NULL, &two };

	TELL("wait", getaddrinfo_a(GAI_WAIT, list, 3, NULL));
	tell_list("one", gai_error(&one), one.ar_result);
	tell("two", "%d", gai_error(&two));
	TELL("mode", getaddrinfo_a(77, list, 3, NULL));
	TELL("none", getaddrinfo_a(GAI_WAIT, list, 0, NULL));
	TELL("cancel", gai_cancel(&one));
}

/* A name server of the program's own: what it says depends on the name's first letter */
static struct sockaddr_in server_name;
static int server_udp, server_tcp;

static size_t answer(unsigned char *message, size_t length, int over_udp)
{
	unsigned char letter = message[13];
	static const unsigned char record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 5 };

	message[2] = 0x81;
	message[3] = 0x80;
	memset(message + 6, 0, 6);
	if (letter == 'x')
		message[3] |= 3;
	else if (letter == 's')
		message[3] |= 2;
	else if (letter == 'r')
		message[3] |= 5;
	else if (letter == 't' && over_udp)
		message[2] |= 2;
	else if (letter != 'n') {
		/* behind the question; EDNS records of the query are cut off */
		length = 12;
		while (message[length])
			length += message[length] + 1u;
		length += 5;
		message[7] = 1;
		memcpy(message + length, record, sizeof(record));
		return length + sizeof(record);
	}
	return length;
}

static void *serve_udp(void *unused)
{
	unsigned char message[1500];
	struct sockaddr_in from;
	socklen_t room = sizeof(from);
	ssize_t got;

	(void)unused;
	while ((got = recvfrom(server_udp, message, sizeof(message), 0, (void *)&from, &room)) > 0)
		sendto(server_udp, message, answer(message, (size_t)got, 1), 0, (void *)&from, room);
	return NULL;
}

static void *serve_tcp(void *unused)
{
	unsigned char message[1500];
	int fd;

	(void)unused;
	while ((fd = accept(server_tcp, NULL, NULL)) >= 0) {
		if (recv(fd, message, 2, MSG_WAITALL) == 2 && recv(fd, message + 2, (size_t)message[0] << 8 | message[1], MSG_WAITALL) > 0) {
			size_t length = answer(message + 2, (size_t)message[0] << 8 | message[1], 0);

			message[0] = (unsigned char)(length >> 8);
			message[1] = (unsigned char)length;
			if (send(fd, message, length + 2, MSG_NOSIGNAL) < 0)
				abort();
		}
		close(fd);
	}
	return NULL;
}

static void start_name_server(void)
{
	socklen_t length = sizeof(server_name);
	pthread_t thread;

	server_name = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	do {
		server_udp = socket(AF_INET, SOCK_DGRAM, 0);
		server_tcp = socket(AF_INET, SOCK_STREAM, 0);
		server_name.sin_port = 0;
		NEED(bind(server_udp, (void *)&server_name, length));
		NEED(getsockname(server_udp, (void *)&server_name, &length));
	} while (bind(server_tcp, (void *)&server_name, length) < 0);
	NEED(listen(server_tcp, 8));
	pthread_create(&thread, NULL, serve_udp, NULL);
	pthread_create(&thread, NULL, serve_tcp, NULL);
}

static void tell_answer(const char *what, int length, unsigned char *message)
{
	ns_msg parsed;

	if (length < 0)
		tell(what, "h_errno %d", h_errno);
	else if (ns_initparse(message, length, &parsed) < 0)
		tell(what, "%d bytes that are no message", length);
	else
		tell(what, "%d bytes, code %d, truncated %d, answers %d", length, ns_msg_getflag(parsed, ns_f_rcode), ns_msg_getflag(parsed, ns_f_tc), ns_msg_count(parsed, ns_s_an));
}

CASE(res_functions_with_an_own_server)
{
	static const char *const names[] = { "answer.example.test", "x.example.test", "servfail.example.test", "refused.example.test", "truncated.example.test",
					     "nodata.example.test", "answer.example.test.", "..", "bad name", "" };
	struct __res_state state = { 0 };
	unsigned char message[512], query[512];

	start_name_server();
	NEED(res_init());
	NEED(res_ninit(&state));
	_res.nscount = state.nscount = 1;
	_res.nsaddr_list[0] = state.nsaddr_list[0] = server_name;
	_res.retry = state.retry = 1;
	_res.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
	state.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char what[64];
		int length;

#define SAY(function) (snprintf(what, sizeof(what), function " '%s'", names[i]), errno = MARK, what)
		tell_answer(SAY("query"), res_query(names[i], ns_c_in, ns_t_a, message, sizeof(message)), message);
		tell_answer(SAY("search"), res_search(names[i], ns_c_in, ns_t_a, message, sizeof(message)), message);
		tell_answer(SAY("nquery"), res_nquery(&state, names[i], ns_c_in, ns_t_a, message, sizeof(message)), message);
		tell_answer(SAY("nsearch"), res_nsearch(&state, names[i], ns_c_in, ns_t_a, message, sizeof(message)), message);
		tell_answer(SAY("short buffer"), res_nquery(&state, names[i], ns_c_in, ns_t_a, message, 20), message);
		tell_answer(SAY("other class"), res_nquery(&state, names[i], ns_c_chaos, ns_t_txt, message, sizeof(message)), message);
		length = res_mkquery(ns_o_query, names[i], ns_c_in, ns_t_a, NULL, 0, NULL, query, sizeof(query));
		if (length > 0) {
			tell_answer(SAY("send"), res_send(query, length, message, sizeof(message)), message);
			tell_answer(SAY("nsend"), res_nsend(&state, query, length, message, sizeof(message)), message);
		}
#undef SAY
	}
	tell_answer("nothing sent", res_nsend(&state, query, 5, message, sizeof(message)), message);
}
#endif

int main(int argc, char **argv)
{
	return run_cases(argc, argv);
}
