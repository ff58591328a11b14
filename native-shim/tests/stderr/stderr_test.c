/*
 * A program whose descriptor 2 may be a data file: it opens FILE (which gets number 2 where stderr was
 * closed), makes the shim say its line, and writes its data. Exit status 0 when its own calls worked.
 */
#include "app.h"

#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct destination to = destination("127.0.0.1", 1);
	struct addrinfo *list = NULL;
	int file = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
	int fd = stream_socket(&to, 0);

	if (file < 0 || connect_to(fd, &to) != ECONNREFUSED)
		return 1;
	if (getaddrinfo("localhost", "80", NULL, &list) != 0)
		return 2;
	freeaddrinfo(list);
	return write(file, "data", 4) == 4 ? 0 : 3;
}
