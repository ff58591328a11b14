/*
 * A path as the application names it, and where the file is. Each hook of the file family begins here:
 *
 *	struct pod_path at;
 *
 *	if (!pod_path_find(&at, AT_FDCWD, path, LOOK))
 *		return -1;
 *	return libc_stat(at.path, status);
 *
 * Without mounts that is a load and a branch, and the application's own path.
 */
#ifndef TELELAUNCH_POD_PATH_H
#define TELELAUNCH_POD_PATH_H

#include "session.h"

#include <fcntl.h>
#include <stdbool.h>

#define POD_PATH_SIZE 4096 /* PATH_MAX, with its NUL */

/* What is going to be done with the file */
struct pod_access {
	enum tl_file_purpose purpose;
	uint16_t flags;
	uint16_t mode;
};

#define LOOK         ((struct pod_access){TL_FILE_STAT, 0, 0})
#define LOOK_AT_LINK ((struct pod_access){TL_FILE_STAT, TL_FILE_NO_FOLLOW, 0})
#define LIST         ((struct pod_access){TL_FILE_LIST, 0, 0})

struct pod_path {
	const char *path; /* for libc: the application's own, or in .room */
	int dirfd;        /* for libc's …at functions */
	bool is_pods;     /* it lies in a volume of the pod */
	bool is_writable; /* false where the volume is read-only */
	bool is_on_demand;
	char pod[POD_PATH_SIZE]; /* where is_pods: plain, as the pod has it; where the broker was asked,
				    without links */
	char room[POD_PATH_SIZE];
};

bool pod_path_find_in_mounts(struct pod_path *at, const struct pod_access *access);

/* False: errno is set, and that is the call's result */
static inline bool pod_path_find(struct pod_path *at, int dirfd, const char *path, struct pod_access access)
{
	at->path = path;
	at->dirfd = dirfd;
	at->is_pods = false;
	if (__builtin_expect(!session_get()->mounts, 1) || !path)
		return true;
	return pod_path_find_in_mounts(at, &access);
}

bool pod_path_locate(struct pod_path *at, int dirfd, const char *path);
bool pod_path_bring(struct pod_path *at, const struct pod_access *access, const char *other);

/* A path of this machine that lies in a mount's mirror, as the pod has it: text within @path, or NULL */
const char *pod_path_of_mirror(const char *path);
bool pod_path_descriptor_is_fetched(int fd);
bool pod_path_fail(int error);

#endif
