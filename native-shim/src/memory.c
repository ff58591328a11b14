/*
 * Can this be read? An application's pointer may lead nowhere; the kernel says EFAULT then, and a hook that
 * reads what was handed to it would crash instead. What can't be read is passed on for the kernel to judge.
 */
#include "memory.h"

#include "sys.h"

#include <errno.h>

#define PAGE        4096u /* the smallest there is */
#define WORD        8u
#define NO_SUCH_HOW (-1)

/*
 * rt_sigprocmask(2) copies the new mask in before it looks at the rest, which is made to be refused: EFAULT
 * tells that nothing can be read there, EINVAL that it can. One system call, no side effect, and none that a
 * seccomp filter could forbid without breaking libc.
 */
static bool word_is_readable(uintptr_t address)
{
	long result = sys_call(SYS_rt_sigprocmask, NO_SUCH_HOW, (long)(address & ~(uintptr_t)(WORD - 1)), 0,
			       WORD, 0, 0);

	return result != -EFAULT;
}

/**
 * memory_readable() - Look before reading what an application's pointer leads to
 * @start:	Pointer
 * @size:	How many bytes
 *
 * What lies less than a page above this frame are the callers' locals; that is where most structures are, and
 * it costs nothing. Otherwise it is a system call a page. @size 0 is always readable.
 *
 * Return: false where the kernel would say EFAULT
 */
bool memory_readable(const void *start, size_t size)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0), at = (uintptr_t)start;
	uintptr_t end = at + size;

	if (size == 0)
		return true;
	if (at < PAGE || end < at)
		return false;
	if (at > frame && end - frame < PAGE)
		return true;
	for (; at < end; at = (at / PAGE + 1) * PAGE)
		if (!word_is_readable(at))
			return false;
	return true;
}
