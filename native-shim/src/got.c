/*
 * Theory of operation
 *
 * A program calls connect(2) through a slot of its own that the dynamic linker fills: the relocation
 * (JUMP_SLOT for calls, GLOB_DAT for addresses that are taken) names the symbol and the slot. In a process
 * that runs already we write our hooks there, one aligned store each, so that another thread calls either the
 * one or the other. Former values are kept and put back: whatever stood there (libc's function, a function
 * that somebody else preloaded, or the stub of a slot that was never used) goes on working.
 *
 * Only calls over the network are taken over: files, the host name and what a process executes stay as they
 * are. Objects that are loaded later aren't seen; got_patch() may be called again for them.
 *
 * Another thread may be in the middle of dlopen(3), whose object is listed before it is relocated. Its slots
 * are recognised by what they hold, or by their page, which is to become read-only and isn't yet; such an
 * object is left alone. One that is unloaded takes its slots along: all work is done while
 * dl_iterate_phdr(3) holds the list.
 *
 * Not to be called by two threads at once.
 */
#include "got.h"

#include "elf_symbol.h"
#include "log.h"
#include "sys.h"

#include <elf.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#define JUMP_SLOT R_X86_64_JUMP_SLOT
#define GLOB_DAT  R_X86_64_GLOB_DAT
#else
#define JUMP_SLOT R_AARCH64_JUMP_SLOT
#define GLOB_DAT  R_AARCH64_GLOB_DAT
#endif

#define MOST_SLOTS 4096

/* Each hook of the network that exports.map names; tests/run.sh compares the two */
#define FOR_EACH_HOOK(_)    \
	_(__recvfrom_chk)   \
	_(__res_nquery)     \
	_(__res_nsearch)    \
	_(__res_nsend)      \
	_(__res_query)      \
	_(__res_search)     \
	_(__res_send)       \
	_(connect)          \
	_(freeaddrinfo)     \
	_(getaddrinfo)      \
	_(getaddrinfo_a)    \
	_(gethostbyaddr)    \
	_(gethostbyaddr_r)  \
	_(gethostbyname)    \
	_(gethostbyname2)   \
	_(gethostbyname2_r) \
	_(gethostbyname_r)  \
	_(getnameinfo)      \
	_(getpeername)      \
	_(getsockname)      \
	_(getsockopt)       \
	_(listen)           \
	_(recvfrom)         \
	_(recvmmsg)         \
	_(recvmsg)          \
	_(res_nquery)       \
	_(res_nsearch)      \
	_(res_nsend)        \
	_(res_query)        \
	_(res_search)       \
	_(res_send)         \
	_(sendmmsg)         \
	_(sendmsg)          \
	_(sendto)           \
	_(socket)

/* By the symbol alone: their types differ, and from header to header. Linked so that ours are meant. */
#define DECLARE(name) extern void hook_##name(void) __asm__(#name);
#define ENTRY(name)   {#name, hook_##name},
FOR_EACH_HOOK(DECLARE)

static const struct hook {
	const char *name;
	void (*function)(void);
} hooks[] = {FOR_EACH_HOOK(ENTRY)};

static struct slot {
	void **at;
	void *former;
} slots[MOST_SLOTS];
static size_t slot_count;

static struct slot *find_slot(void **at)
{
	for (size_t i = 0; i < slot_count; i++)
		if (slots[i].at == at)
			return &slots[i];
	return NULL;
}

/* A slot that is known already belongs to another object by now, which was loaded to the same place */
static bool remember(void **at, void *former)
{
	struct slot *known = find_slot(at);

	if (!known && slot_count == MOST_SLOTS) {
		log_once(LOG_SLOTS,
			 "this program has too many libraries; some of them stay outside of the cluster");
		return false;
	}
	if (!known)
		known = &slots[slot_count++];
	*known = (struct slot){at, former};
	return true;
}

/**
 * is_writable() - Look at a slot's page
 * @at:		Slot
 *
 * futex(2) can change a word and say what it was before; it is made to change nothing.
 *
 * Return: false where a store would fault
 */
static bool is_writable(void **at)
{
	static uint32_t nobody_waits;

	return sys_call(SYS_futex, (long)&nobody_waits, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0, (long)at,
			FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0)) >= 0;
}

