# Flows under observation: does what standard input says, and tells what each flow sees, a line for each event.
#   open NAME down HOST SIZE   reads SIZE bytes of the probe slowly     NAME open | NAME received | NAME complete SHA-256 | NAME ended ERRNO or EOF
#   open NAME up HOST          sends slowly, without an end             NAME open | NAME ended ERRNO
#   open NAME idle HOST        an echo, then waits                      NAME open | NAME ended ERRNO or EOF
#   hurry                      downs read as fast as they can from here on
#   connect NAME HOST PORT     a blocking connect                       NAME connected MS ms | NAME failed ERRNO MS ms
#   quit                       ends the program, whatever is open
# A hangup is survived, so that what flows see of a launcher that was killed can still be told.
import errno, hashlib, os, signal, socket, sys, threading, time

hurry = threading.Event()
writing = threading.Lock()


def tell(*words):
    with writing:
        print(*words, flush=True)


def pace():
    if not hurry.is_set():
        hurry.wait(0.02)


def down(name, host, size):
    size = int(size)
    with socket.create_connection((host, 8080)) as s:
        s.sendall(b"GET /bytes/%d HTTP/1.0\r\n\r\n" % size)
        head = b""
        while b"\r\n\r\n" not in head:
            data = s.recv(1)
            if not data:
                return tell(name, "ended EOF")
            head += data
        tell(name, "open")
        digest, count = hashlib.sha256(), 0
        while count < size:
            data = s.recv(1 << 16)
            if not data:
                return tell(name, "ended EOF")
            digest.update(data)
            if count >> 20 == 0 and count + len(data) >> 20:
                tell(name, "received 1 MiB")
            count += len(data)
            pace()
        tell(name, "complete", digest.hexdigest())


def up(name, host):
    with socket.create_connection((host, 9000)) as s:
        tell(name, "open")
        while True:
            s.sendall(bytes(1 << 16))
            pace()


def idle(name, host):
    with socket.create_connection((host, 7)) as s:
        s.sendall(b"x")
        if s.recv(1) == b"x":
            tell(name, "open")
            if not s.recv(1):
                tell(name, "ended EOF")


def connect(name, host, port):
    start = time.monotonic()
    with socket.socket() as s:
        error = s.connect_ex((host, int(port)))
        outcome = f"failed {errno.errorcode[error]}" if error else "connected"
        tell(name, outcome, f"{(time.monotonic() - start) * 1000:.0f} ms")


def run(work, name, *arguments):
    try:
        work(name, *arguments)
    except OSError as e:
        tell(name, "ended", errno.errorcode.get(e.errno, e))


def start(work, *arguments):
    threading.Thread(target=run, args=(work, *arguments), daemon=True).start()


signal.signal(signal.SIGHUP, signal.SIG_IGN)
tell("ready")
for line in sys.stdin:
    verb, *words = line.split()
    if verb == "open":
        name, kind, *rest = words
        start({"down": down, "up": up, "idle": idle}[kind], name, *rest)
    elif verb == "connect":
        start(connect, *words)
    elif verb == "hurry":
        hurry.set()
    elif verb == "quit":
        break
os._exit(0)
