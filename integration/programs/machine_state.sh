#!/bin/sh
# Tells all of this machine that a system-wide session may touch, in sections "== NAME": the same text before and after means that nothing is left.
# Times of directories are left out (they change with what was put back), and so are lifetimes that run down.
part() { printf '== %s\n' "$1"; }
settle() { sed -E 's/ expires -?[0-9]+sec//; s/ (valid|preferred)_lft [0-9]+sec//g; s/ cache$//' | LC_ALL=C sort; }
# Inode, mode, owner, and for files what is in them and since when.
list() { find "$@" \( -type d -printf '%i %M %n %u:%g %p\n' -o -type l -printf '%i %M %n %u:%g %p -> %l\n' -o -printf '%i %M %n %u:%g %s %T+ %p\n' \) | LC_ALL=C sort -k 6; }

# What the programs that make a resolv.conf know, and what systemd-resolved does.
resolver() {
    for file in $(find /run/resolvconf /run/systemd/resolve /run/NetworkManager -type f 2>/dev/null | LC_ALL=C sort); do echo "$file"; cat "$file"; done
    [ ! -e /run/systemd/resolve/resolv.conf ] || for what in dns domain default-route; do resolvectl "$what"; done
}

part rules4; ip -4 rule
part rules6; ip -6 rule
part routes4; ip -4 route show table all | settle
part routes6; ip -6 route show table all | settle
part links; ip -d link
part addresses; ip address | sed -E 's/ (valid|preferred)_lft [0-9]+sec//g'
part nft; nft list ruleset
part sysctl; sysctl -a -r '^net\.ipv[46]\.conf\.' 2>/dev/null
part resolv.conf; stat -c '%i %A %U:%G %s %y %N' /etc/resolv.conf; cat /etc/resolv.conf
part resolv.conf-file; stat -L -c '%i %A %U:%G %s %y' /etc/resolv.conf
part resolver; resolver
part etc; list /etc -maxdepth 1
part run; find /run -printf '%M %u:%g %p %l\n' | LC_ALL=C sort
# Whatever is mounted in /tmp isn't this machine's.
part mounts; cut -d ' ' -f 1-6 /proc/self/mountinfo | grep -v ' /tmp/'
part telelaunch; [ ! -e /var/lib/telelaunch ] || list /var/lib/telelaunch
part processes
own=$(readlink /proc/self/ns/net)
for process in /proc/[0-9]*; do
    [ "$(readlink "$process/ns/net" 2>/dev/null)" = "$own" ] || continue
    case $(readlink "$process/exe" 2>/dev/null) in
        */telelaunch) tr '\0' ' ' <"$process/cmdline"; echo ;;
    esac
done | LC_ALL=C sort
