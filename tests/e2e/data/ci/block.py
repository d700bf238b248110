#!/usr/bin/python3
"""block.py DOCUMENT LANGUAGE: the first block of that language in a Markdown document, as it stands there.
block.py DOCUMENT yaml PATH: of the first YAML block with such a path (jobs.ringtail.steps), the shell commands in it."""
import re
import sys

import yaml

document, language = sys.argv[1], sys.argv[2]
blocks = re.findall(rf"^```{language}\n(.*?)^```$", open(document).read(), re.S | re.M)
if len(sys.argv) == 3:
    print(blocks[0], end="")
    sys.exit()


def at(tree, path):
    for name in path.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


steps = next(found for found in (at(yaml.safe_load(block), sys.argv[3]) for block in blocks) if found)
for step in steps:
    command = step if isinstance(step, str) else step.get("run")
    if command:
        print(command.rstrip("\n"))
