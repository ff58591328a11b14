/* Every way of making a process: which environment, descriptors, signals and groups the child has, and how each way fails. */
#include "behaviour.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>

extern char **environ;

static char self[4096], directory[64];

/* Whatever keeps a child in the session is in its environment; that is said in the documentation, and all else must be the same. */
static int is_sessions(const char *variable)
{
	return strncmp(variable, "LD_PRELOAD=", 11) == 0 || strncmp(variable, "TELELAUNCH_", 11) == 0 || strncmp(variable, "DOTNET_CLI_USE_MSBUILD_SERVER=", 30) == 0;
}

/* The child's side: one line of what it is */
static int show(int argc, char **argv)
{
	char line[4000];
	size_t used = (size_t)snprintf(line, sizeof(line), "%s: argv", argv[2]);
	sigset_t mask;
	int policy = sched_getscheduler(0), working;

	for (int i = 3; i < argc; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, " '%s'", argv[i]);
	used += (size_t)snprintf(line + used, sizeof(line) - used, ", env");
	for (char **at = environ; at && *at; at++)
		if (!is_sessions(*at))
			used += (size_t)snprintf(line + used, sizeof(line) - used, " %.30s", *at);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	used += (size_t)snprintf(line + used, sizeof(line) - used, ", blocked");
	for (int i = 1; i < 32; i++)
		if (sigismember(&mask, i))
			used += (size_t)snprintf(line + used, sizeof(line) - used, " %d", i);
	used += (size_t)snprintf(line + used, sizeof(line) - used, ", ignored");
	for (int i = 1; i < 32; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			used += (size_t)snprintf(line + used, sizeof(line) - used, " %d", i);
	}
	used += (size_t)snprintf(line + used, sizeof(line) - used, ", open");
	for (int i = 0; i < 10; i++)
		if (fcntl(i, F_GETFD) >= 0)
			used += (size_t)snprintf(line + used, sizeof(line) - used, " %d", i);
	working = access("here", F_OK) == 0;
	used += (size_t)snprintf(line + used, sizeof(line) - used, ", own group %d, own session %d, policy %d, directory %d\n", getpgrp() == getpid(), getsid(0) == getpid(), policy, working);
	return write(STDOUT_FILENO, line, used) == (ssize_t)used ? 0 : 1;
}

static char *const few[] = { "A=1", "B=two words", "PATH=/usr/bin:/bin", NULL };
static char *const none[] = { NULL };
static char *const twice[] = { "A=1", "A=2", "no equals sign", "=", "", NULL };

static char title[128];

static char *const *arguments(const char *what)
{
	static char *argv[8];

	snprintf(title, sizeof(title), "%s %s", running, what);
	argv[0] = "shown";
	argv[1] = "--show";
	argv[2] = title;
	argv[3] = "one";
	argv[4] = "";
	argv[5] = NULL;
	return argv;
}

static void start(void)
{
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = '\0';
	/* what came with the shell that started us isn't ours to tell */
	for (int i = 3; i < 300; i++)
		close(i);
	clearenv();
	setenv("C", "3", 1);
}

static void tell_end(const char *what, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		tell(what, "%s", strerror(errno));
	else if (WIFSIGNALED(status))
		tell(what, "ended by %d", WTERMSIG(status));
	else
		tell(what, "ended with %d", WEXITSTATUS(status));
}

#define IN_CHILD(what, call)                                                \
	do {                                                                \
		pid_t pid_ = fork();                                        \
		if (pid_ == 0) {                                            \
			char *const *argv = arguments(what);                \
			(void)argv;                                         \
			errno = MARK;                                       \
			call;                                               \
			tell(what " failed", "%s", strerror(errno));        \
			_exit(9);                                           \
		}                                                           \
		tell_end(what, pid_);                                       \
	} while (0)

CASE(exec)
{
	start();
	IN_CHILD("execve few", execve(self, argv, few));
	IN_CHILD("execve none", execve(self, argv, none));
	IN_CHILD("execve NULL", execve(self, argv, NULL));
	IN_CHILD("execve twice", execve(self, argv, twice));
	IN_CHILD("execv", execv(self, argv));
	IN_CHILD("execl", execl(self, argv[0], argv[1], argv[2], "x", NULL));
	IN_CHILD("execle", execle(self, argv[0], argv[1], argv[2], NULL, few));
	IN_CHILD("execlp", execlp(self, argv[0], argv[1], argv[2], "y", "z", NULL));
	IN_CHILD("execvp", execvp(self, argv));
	IN_CHILD("execvpe", execvpe(self, argv, few));
	IN_CHILD("fexecve", fexecve(open(self, O_RDONLY | O_CLOEXEC), argv, few));
	IN_CHILD("fexecve O_PATH", fexecve(open(self, O_PATH | O_CLOEXEC), argv, few));
	IN_CHILD("execveat", syscall(SYS_execveat, AT_FDCWD, self, argv, few, 0));
	IN_CHILD("environ NULL", (environ = NULL, execv(self, argv)));
	IN_CHILD("environ none", (environ = (char **)none, execvp(self, argv)));
}

