"""A server of the tests of exposed ports: serving.py PORT. It says "listening PORT" and answers by the request's path.

/             a greeting            /bytes/N      N bytes that both sides can compute      /hash    the SHA-256 of the request's body
/websocket    101, then an echo     /events       one event, and the next when the client has answered on /go
/after-fin    reads to FIN, then says how much it was        /reset    reads the request and resets
"""
import asyncio, hashlib, itertools, socket, struct, sys

go = asyncio.Event()


def stream(size):
    """SHA-256 in counter mode."""
    for i in itertools.count():
        if size <= 0:
            return
        block = b"".join(hashlib.sha256(b"%d" % (i * 2048 + j)).digest() for j in range(2048))
        yield block[:size]
        size -= len(block)


async def serve(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split()[1]
    length = next((int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)

    def begin(status="200 OK", *more):
        writer.write("\r\n".join([f"HTTP/1.1 {status}", *more, "Connection: close" if "101" not in status else "Connection: Upgrade", "", ""]).encode())

    if path == "/":
        begin()
        writer.write(b"hello from the laptop\n")
    elif path.startswith("/bytes/"):
        begin()
        for block in stream(int(path[7:])):
            writer.write(block)
            await writer.drain()
    elif path == "/hash":
        digest = hashlib.sha256()
        while length:
            data = await reader.read(min(length, 1 << 16))
            digest.update(data)
            length -= len(data)
        begin()
        writer.write(digest.hexdigest().encode())
    elif path == "/websocket":
        begin("101 Switching Protocols", "Upgrade: websocket")
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    elif path == "/events":
        begin("200 OK", "Content-Type: text/event-stream")
        writer.write(b"data: first\n\n")
        await go.wait()
        writer.write(b"data: second\n\n")
    elif path == "/go":
        go.set()
        begin()
    elif path == "/after-fin":
        count = len(await reader.read())
        writer.write(b"%d bytes before FIN\n" % count)
    elif path == "/reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=512)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
