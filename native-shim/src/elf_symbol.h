#ifndef TELELAUNCH_ELF_SYMBOL_H
#define TELELAUNCH_ELF_SYMBOL_H

void *elf_next_symbol(const char *name);
const char *elf_own_path(void);

#endif
