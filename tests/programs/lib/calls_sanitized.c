/* A program without a sanitizer that is linked with a library with one (sanitized.c without its main). */
int sanitized_main(void);
int main(void) { return sanitized_main(); }
