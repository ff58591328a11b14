/*
 * dlsym(RTLD_NEXT, …) of our own. The real one lives in libdl before glibc 2.34, which many programs don't
 * load and which we may not name (no NEEDED entries); it also allocates when a symbol is missing.
 *
 * dl_iterate_phdr(3) exists in every glibc and musl and visits the objects in load order: those behind us
 * are the ones RTLD_NEXT would search.
 */
#include "elf_symbol.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define VERSION_HIDDEN 0x8000

struct object {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *hash;
	const uint16_t *versions;
};

struct search {
	const char *name;
	bool behind_us;
	void *found;
	void *hidden; /* only an old version exists: taken when nothing better comes */
	const char *own_path;
};

/* glibc relocates the pointers of a dynamic section in place, musl and the vDSO leave offsets */
static const void *dynamic_pointer(uintptr_t base, ElfW(Addr) value)
{
	return (const void *)(value < base ? base + value : value);
}

static bool read_dynamic(const struct dl_phdr_info *info, struct object *object)
{
	const ElfW(Dyn) *entry = NULL;

	*object = (struct object){.base = info->dlpi_addr};
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			entry = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		const void *value = dynamic_pointer(object->base, entry->d_un.d_ptr);

		if (entry->d_tag == DT_SYMTAB)
			object->symbols = value;
		else if (entry->d_tag == DT_STRTAB)
			object->strings = value;
		else if (entry->d_tag == DT_GNU_HASH)
			object->gnu_hash = value;
		else if (entry->d_tag == DT_HASH)
			object->hash = value;
		else if (entry->d_tag == DT_VERSYM)
			object->versions = value;
	}
	return object->symbols && object->strings && (object->gnu_hash || object->hash);
}

/**
 * consider() - Take a symbol if it is the wanted one
 * @object:	Object it stands in
 * @index:	Its index
 * @search:	Set to it
 *
 * Return: true when the search is over
 */
static bool consider(const struct object *object, uint32_t index, struct search *search)
{
	const ElfW(Sym) *symbol = &object->symbols[index];
	void *address = (void *)(object->base + symbol->st_value);

	if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
	    strcmp(object->strings + symbol->st_name, search->name) != 0)
		return false;
	if (object->versions && (object->versions[index] & VERSION_HIDDEN)) {
		if (!search->hidden)
			search->hidden = address;
		return false;
	}
	search->found = address;
	return true;
}

/* DT_GNU_HASH: nbuckets, symoffset, bloom_size, bloom_shift, bloom[], buckets[], chain[] */
static bool search_gnu_hash(const struct object *object, struct search *search)
{
	const uint32_t *table = object->gnu_hash;
	uint32_t bucket_count = table[0], symbol_offset = table[1], bloom_size = table[2];
	const uint32_t *buckets = table + 4 + bloom_size * (sizeof(ElfW(Addr)) / 4);
	const uint32_t *chain = buckets + bucket_count;
	uint32_t hash = 5381, index;

	for (const char *c = search->name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	index = bucket_count ? buckets[hash % bucket_count] : 0;
	if (index < symbol_offset)
		return false;
	for (;; index++) {
		uint32_t entry = chain[index - symbol_offset];

		if ((entry | 1) == (hash | 1) && consider(object, index, search))
			return true;
		if (entry & 1)
			return false;
	}
}

/* DT_HASH: nbuckets, nchain (the count of symbols), … ; short enough to be read through */
static bool search_all(const struct object *object, struct search *search)
{
	for (uint32_t i = 1; i < object->hash[1]; i++)
		if (consider(object, i, search))
			return true;
	return false;
}

static bool holds_us(const struct dl_phdr_info *info)
{
	uintptr_t here = (uintptr_t)&elf_next_symbol;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && here >= start && here - start < segment->p_memsz)
			return true;
	}
	return false;
}

static int visit(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;
	struct object object;

	(void)size;
	if (!search->behind_us) {
		search->behind_us = holds_us(info);
		if (search->behind_us)
			search->own_path = info->dlpi_name;
		return search->behind_us && !search->name;
	}
	if (!read_dynamic(info, &object))
		return 0;
	return object.gnu_hash ? search_gnu_hash(&object, search) : search_all(&object, search);
}

/**
 * elf_next_symbol() - Find a function in the objects loaded behind this one
 * @name:	Symbol
 *
 * Return: address of its default version, else of an old one, else NULL
 */
void *elf_next_symbol(const char *name)
{
	struct search search = {.name = name};

	dl_iterate_phdr(visit, &search);
	return search.found ? search.found : search.hidden;
}

/**
 * elf_own_path() - The path this object was loaded from
 *
 * Return: the dynamic linker's string; "" or NULL where it doesn't say
 */
const char *elf_own_path(void)
{
	struct search search = {0};

	dl_iterate_phdr(visit, &search);
	return search.own_path;
}
