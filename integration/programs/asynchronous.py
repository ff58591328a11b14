import asyncio, sys

async def main(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    await writer.drain()
    answer = await reader.read()
    sys.stdout.write(answer.split(b"\r\n\r\n", 1)[1].decode())
    writer.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
