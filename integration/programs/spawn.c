/* Starts a program by posix_spawnp with the environment it got, or with an empty one, and ends with its exit code. */
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv)
{
	char *empty[] = { "PATH=/usr/bin:/bin", 0 };
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	if (posix_spawnp(&pid, argv[2], 0, 0, argv + 2, strcmp(argv[1], "empty") ? environ : empty))
		return 127;
	if (waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
