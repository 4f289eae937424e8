# The completion of zsh, out of words.awk's arrays.
function quoted(t) {
	gsub(/'/, "'\\''", t)
	return t
}
# in the [text] of a specification
function inside(t) {
	gsub(/[][\\:]/, "\\\\&", t)
	return quoted(t)
}
function value(o,    v) {
	if (arg[o] == "")
		return ""
	v = values(arg[o])
	if (v != "")
		v = "(" v ")"
	else if (is_path(arg[o]))
		v = is_folder(arg[o]) ? "_files -/" : "_files"
	else
		v = " "
	return (optional[o] != "" ? "::" : ":") inside(arg[o] ~ /[|]/ ? name[o] : arg[o]) ":" v
}
function spec(o,    names, equals) {
	equals = arg[o] == "" ? "" : optional[o] != "" ? "=-" : "="
	if (name[o] == "")
		return sprintf("'-%s[%s]%s'", letter[o], inside(text[o]), value(o))
	if (letter[o] == "")
		return sprintf("'--%s%s[%s]%s'", name[o], equals, inside(text[o]), value(o))
	names = sprintf("{-%s%s,--%s%s}", letter[o], arg[o] == "" ? "" : optional[o] != "" ? "-" : "+", name[o], equals)
	return sprintf("'(-%s --%s)'%s'[%s]%s'", letter[o], name[o], names, inside(text[o]), value(o))
}
END {
	print "#compdef rezone"
	print "# zsh completion of rezone, made by scripts/pages/make"
	print "_rezone() {\n\tlocal -a commands=("
	for (i = 1; i <= n; i++)
		printf "\t\t'%s:%s'\n", command[i], quoted(what[i])
	print "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe -t commands 'rezone command' commands\n\t\treturn\n\tfi"
	print "\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $command in"
	for (i = 1; i <= n; i++) {
		printf "\t%s)\n", command[i]
		if (command[i] == "help")
			print "\t\t_describe -t commands 'rezone command' commands"
		else {
			printf "\t\t_arguments -s"
			for (o = 1; o <= options; o++)
				if (of[o] == command[i])
					printf " \\\n\t\t\t%s", spec(o)
			print ""
		}
		print "\t\t;;"
	}
	print "\tesac\n}\n_rezone \"$@\""
}
