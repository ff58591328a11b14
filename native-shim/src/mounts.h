/* Deciding, apart from acting: which paths are the pod's, by the verdict table's list of mounts alone. */
#ifndef TELELAUNCH_MOUNTS_H
#define TELELAUNCH_MOUNTS_H

#include "protocol.h"

#include <stdbool.h>

#define MOST_MOUNTS 128

enum mount_kind {
	MOUNT_NONE,
	MOUNT_COPIED,    /* the broker keeps a copy below the root; read-only */
	MOUNT_ON_DEMAND, /* each access asks the broker */
};

struct mount {
	const char *path; /* absolute, without a slash at its end; in the table */
	uint16_t length;
	uint8_t kind;
	bool writable;
	bool only_below_root; /* its own path stays the machine's */
};

/* Where the pod's volumes are for this process. Filled once, from the table. */
struct mounts {
	const char *root; /* the copies are below */
	size_t root_length;
	const char *link; /* another name of it, NULL: none */
	size_t link_length;
	const char *fetched; /* what the broker fetches lies below; NULL where nothing is fetched on demand */
	size_t fetched_length;
	unsigned int count;
	struct mount list[MOST_MOUNTS];
};

void mounts_read(const char *area, size_t size, struct mounts *mounts);

/* What a path is. .pod is as the pod has it, .length long, and lies in the path that was asked for. */
struct mount_match {
	const struct mount *mount;
	const char *pod;
	bool below_root; /* it was written with the root before it */
};

bool mounts_match(const struct mounts *mounts, const char *path, struct mount_match *match);

bool mounts_spell(const struct mount_match *match, char *path, size_t size);

/* Lexical: no "//", "/./", "/../" or slash at the end; false where @size doesn't hold it */
bool path_is_plain(const char *path);
bool path_make_plain(const char *path, char *plain, size_t size);
bool path_is_below(const char *path, const char *folder, size_t length);

#endif
