# The completion of fish, out of words.awk's arrays.
function quoted(t) {
	gsub(/[\\']/, "\\\\&", t)
	return "'" t "'"
}
END {
	print "# fish completion of rezone, made by scripts/pages/make"
	print "complete -c rezone -f"
	for (i = 1; i <= n; i++)
		printf "complete -c rezone -n __fish_use_subcommand -a %s -d %s\n", command[i], quoted(what[i])
	for (i = 1; i <= n; i++)
		printf "complete -c rezone -n '__fish_seen_subcommand_from help' -a %s -d %s\n", command[i], quoted(what[i])
	for (o = 1; o <= options; o++) {
		printf "complete -c rezone -n '__fish_seen_subcommand_from %s; and not __fish_seen_subcommand_from help'", of[o]
		if (letter[o] != "")
			printf " -s %s", quoted(letter[o])
		if (name[o] != "")
			printf " -l %s", name[o]
		if (arg[o] != "" && optional[o] == "")
			printf is_path(arg[o]) ? " -r -F" : " -x"
		if (values(arg[o]) != "")
			printf " -a %s", quoted(values(arg[o]))
		printf " -d %s\n", quoted(text[o])
	}
}
