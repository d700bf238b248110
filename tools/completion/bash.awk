BEGIN {
	FS = "\t"
	print "# bash completion of ringtail\n"
	print "_ringtail_values() { # COMMAND OPTION"
	print "\tcase \"$1 $2\" in"
}
!past && NF { commands = commands " " $1; next }
!past { past = 1; next }
{
	names[$1] = names[$1] " " $2 ($3 == "=" ? "=" : "")
	if ($4 != "" && $4 !~ /[A-Z]/) {
		gsub(/\|/, " ", $4)
		printf "\t'%s %s') COMPREPLY=($(compgen -W '%s' -- \"$cur\")) ;;\n", $1, $2, $4
	} else if ($4 ~ /^KIND/) {
		printf "\t'%s %s') COMPREPLY=($(compgen -P \"${cur%%\"${cur##*,}\"}\" -W '%s' -- \"${cur##*,}\")) ;;\n", $1, $2, kinds
	} else if ($4 ~ /^(FILE|PATH|OLD|RUN)/) {
		printf "\t'%s %s') COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2> /dev/null ;;\n", $1, $2
	} else if ($4 != "") {
		printf "\t'%s %s') ;;\n", $1, $2
	}
}
END {
	print "\t*) return 1 ;;\n\tesac\n}\n"
	print "_ringtail_options() { # COMMAND\n\tcase $1 in"
	for (command in names)
		printf "\t%s) options='%s' ;;\n", command, substr(names[command], 2)
	print "\tesac\n}\n"
	print "_ringtail() {"
	print "\tlocal cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} options="
	print "\tCOMPREPLY=()"
	print "\tif [ \"$COMP_CWORD\" -eq 1 ]; then"
	printf "\t\tCOMPREPLY=($(compgen -W 'help%s' -- \"$cur\"))\n\t\treturn\n\tfi\n", commands
	print "\tif [ \"$command\" = help ]; then"
	printf "\t\tCOMPREPLY=($(compgen -W '%s' -- \"$cur\"))\n\t\treturn\n\tfi\n", substr(commands, 2)
	print "\t# --option=value is three words"
	print "\tif [ \"$cur\" = = ]; then cur=; elif [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi"
	print "\t_ringtail_values \"$command\" \"$before\" && return"
	print "\t_ringtail_options \"$command\""
	print "\tif [[ $cur = -* ]]; then"
	print "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))"
	print "\t\t[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null"
	print "\telif [ \"$command\" = run ]; then"
	print "\t\tCOMPREPLY=($(compgen -c -f -- \"$cur\"))"
	print "\telse"
	print "\t\tCOMPREPLY=($(compgen -d -- \"$cur\"))"
	print "\t\tcompopt -o filenames 2> /dev/null"
	print "\tfi\n}\n"
	print "complete -F _ringtail ringtail"
}
