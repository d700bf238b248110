function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/'/, "\\'", text)
	return "'" text "'"
}
BEGIN {
	FS = "\t"
	print "# fish completion of ringtail\n"
	print "complete -c ringtail -n __fish_use_subcommand -f -a help -d 'what a command does'"
}
!past && NF {
	printf "complete -c ringtail -n __fish_use_subcommand -f -a %s -d %s\n", $1, quoted($2)
	commands = commands " " $1
	if ($1 != "run")
		printf "complete -c ringtail -n '__fish_seen_subcommand_from %s' -f -a '(__fish_complete_directories)'\n", $1
	next
}
!past {
	past = 1
	printf "complete -c ringtail -n '__fish_seen_subcommand_from help' -f -a %s\n", quoted(substr(commands, 2))
	print "complete -c ringtail -n '__fish_seen_subcommand_from run' -a '(__fish_complete_subcommand)'"
	next
}
{
	flag = substr($2, 1, 2) == "--" ? "-l " substr($2, 3) : "-s " substr($2, 2)
	value = ""
	if ($4 != "" && $4 !~ /[A-Z]/) {
		gsub(/\|/, " ", $4)
		value = " -x -a " quoted($4)
	} else if ($4 ~ /^KIND/) {
		value = " -x -a " quoted("(__fish_append , " kinds ")")
	} else if ($4 ~ /^(FILE|PATH|OLD|RUN)/) {
		value = " -r -F"
	} else if ($4 != "") {
		value = " -x"
	}
	printf "complete -c ringtail -n '__fish_seen_subcommand_from %s' %s%s -d %s\n", $1, flag, value, quoted($5)
}
