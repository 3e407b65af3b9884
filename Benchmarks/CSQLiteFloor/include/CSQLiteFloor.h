// The floor of the data plane: SQLite called from loops in C that do nothing else. What the server makes of the same
// statements is told as a multiple of this, measured in the same run on the same core.
#ifndef PYLON_CSQLITEFLOOR_H
#define PYLON_CSQLITEFLOOR_H

#include <stdint.h>

/// What a loop did.
struct csqlitefloor_result {
    uint64_t operations;   // rows inserted, or times that all statements were run
    uint64_t rows;         // rows that the statements returned
    uint64_t bytes;        // bytes written into the buffer
    uint64_t nanoseconds;  // from the first operation to the end of the last
    char message[256];     // why it failed
};

struct csqlitefloor_inserts {
    const char *path;         // of the database to make; it must not exist
    const char *schema_path;  // of a database that the server made: its tables and indexes are copied
    int is_logged;            // whether each row also gets its entry in the change log
    int rows_per_commit;
    double seconds;
};

/// Inserts rows into the table "Entry", so many to a transaction, with the pragmas of the server's writer. Returns 0, or
/// SQLite's code with `message` set.
int csqlitefloor_insert(const struct csqlitefloor_inserts *options, struct csqlitefloor_result *result);

struct csqlitefloor_reads {
    const char *path;  // of a database that a server may have open
    const char *const *statements;
    int statement_count;
    // Sets of parameters, one after the other; sets take turns. A statement is given the first of a set, as many as it
    // has parameters. What is a whole number is bound as one, everything else as text.
    const char *const *parameters;
    int parameters_per_set;
    int set_count;
    double seconds;
};

/// Runs the statements over and over, each row they return written as a JSON object into a buffer, which every round
/// begins anew. Returns 0, or SQLite's code with `message` set.
int csqlitefloor_read(const struct csqlitefloor_reads *options, struct csqlitefloor_result *result);

#endif
