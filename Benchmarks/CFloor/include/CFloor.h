// The floor: the least that any server can spend to push one frame to many TCP clients. What a real server costs is
// told as a multiple of this, measured in the same run on the same core.
#ifndef PYLON_CFLOOR_H
#define PYLON_CFLOOR_H

#include <stdint.h>

enum cfloor_transport {
    CFLOOR_WEBSOCKET = 0,
    CFLOOR_EVENT_STREAM = 1,
};

struct cfloor_options {
    int port;           // 0 lets the system choose; the choice is printed as "listening PORT" on standard output.
    int transport;      // enum cfloor_transport
    int payload_bytes;  // size of each snapshot's JSON, at least CFLOOR_PAYLOAD_MINIMUM
    int rate_hz;        // frames per second
    const char *path;   // of a Unix socket to serve instead of a port; NULL for none
};

enum { CFLOOR_PAYLOAD_MINIMUM = 80 };

/// Serves until a signal ends the process. Returns only when it could not start: the errno of what failed.
int cfloor_run(const struct cfloor_options *options);

#endif
