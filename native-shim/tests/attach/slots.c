#include "slots.h"

#include "app.h"
#include "elf_symbol.h"
#include "session.h"

#include <dlfcn.h>
#include <stddef.h>

#if defined(__x86_64__)
#define IS_SLOT(type) ((type) == R_X86_64_JUMP_SLOT || (type) == R_X86_64_GLOB_DAT)
#else
#define IS_SLOT(type) ((type) == R_AARCH64_JUMP_SLOT || (type) == R_AARCH64_GLOB_DAT)
#endif

#define MOST_SLOTS 20000

static struct {
	void **at;
	void *before;
} slots[MOST_SLOTS];
static int slot_count;

static void note_slots(const struct elf_object *object, const ElfW(Rela) * table, size_t size)
{
	for (size_t i = 0; table && i < size / sizeof(*table); i++) {
		void **at = (void **)(object->base + table[i].r_offset);

		if (!IS_SLOT(ELF64_R_TYPE(table[i].r_info)))
			continue;
		CHECK(slot_count < MOST_SLOTS);
		slots[slot_count].at = at;
		slots[slot_count++].before = *at;
	}
}

static int note_object(struct dl_phdr_info *info, size_t size, void *unused)
{
	struct elf_object object;

	(void)size;
	(void)unused;
	if (!elf_is_shim(info->dlpi_name) && elf_read_object(info, &object)) {
		note_slots(&object, object.jump_slots, object.jump_slots_size);
		note_slots(&object, object.relocations, object.relocations_size);
	}
	return 0;
}

void note_all_slots(void)
{
	shim_load();
	slot_count = 0;
	dl_iterate_phdr(note_object, NULL);
}

static bool is_in_shim(void *function)
{
	Dl_info info;

	return dladdr(function, &info) && elf_is_shim(info.dli_fname);
}

int slots_in_shim(void)
{
	int count = 0;

	for (int i = 0; i < slot_count; i++)
		count += is_in_shim(*slots[i].at);
	return count;
}

static int in_shim_at_last[MOST_SLOTS];

void note_slots_in_shim(void)
{
	for (int i = 0; i < slot_count; i++)
		in_shim_at_last[i] = is_in_shim(*slots[i].at);
}

/* A slot that led to its own object's stub was never used, and may have been bound since */
static bool was_unbound(int slot)
{
	Dl_info stub, object;

	return dladdr(slots[slot].before, &stub) && dladdr(slots[slot].at, &object) &&
	       stub.dli_fbase == object.dli_fbase;
}

int slots_not_as_before(void)
{
	int count = 0;

	for (int i = 0; i < slot_count; i++)
		count += in_shim_at_last[i] && !was_unbound(i) && *slots[i].at != slots[i].before;
	return count;
}
