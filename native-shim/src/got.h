/* The slots through which loaded objects call functions of other objects (global offset tables). */
#ifndef TELELAUNCH_GOT_H
#define TELELAUNCH_GOT_H

#include <stddef.h>

/* Return: how many slots lead to the shim now */
size_t got_patch(void);
/* Return: how many slots were given back */
size_t got_restore(void);

#endif
