/* The pod's name in the place of this machine's. */
#include "app.h"

#include <sys/utsname.h>
#include <unistd.h>

TEST(host_name_is_the_pods)
{
	char name[64] = "", small[4] = "xxx";
	struct utsname system;
	int result;

	CHECK_EQUAL(gethostname(name, sizeof(name)), 0);
	CHECK_TEXT(name, "web-0");
	CHECK_EQUAL(uname(&system), 0);
	CHECK_TEXT(system.nodename, "web-0");
	CHECK_TEXT(system.sysname, "Linux");
	result = gethostname(small, sizeof(small));
	/* glibc refuses, musl cuts; both fill the room */
	CHECK(result < 0 ? errno == ENAMETOOLONG && small[3] == '-' : small[3] == '\0');
	CHECK(small[0] == 'w');
}
