/*
 * The pod's volumes of the tests: a copied one, one that is fetched on demand, a writable one. What is on
 * demand lies in DIRECTORY/fetched/tree as it is; "/pod/data/errno-N" fails with errno N.
 */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 512

static const char *directory;
static char last[256];

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* PATH below the session, its folders made */
static const char *in_session(const char *path)
{
	static char full[PATH_ROOM];

	snprintf(full, sizeof(full), "%s%s", directory, path);
	for (char *slash = full + strlen(directory) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	return full;
}

static void add_mount(char **at, char kind, const char *path)
{
	*at += sprintf(*at, "%c%s", kind, path) + 1;
}

void files_make(const char *session, struct tl_table *table)
{
	char *at = table->mounts, path[PATH_ROOM];

	directory = session;
	strcpy(table->host_name, "web-0");
	snprintf(path, sizeof(path), "%s/root", session);
	add_mount(&at, 'R', path);
	snprintf(path, sizeof(path), "%s/fetched", session);
	add_mount(&at, 'F', path);
	add_mount(&at, 'S', "/pod/config");
	add_mount(&at, 'S', "/var/run/pod");
	add_mount(&at, 'D', "/pod/data");
	add_mount(&at, 'W', "/pod/work");
	add_mount(&at, 'd', "/pod/only-root");
	write_file(in_session("/root/pod/config/..1/key"), "hello", 0644);
	write_file(in_session("/root/pod/config/..1/script"), "#!/bin/sh\nexit 7\n", 0755);
	if (symlink("..1", in_session("/root/pod/config/..data")) < 0 ||
	    symlink("..data/key", in_session("/root/pod/config/key")) < 0 ||
	    symlink("..data/script", in_session("/root/pod/config/script")) < 0 ||
	    symlink("/nowhere", in_session("/root/pod/data")) < 0)
		die("links");
	write_file(in_session("/root/var/run/pod/token"), "token", 0600);
	write_file(in_session("/fetched/tree/pod/data/folder/file"), "on demand", 0640);
	write_file(in_session("/fetched/tree/pod/only-root/file"), "below", 0600);
	if (symlink("folder/file", in_session("/fetched/tree/pod/data/link")) < 0)
		die("link");
	in_session("/fetched/tree/pod/work/");
}

const char *files_last(void)
{
	return last;
}

static int make(const char *path, uint16_t flags, uint16_t mode)
{
	int fd;

	if (!(flags & TL_FILE_CREATE))
		return access(path, F_OK) < 0 ? errno : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (flags & TL_FILE_EXCLUSIVE ? O_EXCL : 0), mode);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int carry_out(int purpose, uint16_t flags, uint16_t mode, const char *path, const char *other)
{
	struct stat status;
	int result = 0;

	switch (purpose) {
	case TL_FILE_WRITE:
		return make(path, flags, mode);
	case TL_FILE_UNLINK:
		result = unlink(path);
		break;
	case TL_FILE_MKDIR:
		result = mkdir(path, mode);
		break;
	case TL_FILE_RMDIR:
		result = rmdir(path);
		break;
	case TL_FILE_RENAME:
		result = rename(path, other);
		break;
	default:
		result = flags & TL_FILE_NO_FOLLOW ? lstat(path, &status) : stat(path, &status);
	}
	return result < 0 ? errno : 0;
}

/* PURPOSE 1 | ZERO 1 | MODE 2 | path [NUL | path] → ERRNO 4 | path here NUL path there */
size_t answer_file(const uint8_t *packet, size_t length, uint8_t *reply)
{
	char path[PATH_ROOM], other[PATH_ROOM], text[PATH_ROOM] = "";
	const char *failing = "/pod/data/errno-";
	uint16_t flags, mode;
	uint32_t error;
	size_t rest;

	memcpy(&flags, packet + 2, 2);
	memcpy(&mode, packet + 6, 2);
	memcpy(text, packet + 8, length - 8 < sizeof(text) ? length - 8 : sizeof(text) - 1);
	snprintf(last, sizeof(last), "%u %u %o %.60s", packet[4], flags, mode, text);
	snprintf(path, sizeof(path), "%s/fetched/tree%.200s", directory, text);
	rest = strlen(text) + 1;
	snprintf(other, sizeof(other), "%s/fetched/tree%.200s", directory,
		 rest < length - 8 ? text + rest : "");
	if (strncmp(text, failing, strlen(failing)) == 0)
		error = (uint32_t)atoi(text + strlen(failing));
	else
		error = (uint32_t)carry_out(packet[4], flags, mode, path, other);
	memset(reply, 0, 4);
	reply[0] = TL_VERSION;
	memcpy(reply + 4, &error, 4);
	return error ? 8 : 8 + (size_t)snprintf((char *)reply + 8, PATH_ROOM * 2, "%s%c%s", path, 0, text);
}
