/* stat(2) and its spellings, old glibc's __xstat included, and extended attributes, which ls(1) asks for. */
#include "libc.h"
#include "pod_path.h"

#include <sys/stat.h>
#include <sys/xattr.h>

static struct pod_access look(int flags)
{
	return flags & AT_SYMLINK_NOFOLLOW ? LOOK_AT_LINK : LOOK;
}

EXPORT int stat(const char *restrict path, struct stat *restrict status)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK) ? libc_stat(at.path, status) : -1;
}

EXPORT int stat64(const char *restrict path, struct stat64 *restrict status)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK) ? libc_stat64(at.path, status) : -1;
}

EXPORT int lstat(const char *restrict path, struct stat *restrict status)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK_AT_LINK) ? libc_lstat(at.path, status) : -1;
}

EXPORT int lstat64(const char *restrict path, struct stat64 *restrict status)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK_AT_LINK) ? libc_lstat64(at.path, status) : -1;
}

EXPORT int fstatat(int dirfd, const char *restrict path, struct stat *restrict status, int flags)
{
	struct pod_path at;

	return pod_path_find(&at, dirfd, path, look(flags)) ? libc_fstatat(at.dirfd, at.path, status, flags)
							    : -1;
}

EXPORT int fstatat64(int dirfd, const char *restrict path, struct stat64 *restrict status, int flags)
{
	struct pod_path at;

	return pod_path_find(&at, dirfd, path, look(flags)) ? libc_fstatat64(at.dirfd, at.path, status, flags)
							    : -1;
}

EXPORT int __xstat(int version, const char *path, struct stat *status)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK) ? libc_xstat(version, at.path, status) : -1;
}

EXPORT int __xstat64(int version, const char *path, struct stat64 *status)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK) ? libc_xstat64(version, at.path, status) : -1;
}

EXPORT int __lxstat(int version, const char *path, struct stat *status)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK_AT_LINK) ? libc_lxstat(version, at.path, status) : -1;
}

EXPORT int __lxstat64(int version, const char *path, struct stat64 *status)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK_AT_LINK) ? libc_lxstat64(version, at.path, status)
								: -1;
}

EXPORT int __fxstatat(int version, int dirfd, const char *path, struct stat *status, int flags)
{
	struct pod_path at;

	return pod_path_find(&at, dirfd, path, look(flags))
		       ? libc_fxstatat(version, at.dirfd, at.path, status, flags)
		       : -1;
}

EXPORT int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *status, int flags)
{
	struct pod_path at;

	return pod_path_find(&at, dirfd, path, look(flags))
		       ? libc_fxstatat64(version, at.dirfd, at.path, status, flags)
		       : -1;
}

EXPORT int statx(int dirfd, const char *restrict path, int flags, unsigned int mask,
		 struct statx *restrict status)
{
	struct pod_path at;

	return pod_path_find(&at, dirfd, path, look(flags))
		       ? libc_statx(at.dirfd, at.path, flags, mask, status)
		       : -1;
}

EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK) ? libc_getxattr(at.path, name, value, size) : -1;
}

EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK_AT_LINK) ? libc_lgetxattr(at.path, name, value, size)
								: -1;
}

EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK) ? libc_listxattr(at.path, list, size) : -1;
}

EXPORT ssize_t llistxattr(const char *path, char *list, size_t size)
{
	struct pod_path at;

	return pod_path_find(&at, AT_FDCWD, path, LOOK_AT_LINK) ? libc_llistxattr(at.path, list, size) : -1;
}
