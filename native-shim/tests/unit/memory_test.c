#include "harness.h"
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

TEST(memory_that_is_there_can_be_read)
{
	static int global = 1;
	char local[64] = "";
	char *allocated = malloc(100000);

	CHECK(memory_readable(&global, sizeof(global)));
	CHECK(memory_readable(local, sizeof(local)));
	CHECK(memory_readable(allocated, 100000));
	CHECK(memory_readable("constant", 9));
	CHECK(memory_readable(NULL, 0));
	free(allocated);
}

TEST(memory_that_is_not_there_cannot_be_read)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_EQUAL(mprotect(pages + page, page, PROT_NONE), 0);
	CHECK(!memory_readable(NULL, 1));
	CHECK(!memory_readable((void *)8, 1));
	CHECK(!memory_readable((void *)UINTPTR_MAX, 1));
	CHECK(!memory_readable((void *)(UINTPTR_MAX - 7), 16));
	CHECK(memory_readable(pages, page));
	CHECK(memory_readable(pages + page - 1, 1));
	CHECK(!memory_readable(pages + page - 1, 2));
	CHECK(!memory_readable(pages + page - 8, 16));
	CHECK(!memory_readable(pages + page, 1));
	CHECK(!memory_readable(pages + 2 * page - 1, 1));
	/* both ends are there, the middle isn't */
	CHECK(!memory_readable(pages, 3 * page));
	CHECK(memory_readable(pages + 2 * page, page));
	munmap(pages, 3 * page);
}
