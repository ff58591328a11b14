# Opens N connections in one event loop, holds all of them open at once, then echoes over each.
import asyncio, sys

async def main(host, port, count):
    pairs = await asyncio.gather(*(asyncio.open_connection(host, port) for _ in range(count)))

    async def echo(number, reader, writer):
        text = f"flow {number}\n".encode()
        writer.write(text)
        writer.write_eof()
        return await reader.read() == text

    echoed = sum(await asyncio.gather(*(echo(n, *pair) for n, pair in enumerate(pairs))))
    print(f"{len(pairs)} open at once, {echoed} echoed")

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
