#!/bin/sh
# Runs every test of the shim and adds their counts up: run.sh BUILD LIBRARY
# A part that this machine can't build (no musl-gcc, no qemu) is named as left out.
set -u
build=$1
library=$2
# A machine whose resolver is out of reach shall not make the tests wait for it
export RES_OPTIONS="timeout:1 attempts:1"
# Variables of this name are the shim's own business: whoever runs the tests must not add any
for variable in $(env | sed -n 's/^\(TELELAUNCH_[A-Z0-9_]*\)=.*/\1/p'); do
	unset "$variable"
done
passed=0
failed=0

# The last line of a test program is "N passed, N failed"
add() {
	last=$(tail -n 1 "$build/log")
	case $last in
	*" passed, "*" failed") ;;
	*) last="0 passed, 1 failed"; echo "$1 ended without a count" ;;
	esac
	passed=$((passed + $(echo "$last" | cut -d' ' -f1)))
	failed=$((failed + $(echo "$last" | cut -d' ' -f3)))
}

run() {
	echo "== $1"
	shift
	"$@" >"$build/log" 2>&1 </dev/null || echo "exit status $?" >&2
	grep -v '^ok ' "$build/log"
	add "$1"
}

check() {
	echo "== $1"
	shift
	if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $*"; fi
}

# Runs a program under the shim with a broker of its own; the broker ends with its stdin
with_broker() {
	session=$(mktemp -d)
	mkfifo "$session/stdin" "$session/stdout"
	"$build/test-broker" "$session" <"$session/stdin" >"$session/stdout" &
	broker=$!
	exec 9>"$session/stdin" 8<"$session/stdout"
	read -r _ <&8
	LD_PRELOAD=$library TELELAUNCH_SESSION=$session "$@" 9>&- 8<&-
	status=$?
	exec 9>&- 8<&-
	wait "$broker"
	rm -r "$session"
	return $status
}

