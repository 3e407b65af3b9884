#include "CSQLiteFloor.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now_nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int fail(struct csqlitefloor_result *result, sqlite3 *db, int code, const char *what) {
    snprintf(result->message, sizeof result->message, "%s: %s", what, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
    return code == SQLITE_OK ? SQLITE_ERROR : code;
}

// The server's choices (Sources/Storage/SQLiteConnection.swift and DatabaseSettings.swift).
static const char *const common_pragmas = "PRAGMA cell_size_check = 1; PRAGMA mmap_size = 0;";
static const char *const writer_pragmas =
    "PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = 0; PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 67108864;";
static const char *const reader_pragmas = "PRAGMA cache_size = -16384;";

static int open_database(const char *path, bool writes, sqlite3 **db) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int access = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int code = sqlite3_open_v2(path, db, access | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) code = sqlite3_exec(*db, common_pragmas, NULL, NULL, NULL);
    if (code == SQLITE_OK) code = sqlite3_exec(*db, writes ? writer_pragmas : reader_pragmas, NULL, NULL, NULL);
    return code;
}

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement) {
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

// MARK: Inserts

// Makes the tables and indexes that the server made for the same rows.
static int copy_schema(sqlite3 *db, const char *from) {
    sqlite3 *source = NULL;
    sqlite3_stmt *list = NULL;
    int code = open_database(from, false, &source);
    if (code == SQLITE_OK)
        code = prepare(source,
                       "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name IN ('Entry', '_pylon_changes')"
                       " ORDER BY type DESC", &list);
    while (code == SQLITE_OK && sqlite3_step(list) == SQLITE_ROW)
        code = sqlite3_exec(db, (const char *)sqlite3_column_text(list, 0), NULL, NULL, NULL);
    sqlite3_finalize(list);
    sqlite3_close(source);
    return code;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text, int length) {
    sqlite3_bind_text(statement, index, text, length, SQLITE_STATIC);
}

// One row; its values are of the sizes that the load client sends.
static int insert_row(sqlite3_stmt *row, sqlite3_stmt *log, uint64_t number) {
    static const char body[] =
        "The quick brown fox jumps over the lazy dog while the five boxing wizards keep watch at the gate of dawn.";
    char id[41], title[32], created[32];
    snprintf(id, sizeof id, "%032llx%08llx", (unsigned long long)now_nanoseconds(CLOCK_REALTIME),
             (unsigned long long)(number & 0xFFFFFFFF));
    int title_length = snprintf(title, sizeof title, "Entry number %07llu", (unsigned long long)(number % 10000000));
    int created_length = snprintf(created, sizeof created, "2026-05-%02lluT10:%02llu:00Z",
                                  (unsigned long long)(1 + number % 28), (unsigned long long)(number % 60));
    bind_text(row, 1, body, sizeof body - 1);
    bind_text(row, 2, created, created_length);
    sqlite3_bind_int64(row, 3, (sqlite3_int64)(number & 1));
    bind_text(row, 4, id, 40);
    bind_text(row, 5, "guest_0123456789abcdef", 22);
    sqlite3_bind_double(row, 6, (double)(number % 1000) * 0.25);
    sqlite3_bind_int64(row, 7, (sqlite3_int64)(number % 5000));
    bind_text(row, 8, title, title_length);
    int code = sqlite3_step(row);
    sqlite3_reset(row);
    if (code != SQLITE_DONE || !log) return code;
    bind_text(log, 1, "Entry", 5);
    bind_text(log, 2, id, 40);
    sqlite3_bind_int64(log, 3, 1);
    sqlite3_bind_int64(log, 4, (sqlite3_int64)(now_nanoseconds(CLOCK_REALTIME) / 1000));
    code = sqlite3_step(log);
    sqlite3_reset(log);
    return code;
}

static int step_once(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code;
}

int csqlitefloor_insert(const struct csqlitefloor_inserts *options, struct csqlitefloor_result *result) {
    memset(result, 0, sizeof *result);
    sqlite3 *db = NULL;
    sqlite3_stmt *begin = NULL, *commit = NULL, *row = NULL, *log = NULL;
    int code = open_database(options->path, true, &db);
    if (code == SQLITE_OK) code = copy_schema(db, options->schema_path);
    if (code == SQLITE_OK) code = prepare(db, "BEGIN IMMEDIATE", &begin);
    if (code == SQLITE_OK) code = prepare(db, "COMMIT", &commit);
    if (code == SQLITE_OK)
        code = prepare(db,
                       "INSERT INTO \"Entry\" (\"body\", \"createdAt\", \"done\", \"id\", \"ownerId\", \"price\","
                       " \"quantity\", \"title\") VALUES (?, ?, ?, ?, ?, ?, ?, ?)", &row);
    if (code == SQLITE_OK && options->is_logged)
        code = prepare(db,
                       "INSERT OR REPLACE INTO _pylon_changes (entity, row_id, kind, first_seq, data, at)"
                       " VALUES (?, ?, ?, NULL, NULL, ?)", &log);
    if (code != SQLITE_OK) return fail(result, db, code, "making the floor's database");

    uint64_t start = now_nanoseconds(CLOCK_MONOTONIC), limit = (uint64_t)(options->seconds * 1e9);
    code = SQLITE_DONE;
    while (code == SQLITE_DONE && result->nanoseconds < limit) {
        code = step_once(begin);
        for (int i = 0; i < options->rows_per_commit && code == SQLITE_DONE; i++)
            code = insert_row(row, log, result->operations + (uint64_t)i);
        if (code == SQLITE_DONE) code = step_once(commit);
        result->operations += (uint64_t)options->rows_per_commit;
        result->nanoseconds = now_nanoseconds(CLOCK_MONOTONIC) - start;
    }
    if (code != SQLITE_DONE) return fail(result, db, code, "inserting");
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(row);
    sqlite3_finalize(log);
    sqlite3_close(db);
    return SQLITE_OK;
}

// MARK: Reads

struct buffer {
    char *bytes;
    size_t length;
    size_t capacity;
};

static char *reserve(struct buffer *buffer, size_t more) {
    if (buffer->capacity - buffer->length < more) {
        while (buffer->capacity - buffer->length < more) buffer->capacity *= 2;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes) abort();
    }
    return buffer->bytes + buffer->length;
}

