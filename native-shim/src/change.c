/*
 * What changes a volume other than by writing to an open file. In a read-only volume everything is refused
 * with EROFS; in a writable one the pod's own file system does it, and what SFTP has no word for is
 * EOPNOTSUPP.
 */
#include "libc.h"
#include "pod_path.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

/* Nothing of a volume: libc goes on. Otherwise the call is over, with .result. */
struct outcome {
	bool is_over;
	int result;
};

#define NOT_OURS ((struct outcome){false, 0})
#define FAILED   ((struct outcome){true, -1})

/**
 * change() - Have a change made in the pod
 * @dirfd:	Where a relative path begins
 * @path:	Application's path
 * @purpose:	What to do
 * @mode:	Permissions of what is made
 *
 * Return: whether the call is over
 */
static struct outcome change(int dirfd, const char *path, enum tl_file_purpose purpose, mode_t mode)
{
	const struct pod_access access = {purpose, TL_FILE_NO_FOLLOW, (uint16_t)(mode & 07777)};
	struct pod_path at;

	if (!session_get()->mounts)
		return NOT_OURS;
	if (!pod_path_locate(&at, dirfd, path))
		return FAILED;
	if (!at.is_pods)
		return NOT_OURS;
	return (struct outcome){true, pod_path_bring(&at, &access, NULL) ? 0 : -1};
}

/* A change that can't be carried to the pod */
static struct outcome refuse(int dirfd, const char *path)
{
	struct pod_path at;

	if (!session_get()->mounts)
		return NOT_OURS;
	if (!pod_path_locate(&at, dirfd, path))
		return FAILED;
	if (!at.is_pods)
		return NOT_OURS;
	errno = at.is_writable ? EOPNOTSUPP : EROFS;
	return FAILED;
}

/**
 * move() - rename(2) where one of the paths, or both, are the pod's
 * @from_fd:	Where @from begins
 * @from:	Old path
 * @to_fd:	Where @to begins
 * @to:		New path
 * @flags:	As of renameat2(2)
 *
 * Between a volume and this machine, or two volumes, lies a border between file systems: EXDEV.
 *
 * Return: whether the call is over
 */
static struct outcome move(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	const struct pod_access access = {TL_FILE_RENAME, TL_FILE_NO_FOLLOW, 0};
	struct pod_path old, new;

	if (!session_get()->mounts)
		return NOT_OURS;
	if (!pod_path_locate(&old, from_fd, from) || !pod_path_locate(&new, to_fd, to))
		return FAILED;
	if (!old.is_pods && !new.is_pods)
		return NOT_OURS;
	if ((old.is_pods && !old.is_writable) || (new.is_pods && !new.is_writable))
		errno = EROFS;
	else if (!old.is_pods || !new.is_pods)
		errno = EXDEV;
	else if (flags)
		errno = EINVAL; /* as of a file system without them */
	else if (pod_path_bring(&old, &access, new.pod))
		return (struct outcome){true, 0};
	return FAILED;
}

EXPORT int unlink(const char *path)
{
	struct outcome outcome = change(AT_FDCWD, path, TL_FILE_UNLINK, 0);

	return outcome.is_over ? outcome.result : libc_unlink(path);
}

EXPORT int unlinkat(int dirfd, const char *path, int flags)
{
	struct outcome outcome =
		change(dirfd, path, flags & AT_REMOVEDIR ? TL_FILE_RMDIR : TL_FILE_UNLINK, 0);

	return outcome.is_over ? outcome.result : libc_unlinkat(dirfd, path, flags);
}

EXPORT int rmdir(const char *path)
{
	struct outcome outcome = change(AT_FDCWD, path, TL_FILE_RMDIR, 0);

	return outcome.is_over ? outcome.result : libc_rmdir(path);
}

EXPORT int remove(const char *path)
{
	struct outcome outcome = change(AT_FDCWD, path, TL_FILE_UNLINK, 0);

	if (outcome.is_over && outcome.result < 0 && errno == EISDIR)
		return rmdir(path);
	return outcome.is_over ? outcome.result : libc_remove(path);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	struct outcome outcome = change(AT_FDCWD, path, TL_FILE_MKDIR, mode);

	return outcome.is_over ? outcome.result : libc_mkdir(path, mode);
}

EXPORT int mkdirat(int dirfd, const char *path, mode_t mode)
{
	struct outcome outcome = change(dirfd, path, TL_FILE_MKDIR, mode);

	return outcome.is_over ? outcome.result : libc_mkdirat(dirfd, path, mode);
}

EXPORT int rename(const char *from, const char *to)
{
	struct outcome outcome = move(AT_FDCWD, from, AT_FDCWD, to, 0);

	return outcome.is_over ? outcome.result : libc_rename(from, to);
}

EXPORT int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	struct outcome outcome = move(from_fd, from, to_fd, to, 0);

	return outcome.is_over ? outcome.result : libc_renameat(from_fd, from, to_fd, to);
}

EXPORT int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	struct outcome outcome = move(from_fd, from, to_fd, to, flags);

	return outcome.is_over ? outcome.result : libc_renameat2(from_fd, from, to_fd, to, flags);
}

EXPORT int symlink(const char *target, const char *path)
{
	struct outcome outcome = refuse(AT_FDCWD, path);

	return outcome.is_over ? outcome.result : libc_symlink(target, path);
}

EXPORT int link(const char *from, const char *to)
{
	struct outcome outcome = refuse(AT_FDCWD, to);

	return outcome.is_over ? outcome.result : libc_link(from, to);
}

EXPORT int chmod(const char *path, mode_t mode)
{
	struct outcome outcome = refuse(AT_FDCWD, path);

	return outcome.is_over ? outcome.result : libc_chmod(path, mode);
}

EXPORT int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	struct outcome outcome = refuse(dirfd, path);

	return outcome.is_over ? outcome.result : libc_fchmodat(dirfd, path, mode, flags);
}

EXPORT int truncate(const char *path, off_t length)
{
	struct outcome outcome = refuse(AT_FDCWD, path);

	return outcome.is_over ? outcome.result : libc_truncate(path, length);
}

EXPORT int truncate64(const char *path, off64_t length)
{
	struct outcome outcome = refuse(AT_FDCWD, path);

	return outcome.is_over ? outcome.result : libc_truncate64(path, length);
}

EXPORT int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	struct outcome outcome = refuse(dirfd, path);

	return outcome.is_over ? outcome.result : libc_utimensat(dirfd, path, times, flags);
}
