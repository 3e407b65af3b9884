// Debian's SQLite 3.40 (libsqlite3-dev) as Swift sees it: its own header, and what Swift cannot import from it: variadic
// functions, the destructor constants that are casts, and composed result codes. No logic lives here.
#ifndef PYLON_CSQLITE_H
#define PYLON_CSQLITE_H

#include <sqlite3.h>

/// Extended result codes, which are macros over macros.
enum {
    CSQLITE_CONSTRAINT_UNIQUE = SQLITE_CONSTRAINT_UNIQUE,
    CSQLITE_CONSTRAINT_PRIMARYKEY = SQLITE_CONSTRAINT_PRIMARYKEY,
    CSQLITE_CONSTRAINT_NOTNULL = SQLITE_CONSTRAINT_NOTNULL,
    CSQLITE_IOERR_CORRUPTFS = SQLITE_IOERR_CORRUPTFS,
    CSQLITE_IOERR_NOMEM = SQLITE_IOERR_NOMEM,
};

/// Binds text that SQLite copies (SQLITE_TRANSIENT is a cast).
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, (const char *)bytes, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Switches an option of a connection; sqlite3_db_config is variadic.
static inline int csqlite_configure(sqlite3 *connection, int option, int isOn) {
    return sqlite3_db_config(connection, option, isOn, (int *)0);
}

/// Switches SQLite's accounting of its own memory off; sqlite3_config is variadic. Before anything else is called.
static inline int csqlite_forgo_memory_statistics(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

#endif
