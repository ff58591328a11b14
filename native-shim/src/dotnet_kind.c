/*
 * .NET: which of the many `dotnet` processes is the application?
 *
 *   dotnet app.dll, an apphost, a single-file program      application
 *   dotnet fsi (its child SDK/FSharp/fsi.dll)              application: it runs the user's code
 *   NativeAOT                                              ordinary: no runtime that could run a hook
 *   dotnet run|build|watch|test…, csc, MSBuild, NuGet's
 *   credential providers                                   SDK tool
 *   …with /nodemode:N (MSBuild node), VBCSCompiler         SDK server: outlives the run
 */
#include "process_kind.h"

#include "elf_symbol.h"
#include "sys.h"

#include <string.h>
#include <strings.h>

#define PATH_SIZE 4096

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

static const char *next_argument(const char *argument)
{
	return argument + strlen(argument) + 1;
}

/* Options of the muxer itself that take a value */
static bool takes_value(const char *option)
{
	static const char *const options[] = {"--additionalprobingpath",
					      "--additional-deps",
					      "--depsfile",
					      "--fx-version",
					      "--roll-forward",
					      "--runtimeconfig",
					      "--roll-forward-on-no-candidate-fx"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(option, options[i]) == 0)
			return true;
	return false;
}

/**
 * managed_program() - What `dotnet ARG…` runs
 * @argument:	First argument behind argv[0], NUL-separated list
 *
 * Return: path of a managed assembly, NULL where it is a command of the SDK
 */
static const char *managed_program(const char *argument)
{
	if (strcmp(argument, "exec") == 0)
		argument = next_argument(argument);
	while (*argument == '-') {
		bool value = takes_value(argument);

		argument = next_argument(argument);
		if (value && *argument)
			argument = next_argument(argument);
	}
	return ends_with(argument, ".dll") || ends_with(argument, ".exe") ? argument : NULL;
}

/* ROOT/sdk/VERSION/… where ROOT/host/fxr exists; compilers restored as a package */
static bool lies_in_sdk(const char *path)
{
	const char *sdk = strstr(path, "/sdk/");
	char probe[PATH_SIZE];
	size_t length;

	if (strstr(path, "/microsoft.net.compilers.toolset/") || strstr(path, "/Roslyn/bincore/") ||
	    strstr(path, "/.nuget/plugins/"))
		return true;
	if (!sdk)
		return false;
	length = (size_t)(sdk - path);
	if (length + sizeof("/host/fxr") > sizeof(probe))
		return false;
	memcpy(probe, path, length);
	memcpy(probe + length, "/host/fxr", sizeof("/host/fxr"));
	return sys_access(probe) == 0;
}

static bool is_node_mode(const char *argument)
{
	return (*argument == '/' || *argument == '-') && strncasecmp(argument + 1, "nodemode:", 9) == 0;
}

/* The name of the compiler server, as assembly or as apphost */
static bool names_compiler_server(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return strncmp(base, "VBCSCompiler", 12) == 0;
}

/**
 * dotnet_kind_of() - Classify a program that may be .NET's
 * @program:	Path of its executable
 * @arguments:	Command line, NUL-separated
 *
 * Return: its kind; ordinary for a program whose name doesn't say whether it is .NET's
 */
enum process_kind dotnet_kind_of(const char *program, const char *arguments)
{
	const char *managed = program;
	const char *base = strrchr(program, '/');

	if (strcmp(base ? base + 1 : program, "dotnet") == 0) {
		managed = managed_program(next_argument(arguments));
		if (!managed)
			return PROCESS_SDK_TOOL;
	}
	if (ends_with(managed, "/FSharp/fsi.dll") || !lies_in_sdk(managed))
		return managed == program ? PROCESS_ORDINARY : PROCESS_DOTNET;
	if (names_compiler_server(managed))
		return PROCESS_SDK_SERVER;
	for (const char *at = next_argument(arguments); *at; at = next_argument(at))
		if (is_node_mode(at))
			return PROCESS_SDK_SERVER;
	return PROCESS_SDK_TOOL;
}

/**
 * dotnet_is_host_image() - Look for the mark of a .NET host
 * @start:	Data of a program
 * @size:	How much
 *
 * An apphost, and a single-file program whose framework is elsewhere, hold the place where their bundle's
 * offset goes, told by 32 bytes behind it (bundle_marker.cpp in dotnet/runtime). They are kept here inverted,
 * so that nobody who looks for them in a file finds them in this one.
 *
 * Return: true if it is there
 */
bool dotnet_is_host_image(const void *start, size_t size)
{
	static const uint8_t inverted[32] = {
		0x74, 0xed, 0xfd, 0x46, 0x95, 0x9e, 0xdf, 0xc7, 0x8d, 0x84, 0x6c,
		0xfd, 0xeb, 0x28, 0x5f, 0xcd, 0xec, 0x0a, 0x46, 0x19, 0x10, 0x51,
		0xcc, 0xe7, 0x11, 0xc4, 0xd2, 0x31, 0xdb, 0x4c, 0x95, 0x51,
	};
	const uint8_t *data = start;

	for (size_t at = 0; at + sizeof(inverted) <= size; at++) {
		size_t same = 0;

		while (same < sizeof(inverted) && data[at + same] + inverted[same] == 0xff)
			same++;
		if (same == sizeof(inverted))
			return true;
	}
	return false;
}

/**
 * dotnet_is_application() - Is this process's own program a .NET host?
 *
 * Return: true for an apphost, a framework-dependent or a self-contained single-file program
 */
bool dotnet_is_application(void)
{
	return elf_program_exports("DotNetRuntimeInfo") || elf_program_data_is(dotnet_is_host_image);
}

/**
 * dotnet_is_server() - Is an SDK process about to start a build server?
 * @path:	Program
 * @argv:	Its arguments
 *
 * Return: true if that process must not know of the session
 */
bool dotnet_is_server(const char *path, char *const argv[])
{
	if (names_compiler_server(path))
		return true;
	for (; argv && *argv; argv++)
		if (is_node_mode(*argv) || names_compiler_server(*argv))
			return true;
	return false;
}
