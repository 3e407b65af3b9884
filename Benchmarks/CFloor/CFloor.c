#include "CFloor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

// A slower schedule than this many ticks behind is given up, as the real server does.
enum { CATCH_UP_TICKS_MAXIMUM = 4, REQUEST_BYTES_MAXIMUM = 2048, EVENTS_PER_TURN = 512 };

// RFC 6455 section 1.3's sample key and answer: the load client always sends this key.
static const char websocket_reply[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char event_stream_reply[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

struct client {
    int descriptor;
    int position;       // index among the streaming clients, -1 before the handshake
    char *request;      // bytes of an unfinished request
    size_t request_length;
    char *rest;         // what a partial send left over; it goes out before the next frame
    size_t rest_length;
};

struct frame {
    char *bytes;
    size_t length;
    char *identifier;  // SSE only: 20 digits
    char *tick_binary; // WebSocket only: 8 bytes
    char *timestamp;   // 16 digits
    char *tick;        // 20 columns
};

struct server {
    const struct cfloor_options *options;
    int epoll;
    int listener;
    int timer;
    struct client **streaming;
    int streaming_count;
    int streaming_capacity;
    struct frame frame;
    uint64_t tick;
    uint64_t next_nanoseconds;
    uint64_t dropped;
};

static uint64_t now_nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// One contiguous frame: header, then tick and JSON with columns of fixed width, so that a tick only rewrites digits.
static int make_frame(struct frame *frame, const struct cfloor_options *options) {
    size_t payload = (size_t)options->payload_bytes;
    frame->bytes = malloc(payload + 128);
    if (!frame->bytes) return ENOMEM;
    char *at = frame->bytes;
    if (options->transport == CFLOOR_EVENT_STREAM) {
        size_t chunk = 4 + 20 + 7 + payload + 2;  // "id: " digits "\ndata: " payload "\n\n"
        at += sprintf(at, "%zx\r\nid: ", chunk);
        frame->identifier = at;
        memset(at, '0', 20);
        at += 20;
        at += sprintf(at, "\ndata: ");
    } else {
        size_t length = payload + 8;
        *at++ = (char)0x82;
        int width = length < 126 ? 0 : length <= 0xFFFF ? 2 : 8;
        *at++ = (char)(width == 0 ? length : width == 2 ? 126 : 127);
        for (int shift = (width - 1) * 8; shift >= 0 && width > 0; shift -= 8) *at++ = (char)(length >> shift);
        frame->tick_binary = at;
        at += 8;
    }
    char *json = at;
    at += sprintf(at, "{\"ts\":");
    frame->timestamp = at;
    at += 16;
    at += sprintf(at, ",\"tick\":");
    frame->tick = at;
    at += 20;
    at += sprintf(at, ",\"pad\":\"");
    size_t pad = payload - (size_t)(at - json) - 2;
    memset(at, 'x', pad);
    at += pad;
    *at++ = '"';
    *at++ = '}';
    if (options->transport == CFLOOR_EVENT_STREAM) {
        memcpy(at, "\n\n\r\n", 4);
        at += 4;
    }
    frame->length = (size_t)(at - frame->bytes);
    return 0;
}

static void stamp_frame(struct frame *frame, uint64_t tick) {
    char digits[32];
    snprintf(digits, sizeof digits, "%016llu", (unsigned long long)(now_nanoseconds(CLOCK_REALTIME) / 1000));
    memcpy(frame->timestamp, digits, 16);
    snprintf(digits, sizeof digits, "%-20llu", (unsigned long long)tick);
    memcpy(frame->tick, digits, 20);
    if (frame->identifier) {
        snprintf(digits, sizeof digits, "%020llu", (unsigned long long)tick);
        memcpy(frame->identifier, digits, 20);
    }
    if (frame->tick_binary)
        for (int i = 0; i < 8; i++) frame->tick_binary[i] = (char)(tick >> (56 - 8 * i));
}

static void close_client(struct server *server, struct client *client) {
    if (client->position >= 0) {
        struct client *last = server->streaming[--server->streaming_count];
        server->streaming[client->position] = last;
        last->position = client->position;
    }
    close(client->descriptor);
    free(client->request);
    free(client->rest);
    free(client);
}

// Returns false when the connection is broken.
static bool deliver(struct server *server, struct client *client) {
    if (client->rest) {
        ssize_t sent = send(client->descriptor, client->rest, client->rest_length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent > 0) {
            client->rest_length -= (size_t)sent;
            memmove(client->rest, client->rest + sent, client->rest_length);
        }
        if (client->rest_length > 0) {
            server->dropped++;
            return true;
        }
        free(client->rest);
        client->rest = NULL;
    }
    const struct frame *frame = &server->frame;
    ssize_t sent = send(client->descriptor, frame->bytes, frame->length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == (ssize_t)frame->length) return true;
    if (sent < 0) {
        if (errno != EAGAIN) return false;
        server->dropped++;
        return true;
    }
    client->rest_length = frame->length - (size_t)sent;
    client->rest = malloc(client->rest_length);
    if (!client->rest) return false;
    memcpy(client->rest, frame->bytes + sent, client->rest_length);
    return true;
}

static void publish(struct server *server) {
    stamp_frame(&server->frame, ++server->tick);
    for (int i = 0; i < server->streaming_count;) {
        struct client *client = server->streaming[i];
        if (deliver(server, client))
            i++;
        else
            close_client(server, client);
    }
}

static void run_due_ticks(struct server *server) {
    uint64_t expirations;
    if (read(server->timer, &expirations, sizeof expirations) < 0) return;
    uint64_t interval = 1000000000u / (uint64_t)server->options->rate_hz;
    for (int steps = 0; steps < CATCH_UP_TICKS_MAXIMUM; steps++) {
        if (server->next_nanoseconds > now_nanoseconds(CLOCK_MONOTONIC)) break;
        publish(server);
        server->next_nanoseconds += interval;
    }
    uint64_t now = now_nanoseconds(CLOCK_MONOTONIC);
    if (server->next_nanoseconds + interval < now) server->next_nanoseconds = now;
    struct itimerspec due = {.it_value = {.tv_sec = (time_t)(server->next_nanoseconds / 1000000000u),
                                          .tv_nsec = (long)(server->next_nanoseconds % 1000000000u)}};
    timerfd_settime(server->timer, TFD_TIMER_ABSTIME, &due, NULL);
}

static void accept_clients(struct server *server) {
    for (;;) {
        int descriptor = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) return;
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct client *client = calloc(1, sizeof *client);
        if (!client) {
            close(descriptor);
            return;
        }
        client->descriptor = descriptor;
        client->position = -1;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = client};
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, descriptor, &event);
    }
}

