/* Files of the pod's volumes: copied ones, ones that are fetched on demand, and what stays this machine's. */
#include "app.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *content(int fd)
{
	static char text[64];
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (got < 0)
		return "nothing";
	text[got] = '\0';
	close(fd);
	return text;
}

static const char *read_file(const char *path)
{
	return content(open(path, O_RDONLY | O_CLOEXEC));
}

/* errno of a call that must fail */
static int failed(int result)
{
	int error = errno;

	errno = 0;
	return result < 0 ? error : 0;
}

TEST(copied_file_is_read_by_its_own_path)
{
	struct stat status;
	long before = broker_count();
	FILE *stream = fopen("/pod/config/key", "re");
	char line[16] = "";

	errno = 77;
	CHECK_TEXT(read_file("/pod/config/key"), "hello");
	CHECK_TEXT(read_file("//pod/./config/../config/key"), "hello");
	CHECK_TEXT(content(openat(AT_FDCWD, "/pod/config/key", O_RDONLY)), "hello");
	CHECK(stream && fgets(line, sizeof(line), stream));
	CHECK_TEXT(line, "hello");
	fclose(stream);
	CHECK_EQUAL(stat("/pod/config/key", &status), 0);
	CHECK(S_ISREG(status.st_mode) && status.st_size == 5);
	CHECK_EQUAL(lstat("/pod/config/key", &status), 0);
	CHECK(S_ISLNK(status.st_mode));
	CHECK_EQUAL(fstatat(AT_FDCWD, "/pod/config", &status, 0), 0);
	CHECK(S_ISDIR(status.st_mode));
	CHECK_EQUAL(access("/pod/config/key", R_OK), 0);
	CHECK_EQUAL(errno, 77);
	CHECK_EQUAL(broker_count(), before);
}

TEST(copied_file_is_found_by_run_and_by_var_run)
{
	CHECK_TEXT(read_file("/var/run/pod/token"), "token");
	CHECK_TEXT(read_file("/run/pod/token"), "token");
}

TEST(copied_folder_is_listed_and_used_by_descriptor)
{
	DIR *folder = opendir("/pod/config");
	struct dirent **entries;
	int count = 0;

	CHECK(folder);
	while (folder && readdir(folder))
		count++;
	CHECK_EQUAL(count, 6);
	CHECK_TEXT(folder ? content(openat(dirfd(folder), "..data/key", O_RDONLY)) : "", "hello");
	closedir(folder);
	CHECK_EQUAL(scandir("/pod/config", &entries, NULL, alphasort), 6);
}

TEST(links_and_real_paths_are_the_pods)
{
	char target[64] = "", *real = realpath("/pod/config/../config/key", NULL), room[4096];

	CHECK_EQUAL(readlink("/pod/config/key", target, sizeof(target) - 1), 10);
	CHECK_TEXT(target, "..data/key");
	CHECK_TEXT(real ? real : "", "/pod/config/..1/key");
	free(real);
	CHECK(realpath("/pod/config/..data", room));
	CHECK_TEXT(room, "/pod/config/..1");
	CHECK(!realpath("/pod/config/none", room) && errno == ENOENT);
}

TEST(copied_volume_is_read_only)
{
	CHECK_EQUAL(failed(open("/pod/config/key", O_WRONLY)), EROFS);
	CHECK_EQUAL(failed(open("/pod/config/key", O_RDONLY | O_TRUNC)), EROFS);
	CHECK_EQUAL(failed(open("/pod/config/new", O_WRONLY | O_CREAT, 0600)), EROFS);
	CHECK_EQUAL(failed(open("/pod/config/new", O_RDONLY | O_CREAT, 0600)), EROFS);
	CHECK_EQUAL(failed(open("/pod/config/new", O_WRONLY)), ENOENT);
	CHECK_EQUAL(failed(open("/pod/config/key", O_WRONLY | O_CREAT | O_EXCL, 0600)), EEXIST);
	CHECK_TEXT(content(open("/pod/config/key", O_RDONLY | O_CREAT, 0600)), "hello");
	CHECK_EQUAL(failed(creat("/pod/config/new", 0600)), EROFS);
	CHECK(!fopen("/pod/config/key", "a") && errno == EROFS);
	CHECK_EQUAL(failed(access("/pod/config/key", W_OK)), EROFS);
	CHECK_EQUAL(failed(unlink("/pod/config/key")), EROFS);
	CHECK_EQUAL(failed(remove("/pod/config/key")), EROFS);
	CHECK_EQUAL(failed(mkdir("/pod/config/new", 0700)), EROFS);
	CHECK_EQUAL(failed(rmdir("/pod/config/..1")), EROFS);
	CHECK_EQUAL(failed(rename("/pod/config/key", "/pod/config/other")), EROFS);
	CHECK_EQUAL(failed(rename("/dev/null", "/pod/config/key")), EROFS);
	CHECK_EQUAL(failed(symlink("x", "/pod/config/new")), EROFS);
	CHECK_EQUAL(failed(chmod("/pod/config/key", 0600)), EROFS);
	CHECK_EQUAL(failed(truncate("/pod/config/key", 0)), EROFS);
}

TEST(script_in_a_volume_is_executed)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		execl("/pod/config/script", "script", NULL);
		_exit(1);
	}
	waitpid(child, &status, 0);
	CHECK_EQUAL(WEXITSTATUS(status), 7);
}

TEST(volume_cannot_be_a_working_directory)
{
	int folder = open("/pod/data/folder", O_RDONLY | O_DIRECTORY);

	CHECK_EQUAL(failed(chdir("/pod/config")), ENOENT);
	CHECK(folder >= 0);
	CHECK_EQUAL(failed(fchdir(folder)), EACCES);
	close(folder);
	folder = open("/", O_RDONLY | O_DIRECTORY);
	CHECK_EQUAL(fchdir(folder), 0);
	close(folder);
}

