"""uWebSockets, as PyPI's `socketify` ships it: clients subscribe to a topic, and each message is published to it.

The library's own libuv loop runs here alone, in C: socketify's run() would mix it with asyncio's loop by polling both.
Python is entered once for each tick and each new client.
"""

import math
import time

from socketify import App, CompressOptions, OpCode

from frames import Frames, Schedule, arguments


class Publisher:
    def __init__(self, app, options):
        self.app = app
        self.frames = Frames(options.bytes)
        self.schedule = Schedule(options.hz, time.monotonic())
        self.timer = None
        self.arm()

    def arm(self):
        # One timer for each tick: libuv counts a repeating one from the end of the sending, so it would lose ticks. A
        # timer must outlive its callback, hence the second reference.
        wait = max(0, self.schedule.due - time.monotonic())
        self.expired = self.timer
        self.timer = self.app.loop.uv_loop.create_timer(math.ceil(wait * 1000), 0, self.publish, None)

    def publish(self, _):
        self.app.publish("all", self.frames.next(), OpCode.BINARY)
        self.schedule.advance(time.monotonic())
        self.arm()


def main(options):
    app = App()
    app.ws(
        "/*",
        {
            "compression": CompressOptions.DISABLED,
            "max_backpressure": 16 * 1024 * 1024,
            "idle_timeout": 120,
            "open": lambda client: client.subscribe("all"),
        },
    )
    app.listen({"port": options.port, "host": "127.0.0.1"}, lambda config: None)
    publisher = Publisher(app, options)
    app.loop.uv_loop.run()
    # Reached never; it keeps the publisher alive until the loop is over.
    del publisher


main(arguments())
