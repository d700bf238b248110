#!/bin/sh
# Runs Criterion runners one after the other; the last line is the sum: "N passed, N failed".
# What a failed test has left running is ended by build/reaper when its runner ends, or this script.
# usage: tests/run.sh BUILD RUNNER...        (JOBS: how many tests at a time)
build=$1
shift
passed=0
failed=0

with_status() {
	grep -c "<testcase .* status=\"$2\"" "$1" 2> /dev/null
}

for runner; do
	results="$build/$runner.xml"
	rm -f "$results"
	echo "== $runner"
	RT_BUILD="$build" "$build/reaper" "$build/$runner" --xml="$results" --short-filename ${JOBS:+-j$JOBS} ${FILTER:+--filter "$FILTER"}
	status=$?
	good=$(with_status "$results" PASSED)
	bad=$(($(with_status "$results" FAILED) + $(with_status "$results" ERRORED)))
	if [ $((${good:-0} + bad)) -eq 0 ] || { [ $status -ne 0 ] && [ "$bad" -eq 0 ]; }; then
		echo "$runner: ended with status $status and no failed test"
		bad=$((bad + 1))
	fi
	passed=$((passed + ${good:-0}))
	failed=$((failed + bad))
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
