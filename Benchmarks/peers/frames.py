"""What every peer sends and when: the message of the shard kind `fanout`, on a schedule with absolute deadlines."""

import argparse
import struct
import time

# A schedule further behind than this is given up, as the floor and the server do.
CATCH_UP_TICKS_MAXIMUM = 4


def arguments():
    """The flags that all peers understand: --port, --hz, --bytes (of JSON)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--hz", type=int, required=True)
    parser.add_argument("--bytes", type=int, required=True)
    return parser.parse_args()


class Frames:
    """Makes the messages: the tick as eight bytes, big-endian, then JSON of a fixed size."""

    def __init__(self, size):
        self.size = size
        self.tick = 0

    def next(self):
        self.tick += 1
        head = b'{"ts":%016d,"tick":%d,"pad":"' % (time.time_ns() // 1000, self.tick)
        return struct.pack(">Q", self.tick) + head + b"x" * (self.size - len(head) - 2) + b'"}'


class Schedule:
    """Says when the next tick is due, in seconds of a monotonic clock."""

    def __init__(self, hz, now):
        self.interval = 1 / hz
        self.due = now + self.interval

    def advance(self, now):
        self.due += self.interval
        behind = int((now - self.due) / self.interval)
        if behind >= CATCH_UP_TICKS_MAXIMUM:
            self.due += behind * self.interval
