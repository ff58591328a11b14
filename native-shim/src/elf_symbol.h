/* The loaded objects as the dynamic linker sees them. */
#ifndef TELELAUNCH_ELF_SYMBOL_H
#define TELELAUNCH_ELF_SYMBOL_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/* What the dynamic section of a loaded object says; a table that it hasn't is NULL */
struct elf_object {
	uintptr_t base;
	uintptr_t size; /* of all it loads, from .base on */
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *hash;
	const uint16_t *versions;
	const ElfW(Rela) * relocations; /* DT_RELA */
	size_t relocations_size;        /* in bytes */
	const ElfW(Rela) * jump_slots;  /* DT_JMPREL */
	size_t jump_slots_size;
	uintptr_t relro, relro_end; /* what is read-only once it is relocated */
};

/* false where it can't take part in symbol resolution */
bool elf_read_object(const struct dl_phdr_info *info, struct elf_object *object);

/* Is this one of libc's own libraries, or the dynamic linker? */
bool elf_is_libc(const char *path);
/* Is this a shim, of whatever version? */
bool elf_is_shim(const char *path);

void *elf_next_symbol(const char *name);
void *elf_libc_symbol(const char *name);
const char *elf_own_path(void);
bool elf_is_preloaded(void);

/* Is an object of this file name loaded? */
bool elf_is_loaded(const char *name);

/* The program itself: a symbol of whatever type, and its initialized data where that isn't large */
bool elf_program_exports(const char *name);
bool elf_program_data_is(bool (*what)(const void *start, size_t size));

#endif
