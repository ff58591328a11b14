/*
 * gethostname(2), uname(2): the pod's name where the process stands in for a workload. Each is a hook of its
 * own, because libc's gethostname() calls uname() without the linker's knowledge.
 */
#include "libc.h"
#include "session.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* glibc says that it doesn't fit, musl cuts it; both fill the room */
static int put_name(const char *host_name, char *name, size_t size)
{
	size_t length = strlen(host_name) + 1;

	if (length <= size) {
		memcpy(name, host_name, length);
		return 0;
	}
	memcpy(name, host_name, size);
	if (!libc_is_musl()) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (size > 0)
		name[size - 1] = '\0';
	return 0;
}

EXPORT int gethostname(char *name, size_t size)
{
	const char *host_name = session_get()->host_name;

	return host_name ? put_name(host_name, name, size) : libc_gethostname(name, size);
}

EXPORT int __gethostname_chk(char *name, size_t size, size_t room)
{
	const char *host_name = session_get()->host_name;

	/* libc ends the program where the room is too small */
	return host_name && size <= room ? put_name(host_name, name, size)
					 : libc_gethostname_chk(name, size, room);
}

EXPORT int uname(struct utsname *system)
{
	const char *host_name = session_get()->host_name;
	int result = libc_uname(system);

	if (result == 0 && host_name) {
		memset(system->nodename, 0, sizeof(system->nodename));
		strncpy(system->nodename, host_name, sizeof(system->nodename) - 1);
	}
	return result;
}
