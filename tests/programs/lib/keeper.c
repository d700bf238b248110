/* The library that leak_shapes opens and closes: keeps a pointer in its data, or in its thread-local storage. */
static void *volatile kept;
static _Thread_local void *volatile kept_locally;

void keep(void *block);
void keep_locally(void *block);

void keep(void *block) { kept = block; }
void keep_locally(void *block) { kept_locally = block; }
