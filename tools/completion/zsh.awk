function quoted(text) {
	gsub(/'/, "'\\''", text)
	gsub(/\[/, "\\[", text)
	gsub(/\]/, "\\]", text)
	gsub(/:/, "\\:", text)
	return text
}
BEGIN {
	FS = "\t"
	print "#compdef ringtail\n\n_ringtail() {\n\tlocal -a commands=("
}
!past && NF { printf "\t\t'%s:%s'\n", $1, quoted($2); next }
!past {
	past = 1
	print "\t\t'help:what a command does'\n\t)"
	print "\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi"
	print "\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $command in"
	print "\thelp) _describe command commands"
	next
}
function end_command() {
	if (last != "")
		print "\t\t\t" (last == "run" ? "'*::command:_normal'" : "'*:run:_files -/'")
}
{
	if ($1 != last) {
		end_command()
		printf "\t\t;;\n\t%s)\n\t\t_arguments \\\n", $1
		last = $1
	}
	action = ""
	if ($4 != "" && $4 !~ /[A-Z]/) {
		gsub(/\|/, " ", $4)
		action = ":value:(" $4 ")"
	} else if ($4 ~ /^KIND/) {
		action = ":kinds:_sequence compadd - " kinds
	} else if ($4 ~ /^(FILE|PATH|OLD|RUN)/) {
		action = ":file:_files"
	} else if ($4 != "") {
		action = ":value: "
	}
	printf "\t\t\t'%s%s%s[%s]%s' \\\n", $5 ~ /may be repeated/ ? "*" : "", $2, $3 == "=" ? "=" : "", quoted($5), action
}
END {
	end_command()
	print "\t\t;;\n\tesac\n}\n\n_ringtail \"$@\""
}
