/* What a child process of the tests does; its exit status is the result. */
#ifndef TELELAUNCH_TESTS_CHILD_H
#define TELELAUNCH_TESTS_CHILD_H

int child_main(const char *what);

#endif
