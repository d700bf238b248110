/*
 * A list of 100 nodes of 24 bytes, each with a string of 40 bytes, is lost by forgetting its head: one
 * definite leak (the head) that takes 199 blocks along.  200 allocations, 6400 bytes, all live at the end.
 */
#include "say.h"

struct node {
	struct node *next;
	char *text;
	long number;
};

__attribute__((noinline)) static struct node *push(struct node *head, long number)
{
	struct node *node = malloc(sizeof *node);

	must(node && sizeof *node == 24);
	node->next = head;
	node->number = number;
	node->text = malloc(40);
	must(node->text);
	snprintf(node->text, 40, "node %ld", number);
	return node;
}

__attribute__((noinline)) static long build_and_forget(void)
{
	struct node *volatile head = NULL;
	long sum = 0;

	for (long i = 0; i < 100; i++)
		head = push(head, i);
	for (struct node *node = head; node; node = node->next)
		sum += node->number;
	head = NULL;
	return sum;
}

int main(void)
{
	say("sum %ld\n", build_and_forget());
	say("allocations=200 bytes=6400 peak=6400 live_blocks=200 live_bytes=6400\n");
	return 0;
}
