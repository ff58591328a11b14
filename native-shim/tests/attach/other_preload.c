/* A library that somebody else preloaded: it counts the connects that pass it. */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) int other_preload_connects;

__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	__atomic_fetch_add(&other_preload_connects, 1, __ATOMIC_RELAXED);
	return (int)syscall(SYS_connect, fd, address, length);
}
