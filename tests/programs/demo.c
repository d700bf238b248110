/*
 * A small program with several faults that ringtail finds: a shop that forgets its receipts (10 blocks of 128 bytes
 * leak), takes its two locks in both orders (a deadlock that does not happen in this run) and never joins its cleaner
 * (a thread leak).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t till_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t stock_lock = PTHREAD_MUTEX_INITIALIZER;
static int till, stock = 100;

static char *print_receipt(int number)
{
	char *receipt = malloc(128);

	if (receipt)
		snprintf(receipt, 128, "receipt %d, thank you", number);
	return receipt;
}

static size_t serve_customer(int number)
{
	char *receipt = print_receipt(number);

	return receipt ? strlen(receipt) : 0; /* no code frees it */
}

static void *sell(void *argument)
{
	pthread_mutex_lock(&till_lock);
	pthread_mutex_lock(&stock_lock);
	till++;
	stock--;
	pthread_mutex_unlock(&stock_lock);
	pthread_mutex_unlock(&till_lock);
	return argument;
}

static void *take_back(void *argument)
{
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	pthread_mutex_lock(&stock_lock);
	pthread_mutex_lock(&till_lock); /* the other way round than sell() */
	stock++;
	till--;
	pthread_mutex_unlock(&till_lock);
	pthread_mutex_unlock(&stock_lock);
	return argument;
}

static void *clean_up(void *argument) { return argument; }

/*
 * Two threads work and are joined; a third one is never joined.
 */
int main(void)
{
	pthread_t seller, returner, cleaner;
	size_t printed = 0;

	for (int i = 0; i < 10; i++)
		printed += serve_customer(i);
	pthread_create(&cleaner, NULL, clean_up, NULL); /* no thread joins it */
	pthread_create(&seller, NULL, sell, NULL);
	pthread_create(&returner, NULL, take_back, NULL);
	pthread_join(seller, NULL);
	pthread_join(returner, NULL);
	printf("till %d, stock %d, %zu characters printed\n", till, stock, printed);
	return 0;
}
