#include "session.h"

#include "app.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned char guid[16] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xab, 0xcd, 0xef,
				       0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe};
#define GUID_HEX "00017f80ffabcdef1032547698badcfe"

static int32_t (*class_object)(const void *, const void *, void **);

/* By the system call: a preloaded shim would stay in the broker's environment */
static _Noreturn void run_broker(const char *directory, const int in[2], const int out[2])
{
	char *const argv[] = {"test-broker", (char *)directory, NULL}, *const envp[] = {NULL};

	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	syscall(SYS_execve, getenv("TEST_BROKER"), argv, envp);
	_exit(127);
}

void session_start(struct own_session *session)
{
	int in[2], out[2];
	char ready[16];

	strcpy(session->directory, "/tmp/telelaunch-session-XXXXXX");
	CHECK(mkdtemp(session->directory));
	CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	session->broker = fork();
	if (session->broker == 0)
		run_broker(session->directory, in, out);
	close(in[0]);
	close(out[1]);
	session->stdin_fd = in[1];
	CHECK(read(out[0], ready, sizeof(ready)) > 0);
	close(out[0]);
	session_choose(session);
}

void session_kill(struct own_session *session)
{
	kill(session->broker, SIGKILL);
	waitpid(session->broker, NULL, 0);
	close(session->stdin_fd);
	session->broker = 0;
}

static void remove_folder(const char *path)
{
	pid_t child = fork();

	if (child == 0) {
		execlp("rm", "rm", "-r", path, NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

void session_end(struct own_session *session)
{
	if (session->broker) {
		close(session->stdin_fd);
		waitpid(session->broker, NULL, 0);
	}
	remove_folder(session->directory);
}

void session_choose(const struct own_session *session)
{
	setenv("TELELAUNCH_SESSION", session->directory, 1);
}

void shim_load(void)
{
	void *library = getenv("LD_PRELOAD") && strstr(getenv("LD_PRELOAD"), "libtelelaunch")
				? RTLD_DEFAULT
				: dlopen(getenv("SHIM"), RTLD_LAZY | RTLD_LOCAL);

	if (class_object)
		return;
	*(void **)&class_object = dlsym(library, "DllGetClassObject");
	if (!class_object) {
		printf("%s\n0 passed, 1 failed\n", dlerror());
		exit(1);
	}
}

void shim_order_text(const char *text)
{
	void *object = &object;
	char path[256], *slash;
	FILE *file;

	shim_load();
	snprintf(path, sizeof(path), "%s", getenv("SHIM"));
	slash = strrchr(path, '/');
	strcpy(slash + 1, GUID_HEX);
	file = fopen(path, "w");
	CHECK(file);
	if (!file)
		return;
	fputs(text, file);
	fclose(file);
	CHECK_EQUAL(class_object(guid, guid, &object), (int32_t)0x80040111);
	CHECK(!object);
	unlink(path);
}

static struct said read_hello(int *number)
{
	struct said said = {0};

	sscanf(broker("hello"), "%d %d %d %d %d", number, &said.process, &said.source, &said.status,
	       &said.count);
	return said;
}

struct said shim_order(const char *verb, const struct own_session *session)
{
	const char *chosen = strdup(getenv("TELELAUNCH_SESSION"));
	char text[100];
	struct said said;
	int before = 0, now = 0;

	session_choose(session);
	read_hello(&before);
	snprintf(text, sizeof(text), "%s\n%s\n", verb, session->directory);
	shim_order_text(text);
	do {
		said = read_hello(&now);
	} while (now == before);
	setenv("TELELAUNCH_SESSION", chosen, 1);
	free((void *)chosen);
	return said;
}
