#ifndef TELELAUNCH_DARWIN_SCHED_H
#define TELELAUNCH_DARWIN_SCHED_H

int sched_yield(void);

#endif
