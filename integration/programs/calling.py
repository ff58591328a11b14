"""What a Pod of the cluster does with an exposed port: python3 - WHAT HOST PORT [ARGUMENT], read from standard input. One line says how it went."""
import concurrent.futures, errno, hashlib, socket, struct, sys

what, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


def connect():
    return socket.create_connection((host, port), timeout=60)


def ask(path, body=b"", method="GET"):
    connection = connect()
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    return connection


def rest(connection):
    data = bytearray()
    while block := connection.recv(1 << 16):
        data += block
    return bytes(data)


def body_of(answer):
    return answer.split(b"\r\n\r\n", 1)[1]


def failing(act):
    try:
        return act()
    except OSError as error:
        return errno.errorcode.get(error.errno, repr(error))


def get():
    return body_of(rest(ask(sys.argv[4] if len(sys.argv) > 4 else "/"))).decode().strip()


def connects():
    connect().close()
    return "connected"


def parallel():
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda _: get(), range(200)))
    return f"{len(answers)} answers, {len(set(answers))} of a kind: {answers[0]}"


def down():
    return hashlib.sha256(body_of(rest(ask(f"/bytes/{sys.argv[4]}")))).hexdigest()


def up():
    body = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(int(sys.argv[4]) // 32))
    told = body_of(rest(ask("/hash", body, "POST"))).decode()
    return "identical" if told == hashlib.sha256(body).hexdigest() else told


def websocket():
    connection = connect()
    connection.sendall(b"GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(4096)
    for text in (b"first", b"second"):
        connection.sendall(text)
        assert connection.recv(len(text), socket.MSG_WAITALL) == text
    return head.split(b"\r\n")[0].decode() + ", two messages echoed"


def events():
    connection = ask("/events")
    seen = b""
    while b"data: first\n\n" not in seen:
        seen += connection.recv(4096)
    before = b"second" not in seen
    rest(ask("/go"))
    return f"first before second: {before and b'second' in rest(connection)}"


def half_close():
    connection = connect()
    connection.sendall(b"GET /after-fin HTTP/1.1\r\n\r\n" + b"x" * 1000)
    connection.shutdown(socket.SHUT_WR)
    return rest(connection).decode().strip()


def reset():
    return failing(lambda: rest(ask("/reset")).decode() or "EOF")


def http2():
    """Prior knowledge (RFC 9113 §3.3): preface, SETTINGS, HEADERS of the static table; what comes back until END_STREAM."""
    def frame(kind, flags, stream, payload=b""):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    connection = connect()
    authority = host.encode()
    headers = bytes([0x82, 0x86, 0x84, 0x41, len(authority)]) + authority
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + frame(1, 5, 1, headers))
    kinds, body = [], b""
    while True:
        head = connection.recv(9, socket.MSG_WAITALL)
        length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        payload = connection.recv(length, socket.MSG_WAITALL) if length else b""
        kinds.append(kind)
        if kind == 4 and not flags & 1:
            connection.sendall(frame(4, 1, 0))
        if kind == 0:
            body += payload
        if kind in (0, 1) and flags & 1:
            return f"{'SETTINGS' if kinds[0] == 4 else kinds[0]} first, {body.decode().strip()}"


print(failing(globals()[what]))