TEST(watch_follows_the_copy)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	CHECK(inotify_add_watch(watch, "/pod/config", IN_MOVED_TO) >= 0);
	CHECK(inotify_add_watch(watch, "/pod/data/folder", IN_CREATE) >= 0);
	CHECK_EQUAL(failed(inotify_add_watch(watch, "/pod/config/none", IN_MODIFY)), ENOENT);
	close(watch);
}

TEST(file_on_demand_is_asked_for)
{
	long before = broker_count();
	struct stat status;

	CHECK_TEXT(read_file("/pod/data/folder/file"), "on demand");
	CHECK_TEXT(broker("file"), "3 0 0 /pod/data/folder/file");
	CHECK_EQUAL(stat("/pod/data/folder/file", &status), 0);
	CHECK_TEXT(broker("file"), "1 0 0 /pod/data/folder/file");
	CHECK_EQUAL(lstat("/pod/data/link", &status), 0);
	CHECK(S_ISLNK(status.st_mode));
	CHECK_TEXT(broker("file"), "1 8 0 /pod/data/link");
	CHECK_EQUAL(broker_count(), before + 3);
	CHECK_EQUAL(failed(open("/pod/data/none", O_RDONLY)), ENOENT);
	CHECK_EQUAL(failed(open("/pod/data/errno-28", O_RDONLY)), ENOSPC);
	CHECK_EQUAL(failed(stat("/pod/data/errno-5", &status)), EIO);
	CHECK_EQUAL(failed(open("/pod/data/folder/file", O_WRONLY)), EROFS);
	CHECK_EQUAL(failed(open("/pod/data/none", O_WRONLY | O_CREAT, 0600)), EROFS);
}

TEST(folder_on_demand_is_listed_and_used_by_descriptor)
{
	struct stat status;
	DIR *folder = opendir("/pod/data");
	int fd = folder ? dirfd(folder) : -1;
	char real[4096];

	CHECK_TEXT(broker("file"), "2 0 0 /pod/data");
	CHECK_TEXT(content(openat(fd, "folder/file", O_RDONLY)), "on demand");
	CHECK_TEXT(broker("file"), "3 0 0 /pod/data/folder/file");
	CHECK_EQUAL(fstatat(fd, "link", &status, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_TEXT(broker("file"), "1 8 0 /pod/data/link");
	CHECK_EQUAL(fstatat(fd, "", &status, AT_EMPTY_PATH), 0);
	CHECK_EQUAL(failed(unlinkat(fd, "link", 0)), EROFS);
	CHECK(realpath("/pod/data/folder", real));
	CHECK_TEXT(real, "/pod/data/folder");
	closedir(folder);
}

TEST(below_the_root_what_is_on_demand_is_asked_for)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/root/pod/data/folder/file", getenv("TELELAUNCH_SESSION"));
	CHECK_TEXT(read_file(path), "on demand");
	snprintf(path, sizeof(path), "%s/root/pod/only-root/file", getenv("TELELAUNCH_SESSION"));
	CHECK_TEXT(read_file(path), "below");
	CHECK_EQUAL(failed(open("/pod/only-root/file", O_RDONLY)), ENOENT);
}

TEST(writable_volume_is_changed_in_the_pod)
{
	int fd = open("/pod/work/new", O_WRONLY | O_CREAT | O_EXCL, 0640);

	CHECK(fd >= 0);
	CHECK_TEXT(broker("file"), "4 3 640 /pod/work/new");
	CHECK_EQUAL(write(fd, "text", 4), 4);
	close(fd);
	CHECK_TEXT(read_file("/pod/work/new"), "text");
	CHECK_EQUAL(failed(open("/pod/work/new", O_WRONLY | O_CREAT | O_EXCL, 0640)), EEXIST);
	CHECK_EQUAL(access("/pod/work/new", W_OK), 0);
	CHECK_EQUAL(mkdir("/pod/work/folder", 0700), 0);
	CHECK_EQUAL(rename("/pod/work/new", "/pod/work/folder/moved"), 0);
	CHECK_EQUAL(failed(rename("/pod/work/folder/moved", "/tmp/moved")), EXDEV);
	CHECK_EQUAL(failed(rmdir("/pod/work/folder")), ENOTEMPTY);
	CHECK_EQUAL(remove("/pod/work/folder/moved"), 0);
	CHECK_EQUAL(remove("/pod/work/folder"), 0);
	CHECK_EQUAL(failed(symlink("x", "/pod/work/link")), EOPNOTSUPP);
}

TEST(paths_of_this_machine_are_left_alone)
{
	long before = broker_count();
	struct stat status;
	char room[4096];

	errno = 0;
	CHECK_EQUAL(failed(stat("/pod/configuration", &status)), ENOENT);
	CHECK_EQUAL(failed(stat("/pod", &status)), ENOENT);
	CHECK_EQUAL(failed(open((const char *)8, O_RDONLY)), EFAULT);
	CHECK_EQUAL(failed(open("", O_RDONLY)), ENOENT);
	CHECK_EQUAL(stat("/pod/config/../../etc", &status), 0);
	CHECK(S_ISDIR(status.st_mode));
	CHECK_EQUAL(stat("/pod/config/..", &status), 0);
	CHECK_EQUAL(failed(stat("/pod/config/../none", &status)), ENOENT);
	CHECK_EQUAL(access("/etc/passwd", R_OK), 0);
	CHECK(realpath("/etc/../etc/passwd", room));
	CHECK_TEXT(room, "/etc/passwd");
	CHECK_EQUAL(broker_count(), before);
}
