"""Reads folded stacks as flamegraph.pl does, and prints what they have by the innermost function: "value function"."""
import collections
import re
import sys

sums = collections.Counter()
for line in open(sys.argv[1]):
    stack, value = re.fullmatch(r"(.*)\s+?(\d+(?:\.\d*)?)\s*", line).groups()
    assert all(stack.split(";")), "an empty name: " + line
    sums[stack.split(";")[-1]] += int(value)
for name, value in sums.items():
    print(value, name)
