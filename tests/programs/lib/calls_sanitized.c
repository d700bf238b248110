/* Not built with a sanitizer, and linked with a library that is (sanitized.c without its main). */
int sanitized_main(void);
int main(void) { return sanitized_main(); }