CASE(exec_fails)
{
	static char many[3 * 1024 * 1024], wild[] = "A=1";
	char *const big[] = { many, NULL }, *const astray[] = { wild, NOWHERE, NULL };
	char *const *volatile nowhere = NOWHERE;
	int fd;

	start();
	memset(many, 'x', sizeof(many) - 1);
	snprintf(directory, sizeof(directory), "/tmp/behaviour-XXXXXX");
	NEED(mkdtemp(directory) ? 0 : -1);
	NEED(chdir(directory));
	NEED(fd = open("script", O_CREAT | O_WRONLY, 0755));
	NEED(dprintf(fd, "echo exec_fails script: ran as $0\n"));
	close(fd);
	NEED(close(open("closed", O_CREAT | O_WRONLY, 0644)));
	NEED(close(open("empty", O_CREAT | O_WRONLY, 0755)));
	NEED(symlink("loop", "loop"));
	NEED(fd = open("interpreter", O_CREAT | O_WRONLY, 0755));
	NEED(write(fd, "#!/nonexistent\n", 15));
	close(fd);
	IN_CHILD("missing", execve("missing", argv, few));
	IN_CHILD("directory", execve("/", argv, few));
	IN_CHILD("not executable", execve("closed", argv, few));
	IN_CHILD("below a file", execve("script/x", argv, few));
	IN_CHILD("loop", execve("loop", argv, few));
	IN_CHILD("empty", execve("empty", argv, few));
	IN_CHILD("empty name", execve("", argv, few));
	IN_CHILD("script", execve("script", argv, few));
	IN_CHILD("interpreter", execve("interpreter", argv, few));
	IN_CHILD("too big", execve(self, argv, big));
	IN_CHILD("nowhere", execve(astray[1], argv, few));
	IN_CHILD("argv nowhere", execve(self, nowhere, few));
	IN_CHILD("envp nowhere", execve(self, argv, nowhere));
	IN_CHILD("envp astray", execve(self, argv, astray));
	IN_CHILD("execveat empty", syscall(SYS_execveat, open(self, O_PATH), "", argv, few, AT_EMPTY_PATH));
	IN_CHILD("execveat link", syscall(SYS_execveat, AT_FDCWD, "loop", argv, few, AT_SYMLINK_NOFOLLOW));
	IN_CHILD("execveat flags", syscall(SYS_execveat, AT_FDCWD, self, argv, few, 1 << 20));
	IN_CHILD("fexecve -1", fexecve(-1, argv, few));
	IN_CHILD("execvp missing", execvp("no-such-program", argv));
	IN_CHILD("execvp empty", execvp("", argv));
	IN_CHILD("execvp script", execvp("./script", argv));
	IN_CHILD("execlp directory", execlp("/", "x", NULL));
	IN_CHILD("execvpe in PATH", (setenv("PATH", "/nonexistent:.", 1), execvpe("closed", argv, few)));
	IN_CHILD("execvpe script in PATH", (setenv("PATH", "/nonexistent:.", 1), execvpe("script", argv, few)));
	NEED(system("rm script closed empty loop interpreter"));
	NEED(rmdir(directory));
}

CASE(vfork)
{
	static const char *const names[] = { "execve", "execv", "missing" };
	pid_t pid;

	start();
	pid = vfork();
	if (pid == 0)
		_exit(7);
	tell_end("exit", pid);
	for (volatile int i = 0; i < 3; i++) {
		char *const *argv = arguments(names[i]);

		pid = vfork();
		if (pid == 0) {
			if (i == 2)
				execve("/nonexistent", argv, few);
			else if (i == 1)
				execv(self, argv);
			else
				execve(self, argv, few);
			_exit(errno);
		}
		tell_end(names[i], pid);
	}
}

