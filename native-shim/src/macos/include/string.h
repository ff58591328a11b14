/* Stands in for the SDK's header, which isn't here: only what the shim uses */
#ifndef TELELAUNCH_DARWIN_STRING_H
#define TELELAUNCH_DARWIN_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *in, int value, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t most);
char *strchr(const char *text, int c);
int strcmp(const char *a, const char *b);

#endif
