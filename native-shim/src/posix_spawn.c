/* posix_spawn(3), system(3), popen(3): children keep the session whatever environment they are given. */
#include "environment.h"
#include "libc.h"
#include "pod_path.h"
#include "process_kind.h"
#include "session.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *,
			   const posix_spawnattr_t *, char *const[], char *const[]);

/**
 * shim_posix_spawn() - Carry out one intercepted posix_spawn(3) or posix_spawnp(3)
 * @spawn:	libc's function
 * @pid:	Set to the child's number
 * @path:	Program
 * @actions:	File actions, or NULL
 * @attributes:	Attributes, or NULL
 * @argv:	Arguments
 * @envp:	Environment, or NULL
 *
 * Return: 0, or an errno
 */
static int shim_posix_spawn(spawn_function *spawn, pid_t *pid, const char *path,
			    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
			    char *const argv[], char *const envp[])
{
	const struct pod_access access = {TL_FILE_OPEN, 0, 0};
	const struct session *session = session_get();
	struct environment_needs needs = {0};
	bool strip = session->strip_servers && path && dotnet_is_server(path, argv);
	struct pod_path at;

	if (session->mounts && path && strchr(path, '/')) {
		int before = errno, error;
		bool found = pod_path_find(&at, AT_FDCWD, path, access);

		error = errno;
		errno = before;
		if (!found)
			return error;
		path = at.path;
	}

	strip |= session->present && !environment_library_readable();
	if (session->present)
		needs = environment_needs(envp, strip);
	if (needs.pointers == 0)
		return spawn(pid, path, actions, attributes, argv, envp);

	char *copy[needs.pointers];
	char text[needs.bytes];

	environment_fill(copy, text, envp, strip);
	return spawn(pid, path, actions, attributes, argv, copy);
}

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
		       char *const envp[restrict])
{
	session_get();
	return shim_posix_spawn(libc_posix_spawn, pid, path, actions, attributes, argv, envp);
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
			char *const envp[restrict])
{
	session_get();
	return shim_posix_spawn(libc_posix_spawnp, pid, file, actions, attributes, argv, envp);
}

EXPORT int system(const char *command)
{
	if (session_get()->present)
		environment_restore_own();
	return libc_system(command);
}

EXPORT FILE *popen(const char *command, const char *mode)
{
	if (session_get()->present)
		environment_restore_own();
	return libc_popen(command, mode);
}
