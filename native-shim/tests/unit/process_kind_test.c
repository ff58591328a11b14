#include "harness.h"
#include "process_kind.h"

#include <stdint.h>
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
	char build[200], server[200], fsi[200], console[200], watch[200];

	snprintf(build, sizeof(build), "%s/sdk/10.0.100/MSBuild.dll", make_root());
	snprintf(server, sizeof(server), "%s/sdk/10.0.100/Roslyn/bincore/VBCSCompiler.dll", root);
	snprintf(fsi, sizeof(fsi), "%s/sdk/10.0.100/FSharp/fsi.dll", root);
	snprintf(console, sizeof(console), "%s/sdk/10.0.100/vstest.console.dll", root);
	snprintf(watch, sizeof(watch), "%s/sdk/10.0.100/DotnetTools/dotnet-watch/dotnet-watch.dll", root);
	CHECK_EQUAL(dotnet_with("run", "--project"), PROCESS_SDK_TOOL);
	CHECK_EQUAL(dotnet_with("app.dll", "x"), PROCESS_DOTNET);
	CHECK_EQUAL(dotnet_with("exec", "/app/bin/app.dll"), PROCESS_DOTNET);
	CHECK_EQUAL(dotnet_with("exec", "/app/bin/testhost.dll"), PROCESS_DOTNET);
	CHECK_EQUAL(dotnet_with("exec", "/home/me/.nuget/packages/dotnet-ef/10.0.0/tools/ef.dll"),
		    PROCESS_DOTNET);
	CHECK_EQUAL(dotnet_with("fsi", "script.fsx"), PROCESS_SDK_TOOL);
	CHECK_EQUAL(dotnet_with("test", "--no-build"), PROCESS_SDK_TOOL);
	CHECK_EQUAL(dotnet_with(fsi, "script.fsx"), PROCESS_DOTNET);
	CHECK_EQUAL(dotnet_with(console, "tests.dll"), PROCESS_SDK_TOOL);
	CHECK_EQUAL(dotnet_with(watch, "run"), PROCESS_SDK_TOOL);
	CHECK_EQUAL(dotnet_with(build, "-maxcpucount"), PROCESS_SDK_TOOL);
	CHECK_EQUAL(dotnet_with(build, "/nodemode:1"), PROCESS_SDK_SERVER);
	CHECK_EQUAL(dotnet_with(build, "-NodeMode:1"), PROCESS_SDK_SERVER);
	CHECK_EQUAL(dotnet_with(build, "/nodemode:8"), PROCESS_SDK_SERVER);
	CHECK_EQUAL(dotnet_with("exec", server), PROCESS_SDK_SERVER);
	remove_root();
}

TEST(application_in_a_folder_called_sdk_is_an_application)
{
	CHECK_EQUAL(KIND("/home/me/sdk/app/app", NULL, "app"), PROCESS_ORDINARY);
}

TEST(credential_providers_of_restore_are_tools)
{
	CHECK_EQUAL(dotnet_with("/home/me/.nuget/plugins/netcore/CredentialProvider/CredentialProvider.dll",
				"-Plugin"),
		    PROCESS_SDK_TOOL);
}

/* The mark as Microsoft.NET.HostModel writes it behind the bundle's offset */
TEST(dotnet_hosts_are_known_by_their_mark)
{
	uint8_t data[100] = {0};
	static const uint8_t mark[32] = {0x8b, 0x12, 0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93,
					 0x02, 0x14, 0xd7, 0xa0, 0x32, 0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae,
					 0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae};

	CHECK(!dotnet_is_host_image(data, sizeof(data)));
	memcpy(data + 68, mark, sizeof(mark));
	CHECK(dotnet_is_host_image(data, 100));
	CHECK(!dotnet_is_host_image(data, 99));
	data[80] ^= 1;
	CHECK(!dotnet_is_host_image(data, 100));
	CHECK(!dotnet_is_host_image(data, 0));
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
