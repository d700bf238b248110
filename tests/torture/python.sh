# python.sh TEST...: python3's own tests; how many ran, and which failed.
for test; do
	$watch python3 -m test -v --timeout=500 "$test" > "$test.log" 2>&1
	echo "$test: status $?"
	grep -E '^Ran [0-9]+ tests' "$test.log" | sed 's/ in .*//'
	grep -E '^(FAIL|ERROR): |^(OK|FAILED)' "$test.log"
done
