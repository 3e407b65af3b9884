"""Python `websockets`: every message goes to all clients with the library's own broadcast()."""

import asyncio

from websockets.asyncio.server import broadcast, serve

from frames import Frames, Schedule, arguments


async def main(options):
    clients = set()

    async def accept(client):
        clients.add(client)
        try:
            await client.wait_closed()
        finally:
            clients.discard(client)

    async with serve(accept, "127.0.0.1", options.port, compression=None, backlog=4096):
        loop = asyncio.get_running_loop()
        frames = Frames(options.bytes)
        schedule = Schedule(options.hz, loop.time())
        while True:
            await asyncio.sleep(max(0, schedule.due - loop.time()))
            broadcast(clients, frames.next())
            schedule.advance(loop.time())


asyncio.run(main(arguments()))
