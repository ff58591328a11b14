/*
 * gethostbyname(3) and kin. The …_r functions fill the caller's buffer; the others share one static buffer,
 * which POSIX allows and which makes them as unsafe between threads as libc's.
 */
#include "hostent.h"
#include "libc.h"
#include "session.h"

#include <errno.h>

/**
 * shim_gethostbyname_r() - Carry out one intercepted gethostbyname2_r(3)
 * @name:	Name
 * @family:	AF_INET or AF_INET6
 * @host:	Set
 * @buffer:	What @host points into
 * @size:	Its size
 * @result:	Set to @host or NULL
 * @error:	Set to h_errno's value
 * @ask_host:	Set where libc has to answer
 *
 * Return: 0, or an errno
 */
static int shim_gethostbyname_r(const char *name, int family, struct hostent *host, char *buffer, size_t size,
				struct hostent **result, int *error, bool *ask_host)
{
	uint16_t families = family == AF_INET ? TL_LOOKUP_A : TL_LOOKUP_AAAA;
	enum lookup_result looked = LOOKUP_HOST;
	struct lookup lookup = {0};
	int status;

	if (name && (family == AF_INET || family == AF_INET6))
		looked = lookup_name(name, families, &lookup);
	*ask_host = looked == LOOKUP_HOST || looked == LOOKUP_NO_NAME;
	status = looked == LOOKUP_FOUND
			 ? hostent_of_addresses(&lookup.addresses, name, family, host, buffer, size)
			 : 0;
	lookup_end(&lookup);
	if (*ask_host)
		return 0;
	if (status == ENODATA)
		looked = LOOKUP_NO_DATA;
	if (looked != LOOKUP_FOUND)
		return hostent_result(looked, result, error);
	*result = status == 0 ? host : NULL;
	*error = status == 0 ? NETDB_SUCCESS : NETDB_INTERNAL;
	return status;
}

static struct hostent *static_gethostbyname(const char *name, int family, bool *ask_host)
{
	static char buffer[HOSTENT_BUFFER_SIZE];
	static struct hostent host;
	struct hostent *result = NULL;
	int error = 0;

	shim_gethostbyname_r(name, family, &host, buffer, sizeof(buffer), &result, &error, ask_host);
	if (!*ask_host && !result)
		h_errno = error;
	return result;
}

EXPORT struct hostent *gethostbyname(const char *name)
{
	bool ask_host = true;
	struct hostent *result = session_intercepts() ? static_gethostbyname(name, AF_INET, &ask_host) : NULL;

	return ask_host ? libc_gethostbyname(name) : result;
}

EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
	bool ask_host = true;
	struct hostent *result = session_intercepts() ? static_gethostbyname(name, family, &ask_host) : NULL;

	return ask_host ? libc_gethostbyname2(name, family) : result;
}

EXPORT int gethostbyname_r(const char *restrict name, struct hostent *restrict host, char *restrict buffer,
			   size_t size, struct hostent **restrict result, int *restrict error)
{
	bool ask_host = true;
	int status = 0;

	if (session_intercepts())
		status = shim_gethostbyname_r(name, AF_INET, host, buffer, size, result, error, &ask_host);
	return ask_host ? libc_gethostbyname_r(name, host, buffer, size, result, error) : status;
}

EXPORT int gethostbyname2_r(const char *restrict name, int family, struct hostent *restrict host,
			    char *restrict buffer, size_t size, struct hostent **restrict result,
			    int *restrict error)
{
	bool ask_host = true;
	int status = 0;

	if (session_intercepts())
		status = shim_gethostbyname_r(name, family, host, buffer, size, result, error, &ask_host);
	return ask_host ? libc_gethostbyname2_r(name, family, host, buffer, size, result, error) : status;
}
