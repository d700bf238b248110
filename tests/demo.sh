#!/bin/sh
# The main job, shown: runs commands under ringtail and prints what was found.
# usage: tests/demo.sh BUILD [COMMAND]        COMMAND: a shell command of yours instead of ours
set -e
build=$1
command=$2

# The words as a shell wants them, so that what is shown can be pasted.
quoted() {
	for word; do
		case $word in
		'' | *[!a-zA-Z0-9_./:=@%+,-]*) printf " '%s'" "$(printf %s "$word" | sed "s/'/'\\\\''/g")" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
}

# watch NAME COMMAND...
watch() {
	run=$build/demo/$1
	shift
	rm -rf "$run"
	mkdir -p "$build/demo"
	echo
	echo "\$ ringtail run -o $run --$(quoted "$@")"
	status=0
	"$build/ringtail" run -o "$run" -- "$@" || status=$?
	[ $status -eq 0 ] || echo "(it ended with status $status)"
	echo
	echo "\$ ringtail report $run"
	"$build/ringtail" report "$run"
}

if [ -n "$command" ]; then
	eval "watch command $command"
else
	watch shop "$build/programs/demo"
	watch sqlite3 sqlite3 :memory: "create table t(a); insert into t values (1), (2), (3); select count(*), sum(a) from t"
fi
