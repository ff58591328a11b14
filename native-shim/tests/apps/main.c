#include "child.h"
#include "harness.h"

#include <string.h>

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "child") == 0)
		return child_main(argv[2]);
	return test_main(argc, argv);
}
