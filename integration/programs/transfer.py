# Talks to port 9004 of the probe, whose first line says what it does with the connection. Both sides can compute every byte of a stream, so
# each compares all that it receives: nothing that is lost, changed, doubled or out of its place stays unseen.
#   transfer.py HOST down MIB | up MIB      one way, to the end
#   transfer.py HOST stalled MIB            some connections stand still, in both directions, while others go on
#   transfer.py HOST app-resets             what the far end sees of our reset
#   transfer.py HOST far-end-resets         what we see of its reset in the middle of data
import errno, random, select, socket, struct, sys, threading

BLOCK = 1 << 20
HOST = sys.argv[1]


class Stream:
    """1 MiB of random numbers, again and again, each time with its number in front."""

    def __init__(self):
        self.block = bytearray(random.Random(1).randbytes(BLOCK))
        self.number = 0

    def next(self):
        struct.pack_into(">Q", self.block, 0, self.number)
        self.number += 1
        return self.block


def ask(what):
    connection = socket.create_connection((HOST, 9004))
    connection.sendall(what.encode() + b"\n")
    return connection


def line(connection):
    text = bytearray()
    while not text.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            raise EOFError(bytes(text))
        text += byte
    return text.decode().strip()


def send(connection, mib):
    stream = Stream()
    for _ in range(mib):
        connection.sendall(stream.next())
    connection.shutdown(socket.SHUT_WR)


def receive(connection):
    """Compares to the end, and says how it ended."""
    stream, got, count = Stream(), bytearray(BLOCK), 0
    while True:
        expected = stream.next()
        view, filled = memoryview(got), 0
        try:
            while filled < BLOCK and (n := connection.recv_into(view[filled:])):
                filled += n
            end = "end"
        except OSError as e:
            end = errno.errorcode[e.errno]
        # Whole blocks are compared without a copy; what came before a reset counts too.
        if got != expected if filled == BLOCK else got[:filled] != expected[:filled]:
            return f"differs in the block at byte {count}"
        count += filled
        if filled < BLOCK:
            return f"identical {count} {end}"


def down(mib):
    connection = ask(f"send {mib}")
    return receive(connection)


def up(mib):
    connection = ask("check")
    send(connection, mib)
    return line(connection)


def stalled(mib):
    """Two connections whose readers don't read: ours of the one, the far end's of the other. Far more is sent than all buffers hold."""
    unread = ask(f"send {mib}")
    held = ask("hold")
    ticket = line(held)
    writing = threading.Thread(target=send, args=(held, mib))
    writing.start()
    select.select([unread], [], [])
    print("others:", down(64), "and", up(64), flush=True)
    assert writing.is_alive()
    # Whoever started us looks at the processes now.
    sys.stdin.readline()
    released = ask(f"release {ticket}")
    assert line(released) == "released"
    print("resumed:", receive(unread), "and", line(held), flush=True)
    writing.join()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def app_resets():
    def told(what, before):
        connection = ask(what)
        ticket = line(connection)
        before(connection)
        reset(connection)
        return line(ask(f"end {ticket}"))

    print("idle:", told("watch", lambda connection: None))
    print("while we send:", told("watch", lambda connection: connection.sendall(bytes(16 * BLOCK))))
    print("while it sends:", told("flood", lambda connection: connection.recv(BLOCK)))


def far_end_resets():
    answer = receive(ask("reset 8")).split()
    print(answer[0], "some" if 0 < int(answer[1]) <= 8 * BLOCK else answer[1], answer[2])


if sys.argv[2] == "stalled":
    stalled(int(sys.argv[3]))
elif sys.argv[2] in ("down", "up"):
    print({"down": down, "up": up}[sys.argv[2]](int(sys.argv[3])))
else:
    {"app-resets": app_resets, "far-end-resets": far_end_resets}[sys.argv[2]]()
