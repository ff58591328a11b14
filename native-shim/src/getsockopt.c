/* getsockopt(2): SO_ERROR tells how the far dial ended, SO_PEERNAME the address that was asked for. */
#include "getpeername.h"
#include "flow.h"
#include "libc.h"
#include "session.h"

#include <string.h>

#ifndef SO_PEERNAME
#define SO_PEERNAME 28
#endif

/**
 * shim_getsockopt() - Carry out one intercepted getsockopt(2)
 * @fd:		Socket
 * @level:	Level of the option
 * @name:	Option
 * @value:	Application's buffer
 * @length:	Its size, then the value's
 *
 * Return: as getsockopt(2)
 */
static int shim_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	int result, error;

	if (level == SOL_SOCKET && name == SO_PEERNAME && value && length && flow_is_ours(fd))
		return shim_getpeername(fd, value, length);
	result = libc_getsockopt(fd, level, name, value, length);
	if (result != 0 || level != SOL_SOCKET || name != SO_ERROR || *length < sizeof(error))
		return result;
	memcpy(&error, value, sizeof(error));
	error = flow_true_error(fd, error);
	memcpy(value, &error, sizeof(error));
	return result;
}

EXPORT int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
	if (!session_intercepts())
		return libc_getsockopt(fd, level, name, value, length);
	return shim_getsockopt(fd, level, name, value, length);
}
