#include "harness.h"
#include "startup_hook.h"

#include <string.h>

#define OURS "/cache/hook-1/Telelaunch.StartupHook.dll"

static const char *without(const char *list)
{
	static char text[200];
	size_t length;

	strcpy(text, list);
	length = startup_hooks_without_ours(text, text);
	CHECK_EQUAL(length, strlen(text));
	return text;
}

TEST(our_startup_hook_is_found_in_a_list)
{
	CHECK(startup_hooks_hold_ours(OURS));
	CHECK(startup_hooks_hold_ours("/a.dll:" OURS));
	CHECK(startup_hooks_hold_ours(OURS ":/a.dll"));
	CHECK(startup_hooks_hold_ours("Telelaunch.StartupHook.dll"));
	CHECK(!startup_hooks_hold_ours(""));
	CHECK(!startup_hooks_hold_ours(":"));
	CHECK(!startup_hooks_hold_ours("/a.dll:/b.dll"));
	CHECK(!startup_hooks_hold_ours("/x/Other.Telelaunch.StartupHook.dll"));
	CHECK(!startup_hooks_hold_ours(OURS ".config"));
}

TEST(a_list_without_our_startup_hook_keeps_order_and_others)
{
	CHECK_TEXT(without(OURS), "");
	CHECK_TEXT(without("/a.dll:" OURS), "/a.dll");
	CHECK_TEXT(without(OURS ":/a.dll"), "/a.dll");
	CHECK_TEXT(without("/a.dll:" OURS ":/b.dll:/other/Telelaunch.StartupHook.dll"), "/a.dll:/b.dll");
	CHECK_TEXT(without("/a.dll::/b.dll"), "/a.dll::/b.dll");
	CHECK_TEXT(without(""), "");
}
