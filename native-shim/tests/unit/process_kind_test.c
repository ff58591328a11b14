#include "harness.h"
#include "process_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Arguments as /proc/PID/cmdline shows them: string literals end with one NUL, the list with another */
#define KIND(program, skip, arguments) process_kind_of((program), (skip), arguments "\0")

TEST(compilers_and_debuggers_are_skipped)
{
	CHECK_EQUAL(KIND("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", NULL, "cc1"), PROCESS_SKIPPED);
	CHECK_EQUAL(KIND("/usr/bin/ld.bfd", NULL, "ld"), PROCESS_SKIPPED);
	CHECK_EQUAL(KIND("/root/.cargo/bin/cargo", NULL, "cargo\0run"), PROCESS_SKIPPED);
	CHECK_EQUAL(KIND("/opt/rider/JetBrains.Debugger.Worker", NULL, "x"), PROCESS_SKIPPED);
}

TEST(ordinary_programs_and_git_are_not)
{
	CHECK_EQUAL(KIND("/usr/bin/curl", NULL, "curl"), PROCESS_ORDINARY);
	CHECK_EQUAL(KIND("/usr/bin/git", NULL, "git\0clone"), PROCESS_ORDINARY);
	CHECK_EQUAL(KIND("/usr/lib/git-core/git-remote-http", NULL, "git-remote-http"), PROCESS_ORDINARY);
	CHECK_EQUAL(KIND("/home/ld/app", NULL, "app"), PROCESS_ORDINARY);
	CHECK_EQUAL(KIND("", NULL, ""), PROCESS_ORDINARY);
}

TEST(users_list_matches_program_and_first_argument)
{
	CHECK_EQUAL(KIND("/usr/bin/python3.11", "node,python3.11", "python"), PROCESS_SKIPPED);
	CHECK_EQUAL(KIND("/usr/bin/python3.11", "python3", "/usr/bin/python3\0app.py"), PROCESS_SKIPPED);
	CHECK_EQUAL(KIND("/usr/bin/python3.11", "python", "python3"), PROCESS_ORDINARY);
	CHECK_EQUAL(KIND("/usr/bin/python3.11", "", "python3"), PROCESS_ORDINARY);
}

static char root[64];

/* An SDK is known by ROOT/host/fxr */
static const char *make_root(void)
{
	char path[100];

	strcpy(root, "/tmp/telelaunch-sdk-XXXXXX");
	CHECK(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/host", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/host/fxr", root);
	mkdir(path, 0700);
	return root;
}

static void remove_root(void)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/host/fxr", root);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/host", root);
	rmdir(path);
	rmdir(root);
}

static enum process_kind dotnet_with(const char *first, const char *second)
{
	char arguments[400] = "dotnet", program[100];
	size_t length = 7;

	strcpy(arguments + length, first);
	length += strlen(first) + 1;
	strcpy(arguments + length, second);
	arguments[length + strlen(second) + 1] = '\0';
	snprintf(program, sizeof(program), "%s/dotnet", root);
	return process_kind_of(program, NULL, arguments);
}

TEST(dotnet_commands_are_tools_and_assemblies_are_applications)
{
	char build[200], server[200];

	snprintf(build, sizeof(build), "%s/sdk/10.0.100/MSBuild.dll", make_root());
	snprintf(server, sizeof(server), "%s/sdk/10.0.100/Roslyn/bincore/VBCSCompiler.dll", root);
	CHECK_EQUAL(dotnet_with("run", "--project"), PROCESS_SDK_TOOL);
	CHECK_EQUAL(dotnet_with("app.dll", "x"), PROCESS_ORDINARY);
	CHECK_EQUAL(dotnet_with("exec", "/app/bin/app.dll"), PROCESS_ORDINARY);
	CHECK_EQUAL(dotnet_with(build, "-maxcpucount"), PROCESS_SDK_TOOL);
	CHECK_EQUAL(dotnet_with(build, "/nodemode:1"), PROCESS_SDK_SERVER);
	CHECK_EQUAL(dotnet_with(build, "-NodeMode:1"), PROCESS_SDK_SERVER);
	CHECK_EQUAL(dotnet_with("exec", server), PROCESS_SDK_SERVER);
	remove_root();
}

TEST(application_in_a_folder_called_sdk_is_an_application)
{
	CHECK_EQUAL(KIND("/home/me/sdk/app/app", NULL, "app"), PROCESS_ORDINARY);
}

TEST(build_servers_are_known_before_they_start)
{
	CHECK(dotnet_is_server("/sdk/VBCSCompiler", NULL));
	CHECK(dotnet_is_server("/usr/bin/dotnet",
			       (char *const[]){"dotnet", "exec", "/x/VBCSCompiler.dll", NULL}));
	CHECK(dotnet_is_server("/usr/bin/dotnet",
			       (char *const[]){"dotnet", "MSBuild.dll", "/nodemode:1", NULL}));
	CHECK(!dotnet_is_server("/usr/bin/dotnet", (char *const[]){"dotnet", "run", NULL}));
}
