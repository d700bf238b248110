/* Values as JSON, for every output format that contains JSON. */
#ifndef RINGTAIL_REPORT_JSON_VALUE_H
#define RINGTAIL_REPORT_JSON_VALUE_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

/* A JSON string; null for NULL.  Bytes that are not UTF-8 are replaced. */
json_t *json_text(const char *text);
/* Prints json_text(text). */
void json_print_text(FILE *out, const char *text);
json_t *json_column(sqlite3_stmt *row, int column);
/* "0x7f12..." */
json_t *json_address(int64_t address);
/* An object with every column under its name. */
json_t *json_row(sqlite3_stmt *row);

#endif
