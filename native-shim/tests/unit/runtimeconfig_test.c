#include "harness.h"
#include "runtimeconfig.h"

#include <string.h>

#define KEY "\"System.StartupHookProvider.IsSupported\""

/* What becomes of it; "same" where nothing is changed */
static const char *switched(const char *text)
{
	static char copy[300];
	bool changed;

	strcpy(copy, text);
	changed = runtimeconfig_switch_on(copy, KEY);
	CHECK_EQUAL(strlen(copy), strlen(text));
	CHECK_EQUAL(changed, strcmp(copy, text) != 0);
	return changed ? copy : "same";
}

TEST(a_property_is_switched_on_however_it_is_written)
{
	CHECK_TEXT(switched("{" KEY ": false,"), "{" KEY ": true ,");
	CHECK_TEXT(switched("{" KEY ":false}"), "{" KEY ":true }");
	CHECK_TEXT(switched("{" KEY "\r\n\t:\n  false\n}"), "{" KEY "\r\n\t:\n  true \n}");
	CHECK_TEXT(switched("{" KEY ": \"False\"}"), "{" KEY ": \"true\" }");
	CHECK_TEXT(switched("{" KEY ":false," KEY ":false}"), "{" KEY ":true ," KEY ":true }");
}

TEST(everything_else_stays_as_it_is)
{
	CHECK_TEXT(switched(""), "same");
	CHECK_TEXT(switched("{" KEY ": true}"), "same");
	CHECK_TEXT(switched("{" KEY), "same");
	CHECK_TEXT(switched("{" KEY " false"), "same");
	CHECK_TEXT(switched("{" KEY ": [false]"), "same");
	CHECK_TEXT(switched("{\"System.GC.Server\": false}"), "same");
	CHECK_TEXT(switched("{\"System.StartupHookProvider.IsSupportedToo\": false}"), "same");
}