static void append(struct buffer *buffer, const char *bytes, size_t length) {
    memcpy(reserve(buffer, length), bytes, length);
    buffer->length += length;
}

// In quotes, with what JSON does not allow in a string escaped.
static void append_string(struct buffer *buffer, const unsigned char *bytes, size_t length) {
    char *out = reserve(buffer, length * 6 + 2), *start = out;
    *out++ = '"';
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = bytes[i];
        if (byte == '"' || byte == '\\') {
            *out++ = '\\';
            *out++ = (char)byte;
        } else if (byte < 0x20) {
            out += sprintf(out, "\\u%04x", byte);
        } else {
            *out++ = (char)byte;
        }
    }
    *out++ = '"';
    buffer->length += (size_t)(out - start);
}

static void append_integer(struct buffer *buffer, sqlite3_int64 value) {
    char digits[24];
    int at = sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do digits[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0) digits[--at] = '-';
    append(buffer, digits + at, sizeof digits - (size_t)at);
}

// Quarters, as all prices of the benchmark are, without the cost of printf.
static void append_number(struct buffer *buffer, double value) {
    static const char *const quarters[] = {"", ".25", ".5", ".75"};
    sqlite3_int64 scaled = value >= 0 && value < 1e15 ? (sqlite3_int64)(value * 4) : -1;
    if ((double)scaled == value * 4) {
        append_integer(buffer, scaled / 4);
        append(buffer, quarters[scaled % 4], strlen(quarters[scaled % 4]));
    } else {
        char *out = reserve(buffer, 32);
        buffer->length += (size_t)snprintf(out, 32, "%.17g", value);
    }
}

static void append_column(struct buffer *buffer, sqlite3_stmt *statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: append_integer(buffer, sqlite3_column_int64(statement, column)); break;
    case SQLITE_FLOAT: append_number(buffer, sqlite3_column_double(statement, column)); break;
    case SQLITE_TEXT: {
        const unsigned char *text = sqlite3_column_text(statement, column);
        append_string(buffer, text, (size_t)sqlite3_column_bytes(statement, column));
        break;
    }
    default: append(buffer, "null", 4);
    }
}