static void spawn(const char *what, int search, const char *path, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, char *const *envp)
{
	char *const *argv = arguments(what);
	pid_t pid = -7;
	int result, error;

	errno = MARK;
	result = search ? posix_spawnp(&pid, path, actions, attributes, argv, envp) : posix_spawn(&pid, path, actions, attributes, argv, envp);
	error = errno;
	/* behind what the child writes */
	if (result == 0)
		tell_end(what, pid);
	tell(what, "%s, pid %s, errno %s", strerror(result), pid > 0 ? "set" : "not set", error == MARK ? "kept" : "changed");
}

CASE(posix_spawn)
{
	char *const *volatile nowhere = NOWHERE;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	struct sched_param parameter = { 0 };
	sigset_t set;
	int pipes[2];

	start();
	NEED(close(0));
	NEED(open("/dev/null", O_RDONLY));
	spawn("few", 0, self, NULL, NULL, few);
	spawn("none", 0, self, NULL, NULL, none);
	spawn("NULL", 0, self, NULL, NULL, NULL);
	spawn("environ", 0, self, NULL, NULL, environ);
	spawn("search", 1, self, NULL, NULL, few);
	spawn("search in PATH", 1, "no-such-program", NULL, NULL, few);
	spawn("missing", 0, "/nonexistent", NULL, NULL, few);
	spawn("directory", 0, "/", NULL, NULL, few);
	spawn("nowhere", 0, self, NULL, NULL, nowhere);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	NEED(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGUSR2, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	spawn("inherited signals", 0, self, NULL, NULL, few);
	posix_spawnattr_init(&attributes);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	posix_spawnattr_setsigmask(&attributes, &set);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	posix_spawnattr_setsigdefault(&attributes, &set);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	spawn("signals and group", 0, self, NULL, &attributes, few);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	spawn("session", 0, self, NULL, &attributes, few);
	posix_spawnattr_setschedpolicy(&attributes, SCHED_BATCH);
	posix_spawnattr_setschedparam(&attributes, &parameter);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSCHEDULER);
	spawn("scheduler", 0, self, NULL, &attributes, few);

	NEED(pipe(pipes));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 8);
	posix_spawn_file_actions_addclose(&actions, pipes[0]);
	posix_spawn_file_actions_addopen(&actions, 6, "/dev/null", O_RDWR, 0);
	spawn("files", 0, self, &actions, NULL, few);
	posix_spawn_file_actions_addopen(&actions, 7, "/nonexistent", O_RDONLY, 0);
	spawn("file missing", 0, self, &actions, NULL, few);
	posix_spawn_file_actions_destroy(&actions);
#ifdef __GLIBC__
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, "/tmp");
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	spawn("chdir and closefrom", 0, self, &actions, &attributes, none);
	posix_spawn_file_actions_destroy(&actions);
#endif
}

static void tell_output(const char *what, const char *command, const char *mode)
{
	char text[1024] = "";
	FILE *stream;
	size_t got;

	errno = MARK;
	stream = popen(command, mode);
	if (!stream) {
		tell(what, "%s", strerror(errno));
		return;
	}
	got = mode[0] == 'r' ? fread(text, 1, sizeof(text) - 1, stream) : 0;
	text[got] = '\0';
	for (char *at = text; *at; at++)
		if (*at == '\n')
			*at = '|';
	tell(what, "%s ended with %#x", text, (unsigned int)pclose(stream));
}

CASE(system_and_popen)
{
	start();
	setenv("PATH", "/usr/bin:/bin", 1);
	tell("NULL", "%d", system(NULL) != 0);
	tell("exit 3", "%#x", (unsigned int)system("exit 3"));
	tell("killed", "%#x", (unsigned int)system("kill -9 $$"));
	tell("missing", "%#x", (unsigned int)system("/nonexistent 2>/dev/null"));
	tell_output("environment", "env | grep -v -e ^LD_PRELOAD= -e ^TELELAUNCH_ -e ^DOTNET_CLI_USE_MSBUILD | sort", "r");
	clearenv();
	tell_output("after clearenv", "env | grep -v -e ^LD_PRELOAD= -e ^TELELAUNCH_ -e ^DOTNET_CLI_USE_MSBUILD -e ^_= | sort", "r");
	environ = NULL;
	tell_output("environ NULL", "echo $C", "r");
	tell_output("write", "cat >/dev/null", "w");
	tell_output("close on exec", "ls /proc/self/fd | wc -l", "re");
	tell_output("bad mode", "true", "q");
	tell_output("both modes", "true", "rw");
	signal(SIGCHLD, SIG_IGN);
	TELL("without children", system("exit 4"));
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--show") == 0)
		return show(argc, argv);
	return run_cases(argc, argv);
}
