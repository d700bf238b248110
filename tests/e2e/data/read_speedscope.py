"""Checks a file against speedscope's schema, and prints what it has by the innermost function: "value function"."""
import collections
import json
import sys

import jsonschema

schema, profile = (json.load(open(name)) for name in sys.argv[1:3])
jsonschema.validate(profile, schema)
frames = profile["shared"]["frames"]
sums = collections.Counter()
for part in profile["profiles"]:
    assert len(part["samples"]) == len(part["weights"]), "a sample without weight"
    assert part["endValue"] - part["startValue"] == sum(part["weights"]), "weights do not add up"
    for sample, weight in zip(part["samples"], part["weights"]):
        sums[frames[sample[-1]]["name"]] += weight
for name, value in sums.items():
    print(value, name)
