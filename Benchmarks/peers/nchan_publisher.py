"""Posts every message to nchan's publisher location, one after another over one connection.

nchan sends a message in binary frames when its content type is application/octet-stream.
"""

import http.client
import socket
import time

from frames import Frames, Schedule, arguments


def main(options):
    connection = http.client.HTTPConnection("127.0.0.1", options.port, timeout=30)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    frames = Frames(options.bytes)
    schedule = Schedule(options.hz, time.monotonic())
    while True:
        time.sleep(max(0, schedule.due - time.monotonic()))
        connection.request("POST", "/publish", frames.next(), {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (201, 202):
            raise SystemExit(f"nchan answered {answer.status}")
        schedule.advance(time.monotonic())


main(arguments())
