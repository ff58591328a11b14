/* What a child's environment becomes. The session's variables are saved once, so all tests share them. */
#include "environment.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define LIBRARY "/cache/libtelelaunch-1.so"

static void start_once(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	setenv("LD_PRELOAD", LIBRARY ":/users/own.so", 1);
	setenv("TELELAUNCH_SESSION", "/run/session", 1);
	setenv("TELELAUNCH_SKIP", "a,b", 1);
	CHECK_TEXT(environment_start(false), "/run/session");
}

static char *filled[16];
static char text[512];

/* Joined by blanks; "same" where the given environment can be used */
static const char *child_of(char *const *given, bool strip)
{
	static char joined[1000];
	struct environment_needs needs;

	start_once();
	needs = environment_needs(given, strip);
	if (needs.pointers == 0)
		return "same";
	CHECK(needs.pointers <= 16 && needs.bytes <= sizeof(text));
	environment_fill(filled, text, given, strip);
	joined[0] = '\0';
	for (char **at = filled; *at; at++) {
		strcat(joined, *joined ? " " : "");
		strcat(joined, *at);
		CHECK((size_t)(at - filled) < needs.pointers);
	}
	CHECK(strlen(text) < needs.bytes);
	return joined;
}

#define ENVIRONMENT(...) ((char *const[]){__VA_ARGS__, NULL})

TEST(complete_environment_is_used_as_it_is)
{
	CHECK_TEXT(child_of(ENVIRONMENT("A=1", "LD_PRELOAD=/x.so " LIBRARY, "TELELAUNCH_SESSION=/other",
					"TELELAUNCH_SKIP="),
			    false),
		   "same");
}

TEST(empty_environment_gets_the_session_back)
{
	const char *wanted = "LD_PRELOAD=" LIBRARY " TELELAUNCH_SESSION=/run/session TELELAUNCH_SKIP=a,b";

	CHECK_TEXT(child_of((char *const[]){NULL}, false), wanted);
	CHECK_TEXT(child_of(NULL, false), wanted);
}

TEST(library_out_of_reach_is_told)
{
	start_once();
	CHECK(!environment_library_readable());
}

TEST(other_preloads_are_kept_behind_ours)
{
	CHECK_TEXT(child_of(ENVIRONMENT("LD_PRELOAD=/x.so:/y.so", "A=1"), false),
		   "LD_PRELOAD=" LIBRARY
		   ":/x.so:/y.so A=1 TELELAUNCH_SESSION=/run/session TELELAUNCH_SKIP=a,b");
	CHECK_TEXT(child_of(ENVIRONMENT("LD_PRELOAD="), false),
		   "LD_PRELOAD=" LIBRARY " TELELAUNCH_SESSION=/run/session TELELAUNCH_SKIP=a,b");
}

TEST(a_value_the_child_was_given_wins)
{
	CHECK_TEXT(child_of(ENVIRONMENT("TELELAUNCH_SKIP=c"), false),
		   "LD_PRELOAD=" LIBRARY " TELELAUNCH_SKIP=c TELELAUNCH_SESSION=/run/session");
}

TEST(stripping_takes_our_startup_hook_away)
{
	CHECK_TEXT(
		child_of(ENVIRONMENT("DOTNET_STARTUP_HOOKS=/users/a.dll:/x/Telelaunch.StartupHook.dll:/b.dll",
				     "LD_PRELOAD=/x.so:" LIBRARY, "A=1"),
			 true),
		"LD_PRELOAD=/x.so DOTNET_STARTUP_HOOKS=/users/a.dll:/b.dll A=1");
	CHECK_TEXT(child_of(ENVIRONMENT("DOTNET_STARTUP_HOOKS=/x/Telelaunch.StartupHook.dll", "A=1"), true),
		   "A=1");
	CHECK_TEXT(child_of(ENVIRONMENT("DOTNET_STARTUP_HOOKS=/users/a.dll", "A=1"), true), "same");
}

TEST(stripping_takes_only_ours_away)
{
	CHECK_TEXT(child_of(ENVIRONMENT("LD_PRELOAD=/x.so:" LIBRARY ":/y.so", "TELELAUNCH_SESSION=/s", "A=1",
					"TELELAUNCH_SKIP=c"),
			    true),
		   "LD_PRELOAD=/x.so:/y.so A=1");
	CHECK_TEXT(child_of(ENVIRONMENT("LD_PRELOAD=" LIBRARY, "A=1"), true), "A=1");
	CHECK_TEXT(child_of(ENVIRONMENT("A=1"), true), "same");
}
