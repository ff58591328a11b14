/* Gets / from HOST PORT with getaddrinfo and blocking calls; built with glibc and with musl. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	char text[65536], *body;
	size_t size = 0;
	ssize_t n;
	int fd, error;

	if (argc != 3)
		return 2;
	error = getaddrinfo(argv[1], argv[2], &hints, &list);
	if (error) {
		fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(error));
		return 1;
	}
	fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
	if (connect(fd, list->ai_addr, list->ai_addrlen)) {
		perror("connect");
		return 1;
	}
	freeaddrinfo(list);
	dprintf(fd, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]);
	while (size < sizeof(text) - 1 && (n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)n;
	text[size] = 0;
	body = strstr(text, "\r\n\r\n");
	fputs(body ? body + 4 : text, stdout);
	return 0;
}