/**
 * exchange() - Change a slot, if it holds what it is known to hold
 * @at:		Slot
 * @from:	Value
 * @to:		New value
 *
 * What the dynamic linker made read-only is writable for that moment.
 *
 * Return: false where it holds something else or can't be written to
 */
static bool exchange(void **at, void *from, void *to)
{
	uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *page = (void *)((uintptr_t)at & ~(page_size - 1));
	bool locked = !is_writable(at), changed;

	if (locked && sys_mprotect(page, page_size, PROT_READ | PROT_WRITE) < 0)
		return false;
	changed = __atomic_compare_exchange_n(at, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	if (locked)
		sys_mprotect(page, page_size, PROT_READ);
	return changed;
}

/* Whole pages only: the dynamic linker leaves the last one writable where it holds something else, too */
static bool is_to_be_read_only(const struct elf_object *object, void **at)
{
	uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);

	return (uintptr_t)at >= (object->relro & ~(page_size - 1)) &&
	       (uintptr_t)at < (object->relro_end & ~(page_size - 1));
}

/**
 * is_relocated() - Has the dynamic linker been here?
 * @object:	Object
 * @at:		Slot of it
 *
 * An unrelocated slot holds nothing, or an offset into its own object.
 *
 * Return: false while the object is being loaded
 */
static bool is_relocated(const struct elf_object *object, void **at)
{
	uintptr_t value = (uintptr_t)__atomic_load_n(at, __ATOMIC_ACQUIRE);

	if (value == 0 || (object->base && value < object->size))
		return false;
	return !is_to_be_read_only(object, at) || !is_writable(at);
}

typedef bool slot_function(const struct elf_object *object, void **at, void *hook);

static bool patch_slot(const struct elf_object *object, void **at, void *hook)
{
	void *value = __atomic_load_n(at, __ATOMIC_ACQUIRE);

	if (value == hook)
		return true;
	return is_relocated(object, at) && remember(at, value) && exchange(at, value, hook);
}

static bool restore_slot(const struct elf_object *object, void **at, void *hook)
{
	struct slot *slot = find_slot(at);

	(void)object;
	return slot && exchange(at, hook, slot->former);
}

static const struct hook *find_hook(const char *name)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (strcmp(hooks[i].name, name) == 0)
			return &hooks[i];
	return NULL;
}

/**
 * visit_relocations() - Go through the slots of one table of an object
 * @object:	Object
 * @table:	DT_RELA or DT_JMPREL
 * @size:	Its size in bytes
 * @visit:	Called for each slot of a hook
 *
 * A symbol that the object defines itself is another function of the same name.
 *
 * Return: how many times @visit returned true
 */
static size_t visit_relocations(const struct elf_object *object, const ElfW(Rela) * table, size_t size,
				slot_function *visit)
{
	size_t count = 0;

	for (size_t i = 0; table && i < size / sizeof(*table); i++) {
		const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(table[i].r_info)];
		unsigned long type = ELF64_R_TYPE(table[i].r_info);
		const struct hook *hook;

		if ((type != JUMP_SLOT && type != GLOB_DAT) || symbol->st_shndx != SHN_UNDEF)
			continue;
		hook = find_hook(object->strings + symbol->st_name);
		if (hook)
			count += visit(object, (void **)(object->base + table[i].r_offset),
				       (void *)hook->function);
	}
	return count;
}

struct walk {
	slot_function *visit;
	size_t count;
};

/* libc's libraries call each other past us, as they do under LD_PRELOAD */
static int visit_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct elf_object object;
	struct walk *walk = data;

	(void)size;
	if (elf_is_libc(info->dlpi_name) || elf_is_shim(info->dlpi_name) || !elf_read_object(info, &object))
		return 0;
	walk->count += visit_relocations(&object, object.jump_slots, object.jump_slots_size, walk->visit) +
		       visit_relocations(&object, object.relocations, object.relocations_size, walk->visit);
	return 0;
}

size_t got_patch(void)
{
	struct walk walk = {.visit = patch_slot};

	dl_iterate_phdr(visit_object, &walk);
	return walk.count;
}

size_t got_restore(void)
{
	struct walk walk = {.visit = restore_slot};

	dl_iterate_phdr(visit_object, &walk);
	slot_count = 0;
	return walk.count;
}
