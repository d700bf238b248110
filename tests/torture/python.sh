# python.sh TEST...: python3's own tests; how many ran, and which failed.
$watch /usr/bin/python3 -m test -v --timeout=500 "$@" > tests.log 2>&1
echo "status $?"
grep -E '^Ran [0-9]+ tests' tests.log | sed 's/ in .*//'
grep -E '^(FAIL|ERROR): |^(OK|FAILED)' tests.log
