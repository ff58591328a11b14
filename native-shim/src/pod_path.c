/*
 * Where a file of the pod's volumes is on this machine. Copied volumes lie below the session's root; for what
 * is fetched on demand the broker is asked at each access, and answers with the path of what it has brought,
 * or an errno.
 *
 * Everything in system calls of our own, errno is touched on failure only, and room lies on the stack.
 */
#include "pod_path.h"

#include "control.h"
#include "memory.h"
#include "mounts.h"
#include "sys.h"

#include <errno.h>
#include <string.h>

/* Where the broker keeps folders, below the place for what it fetches */
#define TREE        "/tree"
#define TREE_LENGTH (sizeof(TREE) - 1)

/* The packet is the longest thing on the stack here: two paths and their heads */
#define PACKET_SIZE (2 * POD_PATH_SIZE + 64)

bool pod_path_fail(int error)
{
	errno = error;
	return false;
}

static size_t put_decimal(char *at, unsigned int value)
{
	char digits[12];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (size_t i = 0; i < count; i++)
		at[i] = digits[count - 1 - i];
	return count;
}

/**
 * descriptor_path() - What a descriptor is, as the kernel names it
 * @fd:		Descriptor
 * @path:	Set to its path, terminated
 * @size:	Room there
 *
 * Return: length of the path, 0 where there is none
 */
static size_t descriptor_path(int fd, char *path, size_t size)
{
	char link[32] = "/proc/self/fd/";
	long length;

	if (fd < 0)
		return 0;
	link[14 + put_decimal(link + 14, (unsigned int)fd)] = '\0';
	length = sys_readlink(link, path, size - 1);
	if (length <= 0 || (size_t)length >= size - 1)
		return 0;
	path[length] = '\0';
	return (size_t)length;
}

/* A folder that the broker fetched; @path as the kernel names it. NULL for any other. */
static const char *pod_path_of_folder(const struct mounts *mounts, const char *path)
{
	size_t length = mounts->fetched_length;

	if (!mounts->fetched || !path_is_below(path, mounts->fetched, length) ||
	    !path_is_below(path + length, TREE, TREE_LENGTH))
		return NULL;
	return path + length + TREE_LENGTH;
}

bool pod_path_descriptor_is_fetched(int fd)
{
	const struct mounts *mounts = session_get()->mounts;
	char path[POD_PATH_SIZE];

	return mounts && mounts->fetched && descriptor_path(fd, path, sizeof(path)) > 0 &&
	       pod_path_of_folder(mounts, path);
}

const char *pod_path_of_mirror(const char *path)
{
	const struct mounts *mounts = session_get()->mounts;
	struct mount_match match;

	if (!mounts)
		return NULL;
	if (pod_path_of_folder(mounts, path))
		return pod_path_of_folder(mounts, path);
	if (!path_is_below(path, mounts->root, mounts->root_length))
		return NULL;
	path += mounts->root_length;
	return *path && mounts_match(mounts, path, &match) ? path : NULL;
}

/**
 * plain_path() - The absolute path that is meant, without detours
 * @mounts:	The mounts
 * @at:		.path and .dirfd as the application gave them; .pod is used as room
 *
 * Return: the path, NULL for one that can't be the pod's
 */
static const char *plain_path(const struct mounts *mounts, struct pod_path *at)
{
	char joined[POD_PATH_SIZE];
	size_t folder, rest;

	if (!memory_readable(at->path, 1))
		return NULL;
	if (at->path[0] == '/') {
		if (path_is_plain(at->path))
			return at->path;
		return path_make_plain(at->path, at->room, sizeof(at->room)) ? at->room : NULL;
	}
	/* A relative path can be the pod's by its descriptor only: no working directory lies in a volume */
	if (at->dirfd == AT_FDCWD || at->path[0] == '\0' || !mounts->fetched)
		return NULL;
	folder = descriptor_path(at->dirfd, at->room, sizeof(at->room));
	if (folder == 0 || !pod_path_of_folder(mounts, at->room))
		return NULL;
	folder -= mounts->fetched_length + TREE_LENGTH;
	rest = strlen(at->path);
	if (folder + rest + 2 > sizeof(joined))
		return NULL;
	memcpy(joined, pod_path_of_folder(mounts, at->room), folder);
	joined[folder] = '/';
	memcpy(joined + folder + 1, at->path, rest + 1);
	return path_make_plain(joined, at->room, sizeof(at->room)) ? at->room : NULL;
}

