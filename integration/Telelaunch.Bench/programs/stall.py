"""An asyncio program that measures how long its event loop stands still while connections are being made.

One command a line on standard input, one answer a line on standard output:

  dial HOST PORT COUNT    COUNT connections at once; answers the largest gap of a ticker of 1 ms until all are there, in milliseconds
"""
import asyncio, sys, time


async def tick(gaps):
    last = time.monotonic()
    while True:
        await asyncio.sleep(0.001)
        now = time.monotonic()
        gaps.append(now - last)
        last = now


async def dial(host, port, count):
    gaps = [0.0]
    ticker = asyncio.create_task(tick(gaps))
    await asyncio.sleep(0.05)
    connections = await asyncio.gather(*(asyncio.open_connection(host, port) for _ in range(count)))
    # The gap that the last connect made is told by the tick after it.
    await asyncio.sleep(0.01)
    ticker.cancel()
    for _, writer in connections:
        writer.close()
    return max(gaps) * 1000


async def main():
    loop = asyncio.get_running_loop()
    print("ok ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        _, host, port, count = line.split()
        try:
            print(f"ok {await dial(host, int(port), int(count)):.3f}", flush=True)
        except OSError as error:
            print(f"error {error}", flush=True)


asyncio.run(main())