// The keys of a statement's columns as they stand before their values, made once: `{"a":`, `,"b":`.
static char **make_keys(sqlite3_stmt *statement) {
    int count = sqlite3_column_count(statement);
    char **keys = calloc((size_t)count, sizeof *keys);
    for (int i = 0; keys && i < count; i++) {
        const char *name = sqlite3_column_name(statement, i);
        size_t size = strlen(name) + 6;
        keys[i] = malloc(size);
        if (!keys[i]) return NULL;
        snprintf(keys[i], size, "%c\"%s\":", i == 0 ? '{' : ',', name);
    }
    return keys;
}

static int bind_set(sqlite3_stmt *statement, const char *const *parameters, int available) {
    int count = sqlite3_bind_parameter_count(statement);
    if (count > available) return SQLITE_RANGE;
    for (int i = 0; i < count; i++) {
        char *end = NULL;
        long long number = strtoll(parameters[i], &end, 10);
        int code = *parameters[i] != '\0' && *end == '\0' ? sqlite3_bind_int64(statement, i + 1, number)
                                                          : sqlite3_bind_text(statement, i + 1, parameters[i], -1, SQLITE_STATIC);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

static int run_read(sqlite3_stmt *statement, char **keys, struct buffer *buffer, uint64_t *rows) {
    int columns = sqlite3_column_count(statement), code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++) {
            append(buffer, keys[i], strlen(keys[i]));
            append_column(buffer, statement, i);
        }
        append(buffer, "},", 2);
        *rows += 1;
    }
    sqlite3_reset(statement);
    return code;
}

int csqlitefloor_read(const struct csqlitefloor_reads *options, struct csqlitefloor_result *result) {
    enum { STATEMENTS_MAXIMUM = 8 };
    memset(result, 0, sizeof *result);
    sqlite3 *db = NULL;
    sqlite3_stmt *statements[STATEMENTS_MAXIMUM] = {NULL};
    char **keys[STATEMENTS_MAXIMUM] = {NULL};
    if (options->statement_count > STATEMENTS_MAXIMUM) return fail(result, NULL, SQLITE_RANGE, "too many statements");
    int code = open_database(options->path, false, &db);
    for (int i = 0; i < options->statement_count && code == SQLITE_OK; i++) {
        code = prepare(db, options->statements[i], &statements[i]);
        if (code == SQLITE_OK && !(keys[i] = make_keys(statements[i]))) code = SQLITE_NOMEM;
    }
    if (code != SQLITE_OK) return fail(result, db, code, "preparing");

    struct buffer buffer = {.bytes = malloc(1 << 20), .capacity = 1 << 20};
    if (!buffer.bytes) return fail(result, NULL, SQLITE_NOMEM, "the buffer");
    uint64_t start = now_nanoseconds(CLOCK_MONOTONIC), limit = (uint64_t)(options->seconds * 1e9);
    while (result->nanoseconds < limit) {
        const char *const *set = options->parameters;
        if (options->set_count > 0)
            set += (result->operations % (uint64_t)options->set_count) * (uint64_t)options->parameters_per_set;
        buffer.length = 0;
        for (int i = 0; i < options->statement_count; i++) {
            code = bind_set(statements[i], set, options->parameters_per_set);
            if (code != SQLITE_OK) return fail(result, db, code, "binding");
            code = run_read(statements[i], keys[i], &buffer, &result->rows);
            if (code != SQLITE_DONE) return fail(result, db, code, "reading");
        }
        result->bytes += buffer.length;
        result->operations += 1;
        result->nanoseconds = now_nanoseconds(CLOCK_MONOTONIC) - start;
    }
    free(buffer.bytes);
    for (int i = 0; i < options->statement_count; i++) {
        for (int column = 0; column < sqlite3_column_count(statements[i]); column++) free(keys[i][column]);
        free(keys[i]);
        sqlite3_finalize(statements[i]);
    }
    sqlite3_close(db);
    return SQLITE_OK;
}
