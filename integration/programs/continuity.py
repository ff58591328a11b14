"""Looks an external host up and connects to it, again and again, until a line comes on standard input; then tells each failure and how often it was done.

Three kinds of programs at once: one that starts anew each time and has the C library look up (getaddrinfo), one that runs on and has the C library look up, and one that
runs on with a socket and a resolver of its own, which asks the name server that the file names, once, with the C library's patience (5 s, two attempts).
  continuity.py HOST ADDRESS
"""
import collections, os, random, socket, struct, sys, threading, time

host, expected = sys.argv[1], sys.argv[2]
end = threading.Event()
done = collections.Counter()
lost = collections.defaultdict(list)
longest = collections.Counter()


def connect(address):
    with socket.create_connection((address, 80), 20) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host.encode())
        answer = b""
        while part := s.recv(65536):
            answer += part
    if b"outside the cluster" not in answer:
        raise OSError("another page")


def look_up():
    address = socket.getaddrinfo(host, 80, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
    if address != expected:
        raise OSError("another address: " + address)
    return address


def anew():
    child = os.fork()
    if child == 0:
        try:
            # A fresh state of the C library's resolver: as in a program that has just been started.
            os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
            os.execvp("getent", ["getent", "ahostsv4", host])
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if status:
        raise OSError("getent ended with %d" % os.waitstatus_to_exitcode(status))


def own():
    """RFC 1035 §4.1: ID, flags (RD), one question, A, IN."""
    number = random.randrange(65536)
    query = struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(l)]) + l.encode() for l in host.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    for line in open("/etc/resolv.conf"):
        if line.startswith("nameserver "):
            server = line.split()[1]
            break
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect((server, 53))
        for attempt in (1, 2):
            s.send(query)
            try:
                answer = s.recv(4096)
            except TimeoutError:
                if attempt == 2:
                    raise
                continue
            if struct.unpack(">H", answer[:2])[0] != number or answer[-4:] != socket.inet_aton(expected):
                raise OSError("another answer: " + answer.hex())
            return


def loop(kind, work):
    while not end.is_set():
        start = time.monotonic()
        try:
            work()
        except OSError as error:
            lost[kind].append("%s after %.1f s" % (error, time.monotonic() - start))
        longest[kind] = max(longest[kind], time.monotonic() - start)
        done[kind] += 1
        # Leaves the processor to others as well.
        end.wait(0.002)


kinds = {
    "getaddrinfo in a new process": anew,
    "getaddrinfo and connect": lambda: connect(look_up()),
    "a resolver of its own": own,
}
for name, work in kinds.items():
    work()
sys.stdout.reconfigure(line_buffering=True)
threads = [threading.Thread(target=loop, args=item) for item in kinds.items()]
for thread in threads:
    thread.start()
print("ready")
sys.stdin.readline()
end.set()
for thread in threads:
    thread.join()
for name in kinds:
    print("%-30s %6d done, %d lost, longest %.1f s" % (name, done[name], len(lost[name]), longest[name]))
    for failure in lost[name][:5]:
        print("  " + failure)