static bool copy_text(char *to, const char *from, size_t length)
{
	if (length >= POD_PATH_SIZE)
		return pod_path_fail(ENAMETOOLONG);
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

/**
 * ask_broker() - Have a file of the pod brought here
 * @at:		.pod is the file; .room and .pod are set
 * @access:	What for
 * @other:	Where a rename leads, or NULL
 *
 * Return: false with errno
 */
static bool ask_broker(struct pod_path *at, const struct pod_access *access, const char *other)
{
	const struct tl_file_request request = {access->purpose, access->flags, access->mode, at->pod, other};
	uint8_t packet[PACKET_SIZE];
	struct tl_file_reply reply;
	size_t length = tl_encode_file(packet, sizeof(packet), &request);
	long got;

	if (length == 0)
		return pod_path_fail(ENAMETOOLONG);
	got = control_ask(packet, length, packet, sizeof(packet));
	if (got < 0 || tl_decode_file_reply(packet, (size_t)got, &reply) < 0)
		return pod_path_fail(EIO);
	if (reply.error)
		return pod_path_fail((int)reply.error);
	if (!copy_text(at->room, reply.host, reply.host_length))
		return false;
	if (reply.pod_length > 0)
		return copy_text(at->pod, reply.pod, reply.pod_length);
	return true;
}

/* The copy of a volume lies below the root as the volume itself in the pod */
static bool copied_path(const struct mounts *mounts, struct pod_path *at)
{
	size_t length = strlen(at->pod);

	if (mounts->root_length + length >= sizeof(at->room))
		return pod_path_fail(ENAMETOOLONG);
	memcpy(at->room, mounts->root, mounts->root_length);
	memcpy(at->room + mounts->root_length, at->pod, length + 1);
	return true;
}

static bool changes(const struct pod_access *access)
{
	return access->purpose >= TL_FILE_WRITE;
}

/**
 * refuse_change() - What a change in a read-only volume comes to
 * @at:		The file, found for looking
 * @exists:	Whether it is there
 * @access:	What was to be done
 *
 * Return: false with errno, as a file system that is mounted read-only
 */
static bool refuse_change(bool exists, const struct pod_access *access)
{
	bool makes = access->flags & TL_FILE_CREATE || access->purpose == TL_FILE_MKDIR;

	if (exists && makes && (access->flags & TL_FILE_EXCLUSIVE || access->purpose == TL_FILE_MKDIR))
		return pod_path_fail(EEXIST);
	if (!exists && !makes)
		return pod_path_fail(ENOENT);
	return pod_path_fail(EROFS);
}

/**
 * lead_around() - "/mount/../x": the mount isn't on this machine and can't be walked through
 * @mounts:	The mounts
 * @at:		.room is the plain path, which is this machine's; .path is set
 *
 * A folder above a mount may exist in the copy alone.
 */
static void lead_around(const struct mounts *mounts, struct pod_path *at)
{
	size_t length = strlen(at->room);

	at->path = at->room;
	if (sys_access(at->room) == 0 || mounts->root_length + length >= sizeof(at->pod))
		return;
	memcpy(at->pod, mounts->root, mounts->root_length);
	memcpy(at->pod + mounts->root_length, at->room, length + 1);
	if (sys_access(at->pod) == 0)
		at->path = at->pod;
}

/**
 * pod_path_locate() - Find out whose a path is, without asking anybody
 * @at:		Set; .path stays the application's, .pod is the pod's where .is_pods
 * @dirfd:	Where a relative path begins
 * @path:	Application's path
 *
 * Return: false with errno where the call ends here
 */
bool pod_path_locate(struct pod_path *at, int dirfd, const char *path)
{
	const struct mounts *mounts = session_get()->mounts;
	struct mount_match match;
	const char *plain;

	at->path = path;
	at->dirfd = dirfd;
	at->is_pods = false;
	if (!mounts || !path)
		return true;
	plain = plain_path(mounts, at);
	if (!plain)
		return true;
	if (!mounts_match(mounts, plain, &match)) {
		if (plain == at->room && path[0] == '/' && mounts_match(mounts, path, &match))
			lead_around(mounts, at);
		return true;
	}
	if (!mounts_spell(&match, at->pod, sizeof(at->pod)))
		return pod_path_fail(ENAMETOOLONG);
	at->is_pods = true;
	at->is_writable = match.mount->writable;
	at->is_on_demand = match.mount->kind == MOUNT_ON_DEMAND;
	return true;
}

/**
 * pod_path_bring() - Have the file of a located path on this machine
 * @at:		A path for which .is_pods; .path becomes where the file is
 * @access:	What is going to be done there
 * @other:	Where a rename leads, else NULL
 *
 * Return: false with errno where the call ends here
 */
bool pod_path_bring(struct pod_path *at, const struct pod_access *access, const char *other)
{
	const struct pod_access look = LOOK_AT_LINK;
	const struct mounts *mounts = session_get()->mounts;
	bool refuse = changes(access) && !at->is_writable, found;
	int before = errno;

	if (at->is_on_demand)
		found = ask_broker(at, refuse ? &look : access, refuse ? NULL : other);
	else
		found = copied_path(mounts, at) && (!refuse || sys_access(at->room) == 0);
	if (refuse) {
		errno = before;
		return refuse_change(found, access);
	}
	at->path = at->room;
	at->dirfd = AT_FDCWD;
	return found;
}

bool pod_path_find_in_mounts(struct pod_path *at, const struct pod_access *access)
{
	return pod_path_locate(at, at->dirfd, at->path) && (!at->is_pods || pod_path_bring(at, access, NULL));
}
