/* The list of mounts and the paths below them. */
#include "mounts.h"

#include "harness.h"
#include "vectors.h"

#include <string.h>

static const char list[] =
	"R/run/session/root\0L/home/me/pod\0F/cache/fetched\0S/etc/config\0D/data\0W/data/work\0"
	"S/var/run/secrets\0d/tmp\0?/what\0Srelative\0S/\0";

static struct mounts mounts;

static const char *kind_of(const char *path)
{
	static char text[64];
	struct mount_match match;

	if (!mounts_match(&mounts, path, &match))
		return "host";
	strcpy(text, match.mount->kind == MOUNT_COPIED ? "copied "
		     : match.mount->writable           ? "writable "
						       : "on demand ");
	return strcat(text, match.pod);
}

TEST(mounts_are_read_and_what_isnt_understood_is_left_out)
{
	mounts_read(list, sizeof(list), &mounts);
	CHECK_EQUAL(mounts.count, 5);
	CHECK_TEXT(mounts.root, "/run/session/root");
	CHECK_EQUAL(mounts.fetched_length, strlen("/cache/fetched"));
	CHECK(!mounts.list[1].writable);
	CHECK(mounts.list[2].writable);
	CHECK(mounts.list[4].only_below_root);
}

static void read_vector(const struct block *block)
{
	static char area[512]; /* stays, as the table does */

	if (!block_is(block, "region", "mounts"))
		return;
	memcpy(area, block->bytes, block->length < sizeof(area) ? block->length : sizeof(area));
	mounts_read(area, block->length, &mounts);
}

TEST(mounts_keep_the_golden_table)
{
	memset(&mounts, 0, sizeof(mounts));
	vectors_read("table.txt", read_vector);
	CHECK_EQUAL(mounts.count, 4);
	CHECK_TEXT(mounts.root, "/run/user/1000/telelaunch/1.2.3.4/root");
	CHECK_TEXT(mounts.link, "/home/me/pod");
	CHECK_TEXT(mounts.fetched, "/home/me/.cache/telelaunch/volumes/1.2.3.4");
	CHECK_TEXT(kind_of("/etc/config"), "copied /etc/config");
	CHECK_TEXT(kind_of("/etc"), "host");
	CHECK_TEXT(kind_of("/data"), "on demand /data");
	CHECK_TEXT(kind_of("/work"), "writable /work");
}

TEST(mounts_that_are_cut_or_without_a_root_are_none)
{
	struct mounts cut;

	mounts_read("R/root\0S/etc/config", 19, &cut);
	CHECK_EQUAL(cut.count, 0);
	mounts_read("S/etc/config\0", 14, &cut);
	CHECK_EQUAL(cut.count, 0);
	mounts_read("", 1, &cut);
	CHECK_EQUAL(cut.count, 0);
}

TEST(paths_belong_to_the_longest_mount_by_whole_components)
{
	mounts_read(list, sizeof(list), &mounts);
	CHECK_TEXT(kind_of("/etc/config"), "copied /etc/config");
	CHECK_TEXT(kind_of("/etc/config/a/b"), "copied /etc/config/a/b");
	CHECK_TEXT(kind_of("/etc/configuration"), "host");
	CHECK_TEXT(kind_of("/etc"), "host");
	CHECK_TEXT(kind_of("/"), "host");
	CHECK_TEXT(kind_of("/data/x"), "on demand /data/x");
	CHECK_TEXT(kind_of("/data/work"), "writable /data/work");
	CHECK_TEXT(kind_of("/data/workshop"), "on demand /data/workshop");
	CHECK_TEXT(kind_of("/tmp/x"), "host");
}

TEST(paths_below_the_root_are_the_pods_where_no_copy_is)
{
	mounts_read(list, sizeof(list), &mounts);
	CHECK_TEXT(kind_of("/run/session/root/data/x"), "on demand /data/x");
	CHECK_TEXT(kind_of("/home/me/pod/data/x"), "on demand /data/x");
	CHECK_TEXT(kind_of("/run/session/root/tmp"), "on demand /tmp");
	CHECK_TEXT(kind_of("/run/session/root/etc/config/a"), "host");
	CHECK_TEXT(kind_of("/run/session/root"), "host");
	CHECK_TEXT(kind_of("/run/session/rootless/data"), "host");
}

static const char *spelled(const char *path)
{
	static char text[64];
	struct mount_match match;

	return mounts_match(&mounts, path, &match) && mounts_spell(&match, text, sizeof(text)) ? text
											       : "host";
}

TEST(run_and_var_run_are_one)
{
	struct mount_match match;
	char small[8];

	mounts_read(list, sizeof(list), &mounts);
	CHECK_TEXT(spelled("/run/secrets/token"), "/var/run/secrets/token");
	CHECK_TEXT(spelled("/var/run/secrets/token"), "/var/run/secrets/token");
	CHECK_TEXT(spelled("/var/runs/secrets"), "host");
	mounts_read("R/root\0S/run/x\0", 16, &mounts);
	CHECK_TEXT(spelled("/var/run/x/y"), "/run/x/y");
	CHECK_TEXT(spelled("/run/x"), "/run/x");
	CHECK(mounts_match(&mounts, "/run/x/yyyyyy", &match) && !mounts_spell(&match, small, sizeof(small)));
}

static void check_plain(const char *path, const char *wanted)
{
	char plain[64];

	CHECK_EQUAL(path_is_plain(path), strcmp(path, wanted) == 0);
	CHECK(path_make_plain(path, plain, sizeof(plain)));
	CHECK_TEXT(plain, wanted);
}

TEST(paths_are_made_plain)
{
	char small[5];

	check_plain("/a/b", "/a/b");
	check_plain("/a/..data/.b/...", "/a/..data/.b/...");
	check_plain("//a///b/", "/a/b");
	check_plain("/a/./b/.", "/a/b");
	check_plain("/a/../b/../../c", "/c");
	check_plain("/..", "/");
	CHECK(path_make_plain("/abc", small, sizeof(small)));
	CHECK(!path_make_plain("/abcd", small, sizeof(small)));
	CHECK(path_make_plain("/abcd/..", small, sizeof(small)) == false);
}
