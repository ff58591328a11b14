/* The session survives every way of making a process, whatever environment the child is given. */
#include "app.h"
#include "child.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char self[4096];
static char *const empty[] = {NULL};

static const char *self_path(void)
{
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = '\0';
	return self;
}

int child_main(const char *what)
{
	struct destination to = destination(HELLO_4, PORT_ECHO);
	const char *extra = getenv("EXTRA");
	int fd;

	if (strcmp(what, "skipped") == 0) {
		fd = stream_socket(&to, SOCK_NONBLOCK);
		connect_to(fd, &to);
		return 0;
	}
	fd = stream_socket(&to, 0);
	if (strcmp(what, "with-extra") == 0 && (!extra || strcmp(extra, "1") != 0))
		return 3;
	if (strcmp(what, "preload") == 0 && !strstr(getenv("LD_PRELOAD"), "libnothing.so"))
		return 4;
	return connect_to(fd, &to) == 0 && echoes(fd) && shows_peer(fd, &to) ? 0 : 1;
}

static int status_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int child_of_fork(void (*run)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		run();
		_exit(9);
	}
	return status_of(pid);
}

static void only_connect(void)
{
	_exit(child_main("connect"));
}

TEST(fork_without_exec_stays_inside)
{
	CHECK_EQUAL(child_of_fork(only_connect), 0);
}

static void run_execve(void)
{
	char *const argv[] = {"child", "child", "connect", NULL};

	execve(self_path(), argv, empty);
}

static void run_execve_null(void)
{
	char *const argv[] = {"child", "child", "connect", NULL};

	syscall(SYS_close, 0);
	execve(self_path(), argv, NULL);
}

static void run_execle(void)
{
	char *const envp[] = {"EXTRA=1", NULL};

	execle(self_path(), "child", "child", "with-extra", (char *)NULL, envp);
}

static void run_execl(void)
{
	clearenv();
	setenv("EXTRA", "1", 1);
	execl(self_path(), "child", "child", "with-extra", (char *)NULL);
}

static void run_execlp(void)
{
	clearenv();
	execlp(self_path(), "child", "child", "connect", (char *)NULL);
}

static void run_execv(void)
{
	char *const argv[] = {"child", "child", "connect", NULL};

	clearenv();
	execv(self_path(), argv);
}

static void run_execvp(void)
{
	char *const argv[] = {"child", "child", "connect", NULL};

	unsetenv("LD_PRELOAD");
	execvp(self_path(), argv);
}

static void run_execvpe(void)
{
	char *const argv[] = {"child", "child", "connect", NULL};

	execvpe(self_path(), argv, empty);
}

static void run_fexecve(void)
{
	char *const argv[] = {"child", "child", "connect", NULL};

	fexecve(open(self_path(), O_RDONLY), argv, empty);
}

static void run_preload_of_users(void)
{
	/* the dynamic linker says that it can't find the user's: not what is tested here */
	char *const argv[] = {"child", "child", "preload", NULL};
	char *const envp[] = {"LD_PRELOAD=libnothing.so", NULL};

	freopen("/dev/null", "w", stderr);
	execve(self_path(), argv, envp);
}

TEST(exec_with_scrubbed_environment_stays_inside)
{
	CHECK_EQUAL(child_of_fork(run_execve), 0);
	CHECK_EQUAL(child_of_fork(run_execve_null), 0);
	CHECK_EQUAL(child_of_fork(run_execle), 0);
	CHECK_EQUAL(child_of_fork(run_execl), 0);
	CHECK_EQUAL(child_of_fork(run_execlp), 0);
	CHECK_EQUAL(child_of_fork(run_execv), 0);
	CHECK_EQUAL(child_of_fork(run_execvp), 0);
	CHECK_EQUAL(child_of_fork(run_execvpe), 0);
	CHECK_EQUAL(child_of_fork(run_fexecve), 0);
}

TEST(environment_that_leads_nowhere_is_efault)
{
	char *const argv[] = {"child", "child", "connect", NULL};
	/* volatile: the compiler would warn of what is tested here */
	void *volatile nowhere = (void *)8;
	char *const envp[] = {"A=1", nowhere, NULL};
	pid_t pid;

	CHECK_EQUAL(execve(self_path(), argv, nowhere), -1);
	CHECK_EQUAL(errno, EFAULT);
	CHECK_EQUAL(execve(self_path(), argv, envp), -1);
	CHECK_EQUAL(errno, EFAULT);
	CHECK_EQUAL(posix_spawn(&pid, self_path(), NULL, NULL, argv, envp), EFAULT);
}

TEST(users_own_preload_is_kept)
{
	CHECK_EQUAL(child_of_fork(run_preload_of_users), 0);
}

TEST(vfork_and_exec_stays_inside)
{
	const char *path = self_path();
	char *const argv[] = {"child", "child", "connect", NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		execve(path, argv, empty);
		_exit(9);
	}
	CHECK_EQUAL(status_of(pid), 0);
}

TEST(posix_spawn_with_scrubbed_environment_stays_inside)
{
	char *const argv[] = {"child", "child", "with-extra", NULL};
	char *const envp[] = {"EXTRA=1", NULL};
	pid_t pid;

	CHECK_EQUAL(posix_spawn(&pid, self_path(), NULL, NULL, argv, envp), 0);
	CHECK_EQUAL(status_of(pid), 0);
	CHECK_EQUAL(posix_spawnp(&pid, self_path(), NULL, NULL, argv, envp), 0);
	CHECK_EQUAL(status_of(pid), 0);
}

static char command[5000];

static void run_system(void)
{
	clearenv();
	_exit(WEXITSTATUS(system(command)));
}

static void run_popen(void)
{
	FILE *stream;

	clearenv();
	stream = popen(command, "r");
	_exit(stream ? WEXITSTATUS(pclose(stream)) : 8);
}

TEST(system_and_popen_after_clearenv_stay_inside)
{
	snprintf(command, sizeof(command), "'%s' child connect", self_path());
	CHECK_EQUAL(child_of_fork(run_system), 0);
	CHECK_EQUAL(child_of_fork(run_popen), 0);
}

TEST(env_dash_i_stays_inside)
{
	snprintf(command, sizeof(command), "env -i '%s' child connect", self_path());
	CHECK_EQUAL(WEXITSTATUS(system(command)), 0);
}

TEST(closed_stdin_and_descriptors_do_no_harm)
{
	snprintf(command, sizeof(command), "'%s' child connect <&- 3>&- 4>&-", self_path());
	CHECK_EQUAL(WEXITSTATUS(system(command)), 0);
}

TEST(program_the_user_named_is_skipped)
{
	char *const argv[] = {"child", "child", "skipped", NULL};
	const char *base = strrchr(self_path(), '/') + 1;
	char skip[300];
	char *const envp[] = {skip, NULL};
	long before = broker_count();
	pid_t pid;

	snprintf(skip, sizeof(skip), "TELELAUNCH_SKIP=other,%s", base);
	CHECK_EQUAL(posix_spawn(&pid, self_path(), NULL, NULL, argv, envp), 0);
	CHECK_EQUAL(status_of(pid), 0);
	CHECK_EQUAL(broker_count(), before);
	snprintf(skip, sizeof(skip), "TELELAUNCH_SKIP=other,child-of-nobody");
	CHECK_EQUAL(posix_spawn(&pid, self_path(), NULL, NULL, argv, envp), 0);
	CHECK_EQUAL(status_of(pid), 0);
	CHECK_EQUAL(broker_count(), before + 1);
}
