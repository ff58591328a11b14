/*
 * dlsym(RTLD_NEXT, …) of our own. The real one lives in libdl before glibc 2.34, which many programs don't
 * load and which we may not name (no NEEDED entries); it also allocates when a symbol is missing.
 *
 * dl_iterate_phdr(3) exists in every glibc and musl and visits the objects in load order: those behind us
 * are the ones RTLD_NEXT would search.
 */
#include "elf_symbol.h"

#include <elf.h>
#include <string.h>

#define VERSION_HIDDEN 0x8000

struct search {
	const char *name;
	bool only_libc; /* whether before or behind us */
	bool behind_us;
	bool libc_is_behind;
	void *found;
	void *hidden; /* only an old version exists: taken when nothing better comes */
	const char *own_path;
	bool any_type; /* of symbol, not only functions */
};

#define MOST_PROGRAM_DATA (256 * 1024) /* an apphost has a few KiB */

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static bool starts_with_any(const char *text, const char *const *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* Of glibc, of musl as it is and as Alpine names it; with a version in the name before glibc 2.34 */
bool elf_is_libc(const char *path)
{
	static const char *const names[] = {
		"libc.so",   "libc-2.",   "libc.musl-",    "ld-musl-",      "ld-linux", "ld64.so",
		"ld.so.1",   "ld-2.",     "libpthread.so", "libpthread-2.", "libdl.so", "libdl-2.",
		"libanl.so", "libanl-2.", "libresolv.so",  "libresolv-2.",
	};

	return starts_with_any(base_name(path), names, sizeof(names) / sizeof(names[0]));
}

bool elf_is_shim(const char *path)
{
	static const char *const name = "libtelelaunch";

	return starts_with_any(base_name(path), &name, 1);
}

/* glibc relocates the pointers of a dynamic section in place, musl and the vDSO leave offsets */
static const void *dynamic_pointer(uintptr_t base, ElfW(Addr) value)
{
	return (const void *)(value < base ? base + value : value);
}

static void read_segments(const struct dl_phdr_info *info, struct elf_object *object,
			  const ElfW(Dyn) * *dynamic)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_DYNAMIC) {
			*dynamic = (const void *)start;
		} else if (segment->p_type == PT_GNU_RELRO) {
			object->relro = start;
			object->relro_end = start + segment->p_memsz;
		} else if (segment->p_type == PT_LOAD && segment->p_vaddr + segment->p_memsz > object->size) {
			object->size = segment->p_vaddr + segment->p_memsz;
		}
	}
}

static void read_entry(const ElfW(Dyn) * entry, struct elf_object *object)
{
	const void *value = dynamic_pointer(object->base, entry->d_un.d_ptr);

	switch (entry->d_tag) {
	case DT_SYMTAB:
		object->symbols = value;
		break;
	case DT_STRTAB:
		object->strings = value;
		break;
	case DT_GNU_HASH:
		object->gnu_hash = value;
		break;
	case DT_HASH:
		object->hash = value;
		break;
	case DT_VERSYM:
		object->versions = value;
		break;
	case DT_RELA:
		object->relocations = value;
		break;
	case DT_RELASZ:
		object->relocations_size = entry->d_un.d_val;
		break;
	case DT_JMPREL:
		object->jump_slots = value;
		break;
	case DT_PLTRELSZ:
		object->jump_slots_size = entry->d_un.d_val;
		break;
	}
}

/**
 * elf_read_object() - Read an object's headers
 * @info:	What dl_iterate_phdr(3) says of it
 * @object:	Set to them
 *
 * Return: false where it has no symbols
 */
bool elf_read_object(const struct dl_phdr_info *info, struct elf_object *object)
{
	const ElfW(Dyn) *entry = NULL;

	*object = (struct elf_object){.base = info->dlpi_addr};
	read_segments(info, object, &entry);
	for (; entry && entry->d_tag != DT_NULL; entry++)
		read_entry(entry, object);
	return object->symbols && object->strings;
}

/**
 * consider() - Take a symbol if it is the wanted one
 * @object:	Object it stands in
 * @index:	Its index
 * @search:	Set to it
 *
 * Return: true when the search is over
 */
static bool consider(const struct elf_object *object, uint32_t index, struct search *search)
{
	const ElfW(Sym) *symbol = &object->symbols[index];
	void *address = (void *)(object->base + symbol->st_value);

	if (symbol->st_shndx == SHN_UNDEF ||
	    (!search->any_type && ELF64_ST_TYPE(symbol->st_info) != STT_FUNC) ||
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
static bool search_gnu_hash(const struct elf_object *object, struct search *search)
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
static bool search_all(const struct elf_object *object, struct search *search)
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

static bool search_object(const struct dl_phdr_info *info, struct search *search)
{
	struct elf_object object;

	if (!elf_read_object(info, &object))
		return false;
	if (object.gnu_hash)
		return search_gnu_hash(&object, search);
	return object.hash && search_all(&object, search);
}

static int visit(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;

	(void)size;
	if (search->only_libc)
		return elf_is_libc(info->dlpi_name) && search_object(info, search);
	if (!search->behind_us) {
		search->behind_us = holds_us(info);
		if (search->behind_us)
			search->own_path = info->dlpi_name;
		return 0;
	}
	search->libc_is_behind |= elf_is_libc(info->dlpi_name);
	return search->name && search_object(info, search);
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
 * elf_libc_symbol() - Find a function in libc itself, wherever we stand
 * @name:	Symbol
 *
 * For a shim that was loaded into a running program: nothing is behind it, and what others preloaded stands
 * before libc.
 *
 * Return: as elf_next_symbol()
 */
void *elf_libc_symbol(const char *name)
{
	struct search search = {.name = name, .only_libc = true};

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

/**
 * elf_is_preloaded() - Were we loaded before libc, or by dlopen(3) into a program that ran already?
 *
 * Return: true if calls of the program's come to us by their names
 */
bool elf_is_preloaded(void)
{
	struct search search = {0};

	dl_iterate_phdr(visit, &search);
	return search.libc_is_behind;
}

static int is_named(struct dl_phdr_info *info, size_t size, void *name)
{
	(void)size;
	return strcmp(base_name(info->dlpi_name), name) == 0;
}

bool elf_is_loaded(const char *name)
{
	return dl_iterate_phdr(is_named, (void *)name) != 0;
}

/* The program comes first */
static int search_program(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	search_object(info, data);
	return 1;
}

bool elf_program_exports(const char *name)
{
	struct search search = {.name = name, .any_type = true};

	dl_iterate_phdr(search_program, &search);
	return search.found != NULL;
}

struct program_data {
	bool (*what)(const void *start, size_t size);
	bool is;
};

static int look_at_program_data(struct dl_phdr_info *info, size_t size, void *data)
{
	struct program_data *look = data;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum && !look->is; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) &&
		    segment->p_filesz <= MOST_PROGRAM_DATA)
			look->is = look->what((const void *)(info->dlpi_addr + segment->p_vaddr),
					      segment->p_filesz);
	}
	return 1;
}

bool elf_program_data_is(bool (*what)(const void *start, size_t size))
{
	struct program_data look = {.what = what};

	dl_iterate_phdr(look_at_program_data, &look);
	return look.is;
}
