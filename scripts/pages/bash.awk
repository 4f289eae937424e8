# The completion of bash, out of words.awk's arrays. It needs no bash-completion.
function list(c,    o, out) {
	for (o = 1; o <= options; o++)
		if (of[o] == c && name[o] != "")
			out = out " --" name[o]
	return substr(out, 2)
}
END {
	print "# bash completion of rezone, made by scripts/pages/make"
	print "_rezone() {"
	print "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words='' files=''"
	print "\t# bash cuts --sort=age into three words"
	print "\tif [ \"$cur\" = = ]; then\n\t\tcur=''\n\telif [ \"$prev\" = = ]; then\n\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi"
	print "\tCOMPREPLY=()"
	printf "\tlocal commands='"
	for (i = 1; i <= n; i++)
		printf "%s%s", (i > 1 ? " " : ""), command[i]
	print "'"
	print "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- \"$cur\")\n\t\treturn\n\tfi"
	print "\tcase $command:$prev in"
	for (o = 1; o <= options; o++) {
		if (arg[o] == "" || optional[o] != "")
			continue
		label = name[o] == "" ? "" : of[o] ":--" name[o]
		if (letter[o] != "")
			label = label (label == "" ? "" : " | ") of[o] ":-" letter[o]
		if (values(arg[o]) != "")
			act = "words='" values(arg[o]) "'"
		else
			act = "files=" (is_folder(arg[o]) ? "-d" : is_path(arg[o]) ? "-f" : "none")
		printf "\t%s) %s ;;\n", label, act
	}
	print "\thelp:help) words=$commands ;;"
	print "\t*)\n\t\tcase $command in"
	for (i = 1; i <= n; i++)
		if (list(command[i]) != "")
			printf "\t\t%s) words='%s' ;;\n", command[i], list(command[i])
	print "\t\tesac\n\t\t;;\n\tesac"
	print "\tcase $files in\n\t'') mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;"
	print "\tnone) ;;"
	print "\t*)\n\t\tcompopt -o filenames 2>/dev/null\n\t\tmapfile -t COMPREPLY < <(compgen \"$files\" -- \"$cur\")\n\t\t;;\n\tesac"
	print "}"
	print "complete -F _rezone rezone"
}
