# Another user of this machine, who has found out the session's directory and every port that its process listens on:
#   local_stranger.py SESSION tcp/ADDRESS/PORT… udp/ADDRESS/PORT…
# Says "at work" when each has been tried, goes on until its standard input ends, and then says what it got.
import collections, os, select, socket, sys

session, *ends = sys.argv[1:]
sockets_at_once = 100
got = collections.Counter()


def tried(what, attempt):
    try:
        print(what, attempt())
    except OSError as e:
        print(what, type(e).__name__)


def unix(path):
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.connect(path)
    peer.send(b"\x01\x03\x03\x00hello")
    return len(peer.recv(512))


def take_over(family, kind, address):
    taken = socket.socket(family, kind)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    taken.bind(address)
    return "taken over"


def question(name):
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    return bytes.fromhex("123401000001000000000000") + labels + bytes.fromhex("0000010001")


tried("directory", lambda: os.listdir(session))
tried("table", lambda: open(os.path.join(session, "table"), "rb").read(8))
tried("control", lambda: unix(os.path.join(session, "control")))

poll = select.poll()
poll.register(0, select.POLLIN | select.POLLHUP)
open_sockets = {}


def open_one(end):
    protocol, host, port = end.split("/")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    one = socket.socket(family, kind)
    one.setblocking(False)
    one.connect_ex((host, int(port)))
    if kind == socket.SOCK_DGRAM:
        one.send(question("hello.default.svc.cluster.local"))
    open_sockets[one.fileno()] = one, end
    poll.register(one, select.POLLIN | (select.POLLOUT if kind == socket.SOCK_STREAM else 0))


for end in ends:
    protocol, host, port = end.split("/")
    tried("port", lambda: take_over(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM, (host, int(port))))
    for _ in range(sockets_at_once):
        open_one(end)
print("at work", flush=True)

working = True
while working:
    for fd, events in poll.poll():
        if fd == 0:
            working = False
            continue
        one, end = open_sockets[fd]
        try:
            if events & select.POLLOUT:
                one.send(b"GET / HTTP/1.0\r\nHost: hello\r\n\r\n")
                got["established"] += 1
                poll.modify(fd, select.POLLIN)
            if events & (select.POLLIN | select.POLLERR | select.POLLHUP):
                data = one.recv(4096)
                got["bytes"] += len(data)
                if data:
                    continue
                raise ConnectionResetError
        except OSError:
            # It ended: another one.
            poll.unregister(fd)
            open_sockets.pop(fd)[0].close()
            open_one(end)
print("established", got["established"], "got", got["bytes"], "bytes")
