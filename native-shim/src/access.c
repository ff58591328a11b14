/* access(2) and its spellings. The owner of a mirror may write to it: that a volume is read-only is said
 * here. */
#include "libc.h"
#include "pod_path.h"

#include <errno.h>
#include <unistd.h>

/* Whether the call goes on with at->path */
static bool find(struct pod_path *at, int dirfd, const char *path, int mode, int flags)
{
	if (!pod_path_find(at, dirfd, path, flags & AT_SYMLINK_NOFOLLOW ? LOOK_AT_LINK : LOOK))
		return false;
	return !at->is_pods || at->is_writable || !(mode & W_OK) || pod_path_fail(EROFS);
}

EXPORT int access(const char *path, int mode)
{
	struct pod_path at;

	return find(&at, AT_FDCWD, path, mode, 0) ? libc_access(at.path, mode) : -1;
}

EXPORT int faccessat(int dirfd, const char *path, int mode, int flags)
{
	struct pod_path at;

	return find(&at, dirfd, path, mode, flags) ? libc_faccessat(at.dirfd, at.path, mode, flags) : -1;
}

EXPORT int euidaccess(const char *path, int mode)
{
	struct pod_path at;

	return find(&at, AT_FDCWD, path, mode, 0) ? libc_euidaccess(at.path, mode) : -1;
}

EXPORT int eaccess(const char *path, int mode)
{
	struct pod_path at;

	return find(&at, AT_FDCWD, path, mode, 0) ? libc_euidaccess(at.path, mode) : -1;
}
