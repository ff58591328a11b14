/*
 * A program that is taken for a .NET host, by the mark in its data, unless it is built with NO_MARK. It does
 * what the host does before the runtime starts: `host-test hooks` prints the variable, `host-test open|fopen
 * FILE` what is read of a file, `host-test runtime LIBRARY FILE` the same when the runtime is there already,
 * `host-test run PROGRAM…` starts another.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef NO_MARK
volatile unsigned char bundle[40] = {0,    0,    0,    0,    0,    0,    0,    0,    0x8b, 0x12,
				     0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93, 0x02,
				     0x14, 0xd7, 0xa0, 0x32, 0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae,
				     0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae};
#endif

static int print_open(const char *path, int flags)
{
	char text[1000];
	int fd = open(path, flags);
	ssize_t length = read(fd, text, sizeof(text));

	if (fd < 0 || length < 0)
		return 1;
	return fwrite(text, 1, (size_t)length, stdout) != (size_t)length;
}

static int print_fopen(const char *path)
{
	char text[1000];
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, sizeof(text), file) : 0;

	return !file || fwrite(text, 1, length, stdout) != length;
}

int main(int argc, char **argv)
{
	const char *hooks = getenv("DOTNET_STARTUP_HOOKS");

	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "hooks") == 0)
		return puts(hooks ? hooks : "none") < 0;
	if (strcmp(argv[1], "open") == 0)
		return print_open(argv[2], O_RDONLY);
	if (strcmp(argv[1], "write") == 0)
		return print_open(argv[2], O_RDWR);
	if (strcmp(argv[1], "fopen") == 0)
		return print_fopen(argv[2]);
	if (strcmp(argv[1], "runtime") == 0)
		return !dlopen(argv[2], RTLD_NOW) || print_open(argv[3], O_RDONLY);
	if (strcmp(argv[1], "run") == 0)
		execv(argv[2], argv + 2);
	return 2;
}
