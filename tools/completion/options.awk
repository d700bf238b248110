# What one `ringtail COMMAND --help` says, as lines of COMMAND, OPTION, joiner, ARGUMENT and help, with tabs between.
# joiner: what stands between option and argument, = or a space.  ARGUMENT: "yes|no", "FILE", ..., or empty.
BEGIN { FS = "\n" }
function flush() {
	if (option != "")
		print command "\t" option "\t" joiner "\t" argument "\t" help
	option = ""
}
function begin(text,    end) {
	flush()
	end = match(text, /  /)
	help = end ? substr(text, end) : ""
	sub(/^ +/, "", help)
	text = end ? substr(text, 1, end - 1) : text
	end = match(text, /[ =]/)
	option = end ? substr(text, 1, end - 1) : text
	joiner = end ? substr(text, end, 1) : ""
	argument = end ? substr(text, end + 1) : ""
	seen[option] = 1
	choices = 0
}
/^examples:/ { exit }
/^usage:/ || /^       ringtail/ { usage = usage " " $0; next }
/^  -/ { begin(substr($0, 3)); next }
# help below a long option, and the further lines of long help
option != "" && !choices && /^                  +[^ ]/ {
	sub(/^ +/, "")
	help = help (help == "" ? "" : " ") $0
	next
}
# the values that an option takes, one a line below it
option != "" && /^      [a-z]/ {
	split(substr($0, 7), words, " ")
	if (words[1] ~ /:$/)
		next
	argument = choices++ ? argument "|" words[1] : words[1]
}
END {
	flush()
	# what stands in the line of usage alone
	while (match(usage, /--?[a-z][a-z-]*([ =][a-zA-Z|]+)?/)) {
		text = substr(usage, RSTART, RLENGTH)
		usage = substr(usage, RSTART + RLENGTH)
		name = text
		sub(/[ =].*/, "", name)
		if (!(name in seen) && text !~ /^-[^-]./) {
			begin(text)
			flush()
		}
	}
}
