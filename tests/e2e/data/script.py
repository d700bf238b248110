import json
import re


class Node:
    def __init__(self, value, next=None):
        self.value = value
        self.next = next


def chain(n):
    head = None
    for i in range(n):
        head = Node(str(i) * 3, head)
    return head


total = 0
node = chain(3000)
while node:
    total += len(node.value)
    node = node.next
words = re.findall(r"\w+", "the quick brown fox " * 200)
print(total, len(words), sorted(set(words)))
print(len(json.dumps({str(i): list(range(i)) for i in range(60)})))
