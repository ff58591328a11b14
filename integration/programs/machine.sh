#!/bin/sh
# A developer's machine for tests: the network and mount namespace that this is started in gets its own /etc, /run and /var/lib, and a link to the
# outside world. Says "ready" when it stands. It lives for as long as standard input; then everything that runs in its network namespace is killed,
# and with the last process links, mounts and files are gone: whoever started this may die in any way.
#   unshare --net --mount --propagation private machine.sh OUTSIDE
# OUTSIDE: the process whose network namespace is the outside world. Its end of the link is named "machine", this one "uplink"; its addresses are the
# caller's. /etc/resolv.conf is empty.
set -eu
outside=$1
own=$(readlink /proc/self/ns/net)

# Nobody may outlive the machine, whatever namespaces else it has made.
end() {
    trap - EXIT
    while :; do
        left=
        for process in /proc/[0-9]*; do
            id=${process#/proc/}
            [ "$id" != $$ ] && [ "$(readlink "$process/ns/net" 2>/dev/null)" = "$own" ] && [ -n "$(readlink "$process/exe" 2>/dev/null)" ] || continue
            kill -9 "$id" 2>/dev/null && left=$id
        done
        [ -n "$left" ] || break
    done
}
trap end EXIT

# What others mount there would come and go as if it were this machine's.
awk '$5 ~ "^/run/" { print $5 }' /proc/self/mountinfo | sort -r | while read -r other; do
    # Whose it is may be faster.
    umount -l "$other" 2>/dev/null || ! mountpoint -q "$other"
done

# A tmpfs that only its parts keep: as soon as they are bound where they belong, /mnt is as it was.
mount -t tmpfs -o mode=755 machine /mnt
mkdir /mnt/etc /mnt/run /mnt/upper /mnt/work
cp -a /etc/. /mnt/etc
rm -f /mnt/etc/resolv.conf
: >/mnt/etc/resolv.conf
mount --bind /mnt/etc /etc
mount --bind /mnt/run /run
mount -t overlay -o lowerdir=/var/lib,upperdir=/mnt/upper,workdir=/mnt/work machine /var/lib
umount -l /mnt
rm -rf /var/lib/telelaunch
mkdir -p /run/lock /run/user/0 /run/netns
# Where sessions have their directories; it stays when the last of them is gone.
mkdir /run/user/0/telelaunch
chmod 700 /run/user/0 /run/user/0/telelaunch
# The old one shows the links of the namespace that it was mounted in.
mount -t sysfs sysfs /sys

# Addresses are usable at once, and nobody else's router changes anything.
for scope in all default; do
    echo 0 >/proc/sys/net/ipv6/conf/$scope/accept_dad
    echo 0 >/proc/sys/net/ipv6/conf/$scope/accept_ra
done
ip link set lo up
ip link add uplink type veth peer name machine netns "$outside"
ip address add 203.0.113.2/24 dev uplink
ip address add fd00:7e1e::2/64 dev uplink
ip link set uplink up
nsenter --target "$outside" --net sh -eu <<'OUTSIDE'
echo 0 >/proc/sys/net/ipv6/conf/machine/accept_dad
ip link set lo up
for host in 1 3 6; do
    ip address add 203.0.113.$host/24 dev machine
    ip address add fd00:7e1e::$host/64 dev machine nodad
done
ip link set machine up
OUTSIDE
ip route add default via 203.0.113.1
ip route add default via fd00:7e1e::1

echo ready
# Not cat: what it is a child of must be this shell, which reads until its end.
while read -r _; do :; done
