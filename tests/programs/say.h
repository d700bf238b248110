/*
 * Output for test programs that does not allocate: printing must not change the numbers that a program prints about its
 * own heap.
 */
#ifndef TESTS_PROGRAMS_SAY_H
#define TESTS_PROGRAMS_SAY_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof line)
		length = sizeof line - 1;
	for (int done = 0; done < length;) {
		ssize_t n = write(STDOUT_FILENO, line + done, (size_t)(length - done));
		if (n < 0)
			_exit(99);
		done += (int)n;
	}
}

/* Ends the program at once if a condition that it needs does not hold. */
#define must(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			say("%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                              \
			_exit(98);                                                                                     \
		}                                                                                                      \
	} while (0)

#endif
