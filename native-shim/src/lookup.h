/* Asking the broker for names; every name function stands on these. */
#ifndef TELELAUNCH_LOOKUP_H
#define TELELAUNCH_LOOKUP_H

#include "classify.h"

enum lookup_result {
	LOOKUP_FOUND,
	LOOKUP_NO_NAME,
	LOOKUP_NO_DATA,
	LOOKUP_TRY_AGAIN,
	LOOKUP_HOST, /* not the cluster's: libc's own way */
};

struct lookup {
	uint8_t *packet; /* holds the lists; unmapped by lookup_end() */
	struct tl_lookup_reply addresses;
	struct tl_reverse_reply names;
};

enum lookup_result lookup_name(const char *name, uint16_t families, struct lookup *lookup);
enum lookup_result lookup_address(const struct tl_endpoint *address, struct lookup *lookup);
void lookup_end(struct lookup *lookup);

/* h_errno's value for a result other than LOOKUP_FOUND and LOOKUP_HOST */
int lookup_h_errno(enum lookup_result result);

#endif
