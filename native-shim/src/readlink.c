/* readlink(2), realpath(3): links lead where they lead in the pod, and a path of the pod stays one. */
#include "libc.h"
#include "pod_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

EXPORT ssize_t readlink(const char *restrict path, char *restrict target, size_t size)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK_AT_LINK) ? libc_readlink(at.path, target, size) : -1;
}

EXPORT ssize_t readlinkat(int dirfd, const char *restrict path, char *restrict target, size_t size)
{
	struct pod_path at;

	return pod_path_find(&at, dirfd, path, LOOK_AT_LINK)
		       ? libc_readlinkat(at.dirfd, at.path, target, size)
		       : -1;
}

EXPORT ssize_t __readlink_chk(const char *restrict path, char *restrict target, size_t size, size_t room)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK_AT_LINK)
		       ? libc_readlink_chk(at.path, target, size, room)
		       : -1;
}

EXPORT ssize_t __readlinkat_chk(int dirfd, const char *restrict path, char *restrict target, size_t size,
				size_t room)
{
	struct pod_path at;

	return pod_path_find(&at, dirfd, path, LOOK_AT_LINK)
		       ? libc_readlinkat_chk(at.dirfd, at.path, target, size, room)
		       : -1;
}

/**
 * shim_realpath() - realpath(3) of a file in a volume
 * @at:		Located path
 * @resolved:	Application's room of PATH_MAX, or NULL for memory of libc's
 *
 * Return: the path as the pod has it, NULL with errno
 */
static char *shim_realpath(struct pod_path *at, char *resolved)
{
	const struct pod_access look = LOOK;
	char mirror[POD_PATH_SIZE];
	const char *pod = at->pod;

	if (!pod_path_bring(at, &look, NULL))
		return NULL;
	if (!at->is_on_demand) {
		if (!libc_realpath(at->path, mirror))
			return NULL;
		pod = pod_path_of_mirror(mirror);
	}
	if (!pod) {
		errno = EACCES; /* a link out of the volume */
		return NULL;
	}
	return resolved ? strcpy(resolved, pod) : libc_strdup(pod);
}

EXPORT char *realpath(const char *restrict path, char *restrict resolved)
{
	struct pod_path at;

	if (!session_get()->mounts)
		return libc_realpath(path, resolved);
	if (!pod_path_locate(&at, AT_FDCWD, path))
		return NULL;
	return at.is_pods ? shim_realpath(&at, resolved) : libc_realpath(path, resolved);
}

EXPORT char *__realpath_chk(const char *restrict path, char *restrict resolved, size_t room)
{
	struct pod_path at;

	/* libc ends the program where the room is too small */
	if (!session_get()->mounts || room < POD_PATH_SIZE)
		return libc_realpath_chk(path, resolved, room);
	if (!pod_path_locate(&at, AT_FDCWD, path))
		return NULL;
	return at.is_pods ? shim_realpath(&at, resolved) : libc_realpath_chk(path, resolved, room);
}

EXPORT char *canonicalize_file_name(const char *path)
{
	return realpath(path, NULL);
}
