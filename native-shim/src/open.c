/* open(2) and its spellings: a file of the pod's volumes is opened where the broker has it. */
#include "libc.h"
#include "pod_path.h"
#include "runtimeconfig.h"

#include <errno.h>
#include <stdarg.h>

typedef int openat_function(int, const char *, int, ...);

/* O_TMPFILE holds O_DIRECTORY: all of its bits count */
static bool is_temporary(int flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

static bool needs_mode(int flags)
{
	return flags & O_CREAT || is_temporary(flags);
}

/* What the broker is told of the flags */
static struct pod_access access_of(int flags, mode_t mode)
{
	struct pod_access access = {TL_FILE_OPEN, 0, (uint16_t)(mode & 07777)};

	if (flags & O_PATH)
		access.purpose = TL_FILE_STAT;
	else if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_TRUNC | O_CREAT))
		access.purpose = TL_FILE_WRITE;
	access.flags |= flags & O_CREAT ? TL_FILE_CREATE : 0;
	access.flags |= flags & O_EXCL ? TL_FILE_EXCLUSIVE : 0;
	access.flags |= flags & O_TRUNC ? TL_FILE_TRUNCATE : 0;
	access.flags |= flags & O_NOFOLLOW ? TL_FILE_NO_FOLLOW : 0;
	return access;
}

/**
 * open_in_pod() - Open a file of a volume
 * @at:		Located path
 * @flags:	Application's flags
 * @mode:	Permissions of a new file
 * @openat:	libc's function
 *
 * The broker has made a new file and checked O_EXCL when it answers; what is opened here exists.
 *
 * Return: descriptor, or -1 with errno
 */
static int open_in_pod(struct pod_path *at, int flags, mode_t mode, openat_function *openat)
{
	struct pod_access access = access_of(flags, mode);
	/* O_CREAT alone changes nothing where the file is there */
	bool may_create = access.purpose == TL_FILE_WRITE && !at->is_writable &&
			  (flags & O_ACCMODE) == O_RDONLY && !(flags & (O_TRUNC | O_EXCL));
	int fd;

	if (is_temporary(flags)) {
		errno = at->is_writable ? EOPNOTSUPP : EROFS;
		return -1;
	}
	if (may_create)
		access = (struct pod_access){TL_FILE_OPEN, access.flags & TL_FILE_NO_FOLLOW, 0};
	fd = pod_path_bring(at, &access, NULL) ? openat(AT_FDCWD, at->path, flags & ~(O_CREAT | O_EXCL), 0)
					       : -1;
	if (fd < 0 && may_create && errno == ENOENT)
		errno = EROFS;
	return fd;
}

/* Whether the path is the pod's; then *result is the call's */
static bool opened(int dirfd, const char *path, int flags, mode_t mode, openat_function *openat, int *result)
{
	struct pod_path at;

	if (__builtin_expect(!session_get()->mounts, 1))
		return false;
	if (!pod_path_locate(&at, dirfd, path))
		*result = -1;
	else if (at.is_pods)
		*result = open_in_pod(&at, flags, mode, openat);
	else
		return false;
	return true;
}

static mode_t mode_argument(int flags, va_list list)
{
	return needs_mode(flags) ? (mode_t)va_arg(list, unsigned int) : 0;
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;
	int fd;

	va_start(list, flags);
	mode = mode_argument(flags, list);
	va_end(list);
	if (!opened(AT_FDCWD, path, flags, mode, libc_openat, &fd))
		fd = libc_open(path, flags, mode);
	return runtimeconfig_checked(fd, path, flags);
}

EXPORT int open64(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;
	int fd;

	va_start(list, flags);
	mode = mode_argument(flags, list);
	va_end(list);
	if (!opened(AT_FDCWD, path, flags, mode, libc_openat, &fd))
		fd = libc_open64(path, flags, mode);
	return runtimeconfig_checked(fd, path, flags);
}

EXPORT int openat(int dirfd, const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;
	int fd;

	va_start(list, flags);
	mode = mode_argument(flags, list);
	va_end(list);
	if (!opened(dirfd, path, flags, mode, libc_openat, &fd))
		fd = libc_openat(dirfd, path, flags, mode);
	return runtimeconfig_checked(fd, path, flags);
}

EXPORT int openat64(int dirfd, const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;
	int fd;

	va_start(list, flags);
	mode = mode_argument(flags, list);
	va_end(list);
	if (!opened(dirfd, path, flags, mode, libc_openat, &fd))
		fd = libc_openat64(dirfd, path, flags, mode);
	return runtimeconfig_checked(fd, path, flags);
}

/* What _FORTIFY_SOURCE makes of open() without a mode */
EXPORT int __open_2(const char *path, int flags)
{
	int fd;

	if (!(!needs_mode(flags) && opened(AT_FDCWD, path, flags, 0, libc_openat, &fd)))
		fd = libc_open_2(path, flags);
	return runtimeconfig_checked(fd, path, flags);
}

EXPORT int __open64_2(const char *path, int flags)
{
	int fd;

	if (!(!needs_mode(flags) && opened(AT_FDCWD, path, flags, 0, libc_openat, &fd)))
		fd = libc_open64_2(path, flags);
	return runtimeconfig_checked(fd, path, flags);
}

EXPORT int __openat_2(int dirfd, const char *path, int flags)
{
	int fd;

	if (!(!needs_mode(flags) && opened(dirfd, path, flags, 0, libc_openat, &fd)))
		fd = libc_openat_2(dirfd, path, flags);
	return runtimeconfig_checked(fd, path, flags);
}

EXPORT int __openat64_2(int dirfd, const char *path, int flags)
{
	int fd;

	if (!(!needs_mode(flags) && opened(dirfd, path, flags, 0, libc_openat, &fd)))
		fd = libc_openat64_2(dirfd, path, flags);
	return runtimeconfig_checked(fd, path, flags);
}

EXPORT int creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

EXPORT int creat64(const char *path, mode_t mode)
{
	return open64(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
