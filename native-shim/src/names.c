/* Which names the pod resolves. Pure functions of the verdict table and a name. */
#include "classify.h"

#include <string.h>

#define LONGEST_NAME  253 /* RFC 1035 §2.3.4, without the root's dot */
#define LONGEST_LABEL 63

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : 99;
}

/**
 * skip_number() - Pass over one part of an IPv4 address as inet_aton(3) reads it
 * @at:	Start of the part
 *
 * Return: the character behind it, NULL where no number stands there
 */
static const char *skip_number(const char *at)
{
	unsigned int base = 10;
	const char *start;

	if (at[0] == '0') {
		base = 8;
		if ((at[1] | 0x20) == 'x') {
			base = 16;
			at += 2;
		}
	}
	for (start = at; digit_value(*at) < base; at++)
		;
	return at == start ? NULL : at;
}

/**
 * name_is_numeric() - Is this an address, in any spelling that libc accepts?
 * @name:	Host name
 *
 * Return: true for IPv6 (a colon can't stand in a name) and for what inet_aton(3) reads, "127.1" and
 * "0x7f000001" too
 */
bool name_is_numeric(const char *name)
{
	if (strchr(name, ':'))
		return true;
	for (int part = 0; part < 4; part++) {
		name = skip_number(name);
		if (!name)
			return false;
		if (*name == '\0')
			return true;
		if (*name++ != '.')
			return false;
	}
	return false;
}

/**
 * normalise() - Lower-case a name and take its trailing dot away
 * @name:	As the application gave it
 * @plain:	Set to the result
 * @labels:	Set to the count of labels
 * @absolute:	Set to whether there was a trailing dot
 *
 * Return: false for what can't be a cluster's name: empty or over-long parts, bytes outside of letters,
 * digits, '-' and '_' (so IDN too, which libc has to encode first)
 */
static bool normalise(const char *name, char plain[TL_NAME_SIZE], unsigned int *labels, bool *absolute)
{
	size_t length = strnlen(name, TL_NAME_SIZE), label = 0;

	*absolute = length > 0 && length < TL_NAME_SIZE && name[length - 1] == '.';
	if (*absolute)
		length--;
	if (length == 0 || length > LONGEST_NAME)
		return false;
	*labels = 1;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			(*labels)++;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
			if (++label > LONGEST_LABEL)
				return false;
		} else {
			return false;
		}
		plain[i] = c;
	}
	plain[length] = '\0';
	return label > 0;
}

/* "svc.cluster.local" lies at or below "cluster.local"; lengths without NUL */
static bool lies_below(const char *name, size_t length, const char *suffix, size_t suffix_length)
{
	if (suffix_length == 0 || suffix_length > length)
		return false;
	if (memcmp(name + length - suffix_length, suffix, suffix_length) != 0)
		return false;
	return suffix_length == length || name[length - suffix_length - 1] == '.';
}

struct matches {
	bool suffix, last_label, whole, never;
};

/**
 * match_names() - Compare a name with every entry of the table
 * @table:	The table
 * @name:	Normalised name
 *
 * Return: which kinds of entries match
 */
static struct matches match_names(const struct tl_table *table, const char *name)
{
	struct matches matches = {0};
	uint32_t used = __atomic_load_n(&table->names_used, __ATOMIC_RELAXED);
	size_t length = strlen(name);

	if (used > TL_TABLE_NAMES)
		used = TL_TABLE_NAMES;
	for (uint32_t at = 0; at + 1 < used;) {
		char kind = table->names[at++];
		const char *entry = &table->names[at];
		size_t entry_length = strnlen(entry, used - at);

		if (kind == 'S')
			matches.suffix |= lies_below(name, length, entry, entry_length);
		else if (kind == 'L')
			matches.last_label |=
				entry_length < length && lies_below(name, length, entry, entry_length);
		else if (kind == 'N')
			matches.whole |= entry_length == length && memcmp(name, entry, length) == 0;
		else if (kind == 'X')
			matches.never |= lies_below(name, length, entry, entry_length);
		at += (uint32_t)entry_length + 1;
	}
	return matches;
}

static bool goes(const struct matches *matches, unsigned int labels, bool absolute, bool dot_local,
		 bool ask_dotted)
{
	if (matches->never || (dot_local && !matches->suffix))
		return false;
	if (absolute)
		return matches->suffix || matches->whole;
	return labels == 1 || matches->suffix || matches->last_label || matches->whole || ask_dotted;
}

/**
 * classify_name() - Decide who resolves a name
 * @table:	The table, or NULL
 * @name:	As the application gave it
 *
 * Return: the verdict
 */
enum verdict classify_name(const struct tl_table *table, const char *name)
{
	struct table_read read = {0};
	char plain[TL_NAME_SIZE];
	enum verdict verdict;
	unsigned int labels;
	bool absolute;
	size_t length;

	if (!table || name_is_numeric(name) || !normalise(name, plain, &labels, &absolute))
		return VERDICT_HOST;
	length = strlen(plain);
	if (lies_below(plain, length, "localhost", 9) || strcmp(plain, "wpad") == 0)
		return VERDICT_HOST;
	do {
		struct matches matches;
		uint32_t flags;

		table_read_begin(table, &read);
		flags = __atomic_load_n(&table->flags, __ATOMIC_RELAXED);
		matches = match_names(table, plain);
		if (!goes(&matches, labels, absolute, labels > 1 && lies_below(plain, length, "local", 5),
			  (flags & TL_TABLE_ASK_DOTTED) != 0))
			verdict = VERDICT_HOST;
		else
			verdict = flags & TL_TABLE_ACTIVE ? VERDICT_CLUSTER : VERDICT_UNREACHABLE;
	} while (table_read_retry(table, &read));
	return verdict;
}
