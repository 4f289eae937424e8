# `make help`: the lines `## GROUP | TARGET: TEXT` of the Makefile, by group, each group as it first appears in `order`.
BEGIN {
	FS = " [|] "
	n = split("Build,Test without root,Test with root,Everything,Source,Long forms,Figures", order, ",")
	print "make TARGET"
}
/^## .* [|] / {
	group = substr($1, 4)
	target = $2
	sub(/: .*/, "", target)
	text = substr($2, length(target) + 3)
	line[group] = line[group] sprintf("  %-28s %s\n", target, text)
}
END {
	for (i = 1; i <= n; i++) {
		printf "\n%s\n%s", order[i], line[order[i]]
		delete line[order[i]]
	}
	for (group in line) {
		print "scripts/help.awk: no group \"" group "\"" > "/dev/stderr"
		bad = 1
	}
	exit bad
}
