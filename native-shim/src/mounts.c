/*
 * The mounts of the verdict table and what lies below them. Pure functions of strings.
 *
 * The list is written before the broker serves and never changes, so that it is read without the seqlock and
 * its strings may be pointed at.
 */
#include "mounts.h"

#include <string.h>

/**
 * path_is_below() - Is a path a folder, or in it?
 * @path:	Plain absolute path
 * @folder:	Another, not necessarily terminated
 * @length:	Its length
 *
 * Return: true if so
 */
bool path_is_below(const char *path, const char *folder, size_t length)
{
	return strnlen(path, length) == length && memcmp(path, folder, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

/* /var/run leads to /run nearly everywhere, in pods and on this machine: both spellings are one path */
static const char *without_var(const char *path)
{
	return path_is_below(path, "/var/run", 8) ? path + 4 : path;
}

/* KIND of an entry: lower case where the mount's own path stays the machine's */
static bool mount_of_kind(char kind, struct mount *mount)
{
	mount->only_below_root = kind >= 'a';
	switch (kind) {
	case 'S':
	case 's':
		mount->kind = MOUNT_COPIED;
		return true;
	case 'W':
	case 'w':
		mount->writable = true;
		/* fall through */
	case 'D':
	case 'd':
		mount->kind = MOUNT_ON_DEMAND;
		return true;
	default:
		return false;
	}
}

/**
 * mounts_read() - Read the table's list
 * @area:	KIND 1, path, NUL; ended by an empty entry
 * @size:	Room of the list
 * @mounts:	Set to it; what isn't understood is left out
 */
void mounts_read(const char *area, size_t size, struct mounts *mounts)
{
	memset(mounts, 0, sizeof(*mounts));
	for (size_t at = 0; at < size && area[at];) {
		size_t length = strnlen(area + at, size - at);
		const char *path = area + at + 1;
		struct mount mount = {.path = path, .length = (uint16_t)(length - 1)};

		if (at + length >= size)
			break; /* not terminated: the list is cut */
		if (area[at] == 'R' && path[0] == '/') {
			mounts->root = path;
			mounts->root_length = length - 1;
		} else if (area[at] == 'L' && path[0] == '/') {
			mounts->link = path;
			mounts->link_length = length - 1;
		} else if (area[at] == 'F' && path[0] == '/') {
			mounts->fetched = path;
			mounts->fetched_length = length - 1;
		} else if (path[0] == '/' && path[1] && mounts->count < MOST_MOUNTS &&
			   mount_of_kind(area[at], &mount)) {
			mounts->list[mounts->count++] = mount;
		}
		at += length + 1;
	}
	if (!mounts->root)
		mounts->count = 0;
}

static const struct mount *longest_mount(const struct mounts *mounts, const char *path)
{
	const char *plain = without_var(path);
	const struct mount *best = NULL;
	size_t best_length = 0;

	for (unsigned int i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->list[i];
		const char *folder = without_var(mount->path);
		size_t length = mount->length - (size_t)(folder - mount->path);

		if (length > best_length && path_is_below(plain, folder, length)) {
			best = mount;
			best_length = length;
		}
	}
	return best;
}

/**
 * mounts_match() - Which mount does a path belong to?
 * @mounts:	The mounts
 * @path:	Plain absolute path
 * @match:	Set where it belongs to one
 *
 * What lies in a copied mount below the root is there in truth, and none of our business.
 *
 * Return: false for the machine's own paths
 */
bool mounts_match(const struct mounts *mounts, const char *path, struct mount_match *match)
{
	match->below_root = true;
	if (path_is_below(path, mounts->root, mounts->root_length))
		match->pod = path + mounts->root_length;
	else if (mounts->link && path_is_below(path, mounts->link, mounts->link_length))
		match->pod = path + mounts->link_length;
	else
		*match = (struct mount_match){.pod = path};
	if (*match->pod == '\0')
		return false;
	match->mount = longest_mount(mounts, match->pod);
	if (!match->mount)
		return false;
	return match->below_root ? match->mount->kind == MOUNT_ON_DEMAND : !match->mount->only_below_root;
}

/**
 * mounts_spell() - The path in the spelling of its mount, which is the only one that the broker knows
 * @match:	What the path belongs to
 * @path:	Set to it
 * @size:	Room there
 *
 * Return: false where it doesn't fit
 */
bool mounts_spell(const struct mount_match *match, char *path, size_t size)
{
	const char *pod = match->pod, *lead = "";
	bool mount_has_var = without_var(match->mount->path) != match->mount->path;
	size_t lead_length, length;

	if (!mount_has_var)
		pod = without_var(pod);
	else if (without_var(pod) == pod)
		lead = "/var";
	lead_length = strlen(lead);
	length = strlen(pod);
	if (lead_length + length >= size)
		return false;
	memcpy(path, lead, lead_length);
	memcpy(path + lead_length, pod, length + 1);
	return true;
}

/**
 * path_is_plain() - Is an absolute path as short as it can be written?
 * @path:	Absolute path
 *
 * Return: false where "//", "/./", "/../" or a slash at the end is in it
 */
bool path_is_plain(const char *path)
{
	for (const char *at = path; *at; at++) {
		if (*at != '/')
			continue;
		if (at[1] == '/' || at[1] == '\0')
			return false;
		if (at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
			return false;
		if (at[1] == '.' && at[2] == '.' && (at[3] == '/' || at[3] == '\0'))
			return false;
	}
	return true;
}

/**
 * path_make_plain() - Write an absolute path as short as it can be
 * @path:	Absolute path
 * @plain:	Where to; "/" where nothing is left
 * @size:	Room there
 *
 * Symbolic links aren't looked at: what lies behind "link/.." is taken for the folder of the link.
 *
 * Return: false where it doesn't fit
 */
bool path_make_plain(const char *path, char *plain, size_t size)
{
	size_t length = 0;

	while (*path) {
		size_t part = 0;

		while (*path == '/')
			path++;
		while (path[part] && path[part] != '/')
			part++;
		if (part == 2 && path[0] == '.' && path[1] == '.') {
			while (length > 0 && plain[--length] != '/')
				;
		} else if (part > 0 && !(part == 1 && path[0] == '.')) {
			if (part + 2 > size - length)
				return false;
			plain[length] = '/';
			memcpy(plain + length + 1, path, part);
			length += part + 1;
		}
		path += part;
	}
	if (length == 0)
		plain[length++] = '/';
	plain[length] = '\0';
	return true;
}
