/*
 * gethostbyaddr(3) and kin. For an address of the cluster "no such name" is the answer: this machine's
 * resolver couldn't know better, and would tell its upstream which addresses we talk to.
 */
#include "hostent.h"
#include "libc.h"
#include "session.h"

#include <errno.h>
#include <string.h>

static bool read_address(struct tl_endpoint *endpoint, const void *address, socklen_t length, int family)
{
	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->family = family == AF_INET ? TL_FAMILY_4 : TL_FAMILY_6;
	if (!address || !((family == AF_INET && length == 4) || (family == AF_INET6 && length == 16)))
		return false;
	memcpy(endpoint->address, address, length);
	return true;
}

/**
 * shim_gethostbyaddr_r() - Carry out one intercepted gethostbyaddr_r(3)
 * @address:	Address
 * @length:	Its length
 * @family:	Its family
 * @host:	Set
 * @buffer:	What @host points into
 * @size:	Its size
 * @result:	Set to @host or NULL
 * @error:	Set to h_errno's value
 * @ask_host:	Set where libc has to answer
 *
 * Return: 0, or an errno
 */
static int shim_gethostbyaddr_r(const void *address, socklen_t length, int family, struct hostent *host,
				char *buffer, size_t size, struct hostent **result, int *error,
				bool *ask_host)
{
	enum lookup_result looked = LOOKUP_HOST;
	struct lookup lookup = {0};
	struct tl_endpoint endpoint;
	int status = 0;

	if (read_address(&endpoint, address, length, family))
		looked = lookup_address(&endpoint, &lookup);
	*ask_host = looked == LOOKUP_HOST;
	if (looked == LOOKUP_FOUND)
		status = hostent_of_names(&lookup.names, address, length, family, host, buffer, size);
	lookup_end(&lookup);
	if (*ask_host)
		return 0;
	if (status == ENODATA)
		looked = LOOKUP_NO_NAME;
	if (looked != LOOKUP_FOUND)
		return hostent_result(looked, result, error);
	*result = status == 0 ? host : NULL;
	*error = status == 0 ? NETDB_SUCCESS : NETDB_INTERNAL;
	return status;
}

EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t length, int family)
{
	static char buffer[HOSTENT_BUFFER_SIZE];
	static struct hostent host;
	struct hostent *result = NULL;
	bool ask_host = true;
	int error = 0;

	if (session_intercepts())
		shim_gethostbyaddr_r(address, length, family, &host, buffer, sizeof(buffer), &result, &error,
				     &ask_host);
	if (ask_host)
		return libc_gethostbyaddr(address, length, family);
	if (!result)
		h_errno = error;
	return result;
}

EXPORT int gethostbyaddr_r(const void *restrict address, socklen_t length, int family,
			   struct hostent *restrict host, char *restrict buffer, size_t size,
			   struct hostent **restrict result, int *restrict error)
{
	bool ask_host = true;
	int status = 0;

	if (session_intercepts())
		status = shim_gethostbyaddr_r(address, length, family, host, buffer, size, result, error,
					      &ask_host);
	return ask_host ? libc_gethostbyaddr_r(address, length, family, host, buffer, size, result, error)
			: status;
}
