/*
 * The shim is loaded into this running program and told to attach and to detach, as the .NET runtime does it.
 * Built twice: with slots that are bound lazily, and with slots that are read-only after the start.
 */
#include "reach.h"
#include "session.h"
#include "slots.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	FROM_ATTACHED = 2,
	FROM_DETACHED = 3
};

TEST(attached_program_is_in_the_cluster_and_out_again)
{
	struct own_session session;
	struct said said;
	long asked;

	session_start(&session);
	note_all_slots();
	CHECK(!finds("hello"));
	CHECK_EQUAL(broker_count(), 0);
	said = shim_order("attach", &session);
	CHECK_EQUAL(said.process, getpid());
	CHECK_EQUAL(said.source, FROM_ATTACHED);
	CHECK_EQUAL(said.status, 0);
	CHECK(said.count > 5);
	CHECK_EQUAL(slots_in_shim(), said.count);
	note_slots_in_shim();
	CHECK(finds("hello"));
	CHECK(reaches_cluster(0));
	CHECK(reaches_cluster(SOCK_NONBLOCK));
	said = shim_order("detach", &session);
	CHECK_EQUAL(said.source, FROM_DETACHED);
	CHECK_EQUAL(said.status, 0);
	CHECK(said.count > 5);
	CHECK_EQUAL(slots_in_shim(), 0);
	CHECK_EQUAL(slots_not_as_before(), 0);
	asked = broker_count();
	CHECK(!finds("hello"));
	CHECK_EQUAL(broker_count(), asked);
	session_end(&session);
}

TEST(attached_again_says_already_and_elsewhere_says_busy)
{
	struct own_session one, two;
	struct said said;
	int count;

	session_start(&one);
	session_start(&two);
	count = shim_order("attach", &one).count;
	said = shim_order("attach", &one);
	CHECK_EQUAL(said.status, EALREADY);
	CHECK_EQUAL(said.count, count);
	CHECK_EQUAL(shim_order("attach", &two).status, EBUSY);
	CHECK_EQUAL(shim_order("detach", &two).status, EBUSY);
	session_choose(&one);
	CHECK(reaches_cluster(SOCK_NONBLOCK));
	CHECK_EQUAL(broker_count() > 0, true);
	session_choose(&two);
	CHECK_EQUAL(shim_order("detach", &one).status, 0);
	said = shim_order("detach", &one);
	CHECK_EQUAL(said.status, 0);
	CHECK_EQUAL(said.count, 0);
	session_end(&one);
	session_end(&two);
}

TEST(attached_to_a_dead_session_takes_the_new_one)
{
	struct own_session dead, over, living;

	session_start(&dead);
	session_start(&over);
	session_start(&living);
	CHECK_EQUAL(shim_order("attach", &dead).status, 0);
	session_kill(&dead);
	CHECK_EQUAL(shim_order("attach", &over).status, 0);
	session_choose(&over);
	CHECK_TEXT(broker("active 0"), "ok");
	CHECK_EQUAL(shim_order("attach", &living).status, 0);
	session_choose(&living);
	CHECK(reaches_cluster(0));
	CHECK_EQUAL(shim_order("detach", &living).status, 0);
	session_end(&dead);
	session_end(&over);
	session_end(&living);
}

TEST(attached_without_a_table_stays_outside)
{
	struct own_session session;
	char table[100];
	struct said said;

	session_start(&session);
	note_all_slots();
	snprintf(table, sizeof(table), "%s/table", session.directory);
	CHECK_EQUAL(unlink(table), 0);
	said = shim_order("attach", &session);
	CHECK_EQUAL(said.status, ENOENT);
	CHECK_EQUAL(said.count, 0);
	CHECK_EQUAL(slots_in_shim(), 0);
	session_end(&session);
}

TEST(attached_by_no_order_is_nothing)
{
	note_all_slots();
	shim_order_text("");
	shim_order_text("attach");
	shim_order_text("attach\n");
	shim_order_text("attach\n/tmp");
	shim_order_text("attach\nrelative\n");
	shim_order_text("leave\n/tmp\n");
	shim_order_text(
		"attach\n/a/path/that/is/longer/than/a/session/directory/can/be/because/sun_path/has/no/room/"
		"for/it\n");
	CHECK_EQUAL(slots_in_shim(), 0);
}

TEST(attached_program_without_descriptors_stays_in)
{
	struct own_session session;
	struct rlimit before, low;
	int taken[256], count = 0;

	getrlimit(RLIMIT_NOFILE, &before);
	low = (struct rlimit){256, before.rlim_max};
	session_start(&session);
	note_all_slots();
	CHECK_EQUAL(shim_order("attach", &session).status, 0);
	CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (count < 256 && (taken[count] = dup(0)) >= 0)
		count++;
	CHECK(count < 256);
	CHECK(!finds("hello"));
	CHECK(slots_in_shim() > 0);
	while (count > 0)
		close(taken[--count]);
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK(finds("hello"));
	CHECK_EQUAL(shim_order("detach", &session).status, 0);
	session_end(&session);
}

TEST(wrapped_program_is_led_past_the_wrapper_and_back)
{
	struct own_session session;
	int *count = dlsym(RTLD_DEFAULT, "other_preload_connects"), before;

	CHECK(count);
	if (!count)
		return;
	session_start(&session);
	listen_here();
	before = *count;
	CHECK_EQUAL(reach_own(0), 0);
	CHECK_EQUAL(*count, before + 1);
	CHECK_EQUAL(shim_order("attach", &session).status, 0);
	before = *count;
	CHECK_EQUAL(reach_own(0), 0);
	CHECK_EQUAL(*count, before);
	CHECK_EQUAL(shim_order("detach", &session).status, 0);
	before = *count;
	CHECK_EQUAL(reach_own(0), 0);
	CHECK_EQUAL(*count, before + 1);
	session_end(&session);
}

TEST(preloaded_program_is_where_it_is)
{
	struct own_session own, other;
	struct said said;

	strcpy(own.directory, getenv("TELELAUNCH_SESSION"));
	said = shim_order("attach", &own);
	CHECK_EQUAL(said.status, EALREADY);
	CHECK_EQUAL(said.count, 0);
	session_start(&other);
	CHECK_EQUAL(shim_order("attach", &other).status, EBUSY);
	CHECK_EQUAL(shim_order("detach", &other).status, 0);
	session_choose(&own);
	CHECK(finds("hello"));
	CHECK(reaches_cluster(SOCK_NONBLOCK));
	session_end(&other);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv);
}
