/*
 * socket(2): Multipath TCP loses its first bytes over a simultaneous open, and nothing in the cluster speaks
 * it over the tunnel; plain TCP is what the kernel falls back to with a peer that doesn't, too (RFC 8684
 * §3.7).
 */
#include "libc.h"
#include "session.h"

#include <netinet/in.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

EXPORT int socket(int domain, int type, int protocol)
{
	if (protocol == IPPROTO_MPTCP && (domain == AF_INET || domain == AF_INET6) && session_intercepts())
		protocol = IPPROTO_TCP;
	else
		session_get();
	return libc_socket(domain, type, protocol);
}
