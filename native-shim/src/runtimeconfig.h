/* A .NET application's X.runtimeconfig.json, which can switch off what our startup hook needs. */
#ifndef TELELAUNCH_RUNTIMECONFIG_H
#define TELELAUNCH_RUNTIMECONFIG_H

#include "session.h"

#include <stdbool.h>

/* Changes "key": false into true, same length. Return: was it there? */
bool runtimeconfig_switch_on(char *text, const char *key);

/* A file was opened: see that the host reads it with startup hooks switched on */
void runtimeconfig_opened(int fd, const char *path, int flags);

/* Costs nothing where no hook is to run */
static inline int runtimeconfig_checked(int fd, const char *path, int flags)
{
	if (__builtin_expect(session_get()->is_dotnet, 0) && fd >= 0)
		runtimeconfig_opened(fd, path, flags);
	return fd;
}

#endif