static bool start_streaming(struct server *server, struct client *client) {
    bool events = server->options->transport == CFLOOR_EVENT_STREAM;
    const char *reply = events ? event_stream_reply : websocket_reply;
    size_t length = events ? sizeof event_stream_reply - 1 : sizeof websocket_reply - 1;
    if (send(client->descriptor, reply, length, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)length) return false;
    if (server->streaming_count == server->streaming_capacity) {
        int capacity = server->streaming_capacity ? server->streaming_capacity * 2 : 1024;
        struct client **grown = realloc(server->streaming, (size_t)capacity * sizeof *grown);
        if (!grown) return false;
        server->streaming = grown;
        server->streaming_capacity = capacity;
    }
    free(client->request);
    client->request = NULL;
    client->position = server->streaming_count;
    server->streaming[server->streaming_count++] = client;
    return true;
}

// Returns false when the client is gone or sent no request worth answering.
static bool receive(struct server *server, struct client *client) {
    char discarded[4096];
    if (client->position >= 0) {
        ssize_t length = recv(client->descriptor, discarded, sizeof discarded, MSG_DONTWAIT);
        return length > 0 || (length < 0 && errno == EAGAIN);
    }
    if (!client->request) client->request = malloc(REQUEST_BYTES_MAXIMUM);
    if (!client->request) return false;
    size_t room = REQUEST_BYTES_MAXIMUM - client->request_length;
    ssize_t length = recv(client->descriptor, client->request + client->request_length, room, MSG_DONTWAIT);
    if (length < 0) return errno == EAGAIN;
    if (length == 0) return false;
    client->request_length += (size_t)length;
    if (memmem(client->request, client->request_length, "\r\n\r\n", 4)) return start_streaming(server, client);
    return client->request_length < REQUEST_BYTES_MAXIMUM;
}

static int start(struct server *server) {
    int failed = make_frame(&server->frame, server->options);
    if (failed) return failed;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    const char *path = server->options->path;
    server->listener = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (server->epoll < 0 || server->listener < 0 || server->timer < 0) return errno;
    int on = 1;
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server->options->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    if (path) {
        strncpy(local.sun_path, path, sizeof local.sun_path - 1);
        unlink(path);
        if (bind(server->listener, (struct sockaddr *)&local, sizeof local) < 0) return errno;
    } else if (bind(server->listener, (struct sockaddr *)&address, sizeof address) < 0) {
        return errno;
    }
    if (listen(server->listener, 4096) < 0) return errno;
    socklen_t length = sizeof address;
    if (!path && getsockname(server->listener, (struct sockaddr *)&address, &length) < 0) return errno;
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &server->listener};
    struct epoll_event ticking = {.events = EPOLLIN, .data.ptr = &server->timer};
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &listening);
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->timer, &ticking);
    server->next_nanoseconds = now_nanoseconds(CLOCK_MONOTONIC) + 1000000;
    struct itimerspec due = {.it_value = {.tv_nsec = 1000000}};
    timerfd_settime(server->timer, 0, &due, NULL);
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return 0;
}

int cfloor_run(const struct cfloor_options *options) {
    if (options->payload_bytes < CFLOOR_PAYLOAD_MINIMUM || options->rate_hz < 1) return EINVAL;
    struct server server = {.options = options};
    int failed = start(&server);
    if (failed) return failed;
    struct epoll_event events[EVENTS_PER_TURN];
    for (;;) {
        int count = epoll_wait(server.epoll, events, EVENTS_PER_TURN, -1);
        if (count < 0 && errno != EINTR) return errno;
        bool due = false;
        // Reads first: publishing may free clients whose events are still in the list.
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &server.timer) {
                due = true;
            } else if (events[i].data.ptr == &server.listener) {
                accept_clients(&server);
            } else if (!receive(&server, events[i].data.ptr)) {
                close_client(&server, events[i].data.ptr);
            }
        }
        if (due) run_due_ticks(&server);
    }
}
