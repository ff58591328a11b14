/* Every slot of every loaded object but the shim, and what it held. */
#ifndef TELELAUNCH_TESTS_SLOTS_H
#define TELELAUNCH_TESTS_SLOTS_H

/* Loads the shim, so that its coming changes nothing any more, and notes what each slot holds */
void note_all_slots(void);
/* How many of the noted slots lead to the shim now */
int slots_in_shim(void);
/* Notes which ones do */
void note_slots_in_shim(void);
/* How many of those that did hold neither what they held first nor what binding has given them since */
int slots_not_as_before(void);

#endif
