#!/bin/sh
# completion.sh RINGTAIL bash|zsh|fish: what that shell needs to complete ringtail's arguments, made from what
# `ringtail help` and each command's --help say.
set -eu
tool=$1
shell=$2
here=$(dirname "$0")
kinds=$(sed -n 's/^KIND([A-Z_]*, "\([a-z-]*\)".*/\1/p' "$here/../finding/kinds.def" | tr '\n' ' ')default

commands() { "$tool" help | sed -n 's/^  \([a-z]*\)  *\(.*\)/\1	\2/p'; }
options() {
	commands | while IFS='	' read -r command _; do
		"$tool" "$command" --help | awk -v command="$command" -f "$here/options.awk"
	done
}

{ commands; echo; options; } | awk -v kinds="$kinds" -f "$here/$shell.awk"