# Nothing may be asked of the dynamic linker that only one libc has
has_no_needed() { ! readelf -d "$library" | grep -q NEEDED; }
has_no_versions() { ! readelf -V "$library" | grep -q 'Version needs'; }
has_nodelete() { readelf -d "$library" | grep -q NODELETE; }
exports_only_hooks() {
	readelf -W --dyn-syms "$library" | awk '$5 == "GLOBAL" && $7 != "UND" {print $8}' | sort >"$build/exported"
	sed -n 's/^\t\([A-Za-z_0-9]*\);$/\1/p' src/exports.map | sort >"$build/wanted"
	diff "$build/wanted" "$build/exported"
}
# Orders lie beside the library, so that it is a copy; the program starts brokers of its own
attach() { # FILTER COMMAND…
	filter=$1
	shift
	folder=$(mktemp -d)
	cp "$library" "$folder/libtelelaunch-test.so"
	SHIM=$folder/libtelelaunch-test.so TEST_BROKER=$build/test-broker "$@" "$filter"
	status=$?
	rm -r "$folder"
	return $status
}
preloaded() {
	SHIM=$library TEST_BROKER=$build/test-broker "$@" preloaded
}
# Whatever stands in a source file of network hooks is in got.c's list, and nothing else is
network_hooks_are_listed() {
	others='access|attach|change|exec|folder|fopen|host_name|open|posix_spawn|readlink|stat'
	while read -r name; do
		source=$(grep -lE "^EXPORT.*[ *]$name\(" src/*.c)
		echo "$source" | grep -qE "^src/($others)\.c$" || echo "$name"
	done <"$build/wanted" >"$build/network"
	sed -n 's/^\t_(\([a-z_0-9]*\)).*/\1/p' src/got.c | sort | diff "$build/network" -
}
# What a .NET host reads before its runtime starts; the session itself is missing, which changes nothing here
hosted() { # HOOK COMMAND…
	hook=$1
	shift
	LD_PRELOAD=$library TELELAUNCH_SESSION=/nonexistent TELELAUNCH_HOOK=$hook "$@" 2>"$build/stderr"
}
is() { # WANTED COMMAND…
	wanted=$1
	shift
	got=$("$@") || return 1
	[ "$got" = "$wanted" ] || { echo "'$got', not '$wanted'"; return 1; }
}
startup_hook_is_added() { # LIBC
	host=$build/$1/host-test native=$build/$1/native-test hook=$build/Telelaunch.StartupHook.dll
	: >"$hook"
	unset DOTNET_STARTUP_HOOKS
	is "$hook" hosted "$hook" "$host" hooks &&
		DOTNET_STARTUP_HOOKS=/users/own.dll is "/users/own.dll:$hook" hosted "$hook" "$host" hooks &&
		DOTNET_STARTUP_HOOKS= is "$hook" hosted "$hook" "$host" hooks &&
		is "$hook" hosted "$hook" "$host" run "$host" hooks &&
		is none hosted "$hook" "$host" run "$native" hooks &&
		is "$hook" hosted "$hook" "$host" run "$native" run "$host" hooks &&
		is none hosted "$hook" "$native" hooks &&
		DOTNET_STARTUP_HOOKS=/a.dll:$hook:/b.dll is /a.dll:/b.dll hosted "$hook" "$native" hooks
}
unreadable_hook_is_left_out() { # LIBC
	is none hosted /nonexistent/Telelaunch.StartupHook.dll "$build/$1/host-test" hooks &&
		[ "$(grep -c '^telelaunch: the startup hook' "$build/stderr")" -eq 1 ]
}
runtimeconfig_is_repaired() { # LIBC
	host=$build/$1/host-test file=$build/app.runtimeconfig.json hook=$build/Telelaunch.StartupHook.dll
	off='{"System.StartupHookProvider.IsSupported": false,"System.Diagnostics.Tracing.EventSource.IsSupported": false}'
	on='{"System.StartupHookProvider.IsSupported": true ,"System.Diagnostics.Tracing.EventSource.IsSupported": false}'
	traced='{"System.StartupHookProvider.IsSupported": true ,"System.Diagnostics.Tracing.EventSource.IsSupported": true }'
	echo "$off" >"$file"
	cp "$file" "$build/app.json"
	is "$on" hosted "$hook" "$host" open "$file" &&
		is "$on" hosted "$hook" "$host" fopen "$file" &&
		TELELAUNCH_TRACE=1 is "$traced" hosted "$hook" "$host" open "$file" &&
		is "$off" hosted "$hook" "$host" write "$file" &&
		is "$off" hosted "$hook" "$host" open "$build/app.json" &&
		is "$off" hosted "$hook" "$host" runtime "$build/$1/libcoreclr.so" "$file" &&
		is "$off" hosted "$hook" "$build/$1/native-test" open "$file" &&
		is "$off" cat "$file"
}
says_it_once() { # COUNT of our lines in the log of the last run
	[ "$(grep -c '^telelaunch: ' "$build/log")" -eq "$1" ]
}
says_nothing_into_a_foreign_stderr() {
	# 2 is closed at the start and becomes the table file's neighbour later: no byte of ours may land there
	rm -f "$build/data"
	LD_PRELOAD=$library TELELAUNCH_SESSION=/nonexistent \
		"$build/stderr-test" "$build/data" 2>&- && [ "$(cat "$build/data")" = data ]
}
log_file_is_preferred() {
	: >"$build/own-log"
	LD_PRELOAD=$library TELELAUNCH_SESSION=/nonexistent TELELAUNCH_LOG=$build/own-log \
		"$build/stderr-test" "$build/data" 2>"$build/stderr" &&
		[ "$(grep -c '^telelaunch: ' "$build/own-log")" -eq 1 ] && [ ! -s "$build/stderr" ]
}
another_version_is_refused() {
	session=$(mktemp -d)
	printf 'TLTABLE\0\2\0\0\0' >"$session/table"
	truncate -s 1M "$session/table"
	LD_PRELOAD=$library TELELAUNCH_SESSION=$session "$build/stderr-test" "$build/data" 2>"$build/stderr"
	status=$?
	rm -r "$session"
	[ $status -eq 0 ] && [ "$(grep -c '^telelaunch: .*version' "$build/stderr")" -eq 1 ]
}

run "unit" "$build/unit-tests"
check "no library is needed" has_no_needed
check "no symbol version is needed" has_no_versions
check "never unloaded" has_nodelete
check "exports are the hooks" exports_only_hooks
check "network hooks are what attaching takes over" network_hooks_are_listed
check "closed stderr isn't written to" says_nothing_into_a_foreign_stderr
check "TELELAUNCH_LOG instead of stderr" log_file_is_preferred
check "table of another version" another_version_is_refused

for libc in glibc musl; do
	if [ ! -x "$build/$libc/app-tests" ]; then
		echo "== left out: $libc"
		continue
	fi
	check "$libc: the startup hook is for .NET applications" startup_hook_is_added $libc
	check "$libc: a startup hook that can't be read" unreadable_hook_is_left_out $libc
	check "$libc: startup hooks are switched on for the host" runtimeconfig_is_repaired $libc
	run "$libc: programs under the shim" with_broker "$build/$libc/app-tests"
	check "$libc: each line once" says_it_once 5
	run "$libc: the broker dies" with_broker "$build/$libc/gone-tests"
	check "$libc: said once" says_it_once 1
	run "$libc: attached while it runs" attach attached "$build/$libc/attach-tests"
	run "$libc: attached though preloaded" with_broker preloaded "$build/$libc/attach-tests"
done
run "glibc: attached, slots are read-only" attach attached "$build/glibc/attach-tests-now"
run "glibc: attached, with another's preload" attach attached \
	env LD_PRELOAD="$build/other-preload.so" "$build/glibc/attach-tests"
run "glibc: attached past another's preload" attach wrapped \
	env LD_PRELOAD="$build/other-preload.so" "$build/glibc/attach-tests"

if [ -x "$build/arm64/unit-tests" ]; then
	run "arm64: unit, under qemu" qemu-aarch64 -L /usr/aarch64-linux-gnu "$build/arm64/unit-tests"
	run "arm64: the library loads, under qemu" qemu-aarch64 -L /usr/aarch64-linux-gnu \
		-E LD_PRELOAD="$build/arm64/libtelelaunch.so" -E TELELAUNCH_SESSION=/nonexistent \
		"$build/arm64/bypass-tests" loopback_datagrams
else
	echo "== left out: arm64 (needs aarch64-linux-gnu-gcc, libc6-arm64-cross, qemu-user)"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
