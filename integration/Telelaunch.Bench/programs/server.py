"""A source and a sink of bytes: server.py HOST BYTES_PORT GREETING_PORT ANSWER

BYTES_PORT     COMMAND 1 | LENGTH 8 (big-endian). D: sends LENGTH bytes; U: reads LENGTH bytes, then sends one; E: sends one; GET is answered as HTTP, one after the other
GREETING_PORT  sends one byte by itself

ANSWER is the character that each of these single bytes is, so that callers know who serves them.
A connection that has asked for nothing yet costs no thread. It writes a line once both ports listen.
"""
import resource, selectors, socket, sys, threading

HOST, BYTES_PORT, GREETING_PORT, ANSWER = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
SIZE = 1 << 20
DATA = memoryview(bytes((i * 2654435761 >> 24) & 255 for i in range(SIZE)))


def serve(connection, command, length):
    try:
        if command == b"D":
            while length > 0:
                connection.sendall(DATA[:min(length, SIZE)])
                length -= SIZE
        elif command == b"U":
            buffer = memoryview(bytearray(SIZE))
            while length > 0:
                count = connection.recv_into(buffer)
                if count == 0:
                    return
                length -= count
            connection.sendall(ANSWER)
        else:
            request = b""
            while True:
                while b"\r\n\r\n" not in request:
                    more = connection.recv(SIZE)
                    if not more:
                        return
                    request += more
                request = request.partition(b"\r\n\r\n")[2]
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + ANSWER)
        # What is sent last must arrive before the end does.
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(SIZE):
            pass
    except OSError:
        pass
    finally:
        connection.close()


def begin(connection):
    selector.unregister(connection)
    try:
        request = connection.recv(9, socket.MSG_WAITALL)
        if len(request) == 9 and request[:1] == b"E":
            connection.send(ANSWER)
            selector.register(connection, selectors.EVENT_READ, begin)
        elif len(request) == 9:
            threading.Thread(target=serve, args=(connection, request[:1], int.from_bytes(request[1:], "big")), daemon=True).start()
        else:
            connection.close()
    except OSError:
        connection.close()


def accept(listener, greet):
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if greet:
        try:
            connection.send(ANSWER)
        except OSError:
            pass
    selector.register(connection, selectors.EVENT_READ, begin)


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
selector = selectors.DefaultSelector()
for port, greet in ((GREETING_PORT, True), (BYTES_PORT, False)):
    listener = socket.create_server((HOST, port), backlog=4096)
    selector.register(listener, selectors.EVENT_READ, lambda listener, greet=greet: accept(listener, greet))
print("listening", flush=True)
while True:
    for key, _ in selector.select():
        key.data(key.fileobj)
