#!/usr/bin/python3
"""sarif.py SCHEMA FILE: what the schema of SARIF 2.1.0 has against the file; then its results, one line each."""
import json
import sys

import jsonschema

log = json.load(open(sys.argv[2]))
checker = jsonschema.Draft4Validator(json.load(open(sys.argv[1])), format_checker=jsonschema.FormatChecker())
errors = [f"{list(error.path)}: {error.message[:200]}" for error in checker.iter_errors(log)]
if errors:
    sys.exit("\n".join(errors))
run = log["runs"][0]
rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
for result in run["results"]:
    where = result["locations"][0]["physicalLocation"]
    assert result["ruleId"] in rules, result["ruleId"]
    assert len(result["stacks"]) == len(result["codeFlows"][0]["threadFlows"])
    print(result["ruleId"], result["level"], where["artifactLocation"]["uri"].rsplit("/", 1)[-1],
          where["region"]["startLine"], len(result["stacks"]), len(result["partialFingerprints"]["ringtailFindingId/v1"]),
          "suppressed" if result.get("suppressions") else "")
