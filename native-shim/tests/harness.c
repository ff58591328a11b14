#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A test that hangs is a failure, not a wait: far beyond what any of them needs */
#define MOST_SECONDS 60

static struct test *first, **last = &first;
static const char *current;
static bool current_failed;

void test_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

static void report(const char *file, int line, const char *what)
{
	current_failed = true;
	printf("%s:%d: %s: %s", file, line, current, what);
}

void check_true(bool passed, const char *file, int line, const char *what)
{
	if (passed)
		return;
	report(file, line, what);
	printf(" is false\n");
}

void check_equal(long actual, long wanted, const char *file, int line, const char *what)
{
	if (actual == wanted)
		return;
	report(file, line, what);
	printf(" is %ld, not %ld\n", actual, wanted);
}

void check_text(const char *actual, const char *wanted, const char *file, int line, const char *what)
{
	if (actual && strcmp(actual, wanted) == 0)
		return;
	report(file, line, what);
	printf(" is \"%s\", not \"%s\"\n", actual ? actual : "(null)", wanted);
}

static void hung(int number)
{
	static const char text[] = ": hangs\n0 passed, 1 failed\n";

	(void)number;
	if (write(STDOUT_FILENO, current, strlen(current)) < 0 ||
	    write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

/**
 * test_main() - Run the tests whose name contains argv[1], or all
 * @argc:	As main()
 * @argv:	As main()
 *
 * Return: exit status: 0 when at least one ran and none failed
 */
int test_main(int argc, char **argv)
{
	int passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, hung);
	for (struct test *test = first; test; test = test->next) {
		if (argc > 1 && !strstr(test->name, argv[1]))
			continue;
		current = test->name;
		current_failed = false;
		alarm(MOST_SECONDS);
		test->run();
		alarm(0);
		if (current_failed)
			failed++;
		else
			passed++;
		printf("%s %s\n", current_failed ? "FAIL" : "ok  ", test->name);
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}
