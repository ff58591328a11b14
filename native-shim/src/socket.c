/*
 * socket(2): Multipath TCP loses its first bytes over a simultaneous open, and nothing in the cluster speaks
 * it over the tunnel; plain TCP is what the kernel falls back to with a peer that doesn't, too (RFC 8684
 * §3.7).
 */
#include "libc.h"
#include "session.h"
#include "sys.h"

#include <netinet/in.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* Where the kernel refuses the real one (built or switched off, another type), so do we */
static int shim_mptcp_socket(int domain, int type)
{
	int fd = libc_socket(domain, type, IPPROTO_MPTCP);

	if (fd < 0)
		return fd;
	sys_close(fd);
	return libc_socket(domain, type, IPPROTO_TCP);
}

EXPORT int socket(int domain, int type, int protocol)
{
	if (protocol == IPPROTO_MPTCP && (domain == AF_INET || domain == AF_INET6) && session_intercepts())
		return shim_mptcp_socket(domain, type);
	session_get();
	return libc_socket(domain, type, protocol);
}
