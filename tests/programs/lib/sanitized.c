/* Built with each sanitizer in turn.  Uses memory, threads, waits, a forked child and an exit handler; ends with 6. */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t semaphore;
static int sum;

static void be_once(void) { puts("once"); }

static void *work(void *argument)
{
	int *part = malloc(sizeof *part);
	*part = *(int *)argument;
	pthread_once(&once, be_once);
	pthread_mutex_lock(&mutex);
	sum += *part;
	pthread_mutex_unlock(&mutex);
	free(part);
	sem_post(&semaphore);
	return NULL;
}

static void at_the_end(void) { puts("handler"); }

int main(void)
{
	int parts[2] = {20, 22}, status;
	pthread_t threads[2];

	setvbuf(stdout, NULL, _IONBF, 0);
	atexit(at_the_end);
	sem_init(&semaphore, 0, 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, work, &parts[i]);
	for (int i = 0; i < 2; i++)
		sem_wait(&semaphore);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	pid_t child = fork();
	if (!child)
		_exit(3);
	if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 3)
		return 1;
	printf("sum %d\n", sum);
	return 6;
}
