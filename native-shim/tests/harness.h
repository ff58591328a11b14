/* A tiny test harness: TEST(name) { CHECK(…); }, run by name, counted at the end. */
#ifndef TELELAUNCH_TESTS_HARNESS_H
#define TELELAUNCH_TESTS_HARNESS_H

#include <stdbool.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *test);
void check_true(bool passed, const char *file, int line, const char *what);
void check_equal(long actual, long wanted, const char *file, int line, const char *what);
void check_text(const char *actual, const char *wanted, const char *file, int line, const char *what);
int test_main(int argc, char **argv);

#define TEST(id)                                                     \
	static void test_##id(void);                                 \
	static struct test entry_##id = {#id, test_##id, 0};         \
	__attribute__((constructor)) static void register_##id(void) \
	{                                                            \
		test_register(&entry_##id);                          \
	}                                                            \
	static void test_##id(void)

#define CHECK(condition)            check_true((condition), __FILE__, __LINE__, #condition)
#define CHECK_EQUAL(actual, wanted) check_equal((long)(actual), (long)(wanted), __FILE__, __LINE__, #actual)
#define CHECK_TEXT(actual, wanted)  check_text((actual), (wanted), __FILE__, __LINE__, #actual)

#endif
