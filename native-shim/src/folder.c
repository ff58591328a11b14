/*
 * Folders of the pod's volumes: reading and watching them. None can be a working directory: what a program
 * then opens by a relative path would pass us by.
 */
#include "libc.h"
#include "log.h"
#include "pod_path.h"

#include <dirent.h>
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

EXPORT DIR *opendir(const char *path)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LIST) ? libc_opendir(at.path) : NULL;
}

EXPORT int scandir(const char *restrict path, struct dirent ***restrict list,
		   int (*filter)(const struct dirent *),
		   int (*compare)(const struct dirent **, const struct dirent **))
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LIST) ? libc_scandir(at.path, list, filter, compare) : -1;
}

EXPORT int scandir64(const char *restrict path, struct dirent64 ***restrict list,
		     int (*filter)(const struct dirent64 *),
		     int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LIST) ? libc_scandir64(at.path, list, filter, compare) : -1;
}

static int refuse_chdir(int error)
{
	log_once(LOG_CHDIR, "a folder of the pod's volumes can't be a working directory; "
			    "name files in it by their absolute paths");
	errno = error;
	return -1;
}

EXPORT int chdir(const char *path)
{
	struct pod_path at;

	if (!session_get()->mounts)
		return libc_chdir(path);
	if (!pod_path_locate(&at, AT_FDCWD, path))
		return -1;
	return at.is_pods ? refuse_chdir(ENOENT) : libc_chdir(path);
}

EXPORT int fchdir(int fd)
{
	return pod_path_descriptor_is_fetched(fd) ? refuse_chdir(EACCES) : libc_fchdir(fd);
}

EXPORT int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	struct pod_path at;
	const struct pod_access access = mask & IN_DONT_FOLLOW ? LOOK_AT_LINK : LOOK;

	if (!pod_path_find(&at, AT_FDCWD, path, access))
		return -1;
	if (at.is_pods && at.is_on_demand)
		log_once(LOG_WATCH,
			 "changes in a volume that is fetched on demand aren't seen by inotify; poll "
			 "its files instead");
	return libc_inotify_add_watch(fd, at.path, mask);
}
