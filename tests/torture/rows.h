/*
 * How a table of rows becomes tests of the suite SUITE, each run of a script ROW_SECONDS long at most:
 *
 *   ROW(name, "expected, in words", least, "said", "script")       both modes
 *   ROW_RUN, ROW_PRELOAD                                                    one of them
 *
 * struct row (row.h) says what the columns mean.
 */
#define ROW_NAME_(suite, test, ...) Test(suite, test, .timeout = 3 * ROW_SECONDS) __VA_ARGS__
#define ROW_NAME(...)               ROW_NAME_(__VA_ARGS__)

#define ROW_MODE(mode, suffix, id, text, count, line, lines)                                                           \
	ROW_NAME(SUITE, id##suffix, {                                                                                  \
		static const struct row row = {.name = #id,                                                            \
		                               .expected = text,                                                       \
		                               .script = lines,                                                        \
		                               .least = count,                                                         \
		                               .said = line,                                                           \
		                               .timeout = ROW_SECONDS};                                                \
		row_hold(mode, &row);                                                                                  \
	})
#define ROW_RUN(...)     ROW_MODE(MODE_RUN, _run, __VA_ARGS__)
#define ROW_PRELOAD(...) ROW_MODE(MODE_PRELOAD, _preload, __VA_ARGS__)
#define ROW(...)         ROW_RUN(__VA_ARGS__) ROW_PRELOAD(__VA_ARGS__)
