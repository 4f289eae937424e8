# The manual pages, in mdoc. Comes in: the table of scripts/pages/make; -v dir=, date=. Goes out: a page for rezone, one
# for each command, and one for the config file.
BEGIN {
	FS = "\t"
	LONG = 5 # words that stand in an option's own line
}
$1 == "command" {
	command[++n] = $2
	group[n] = $3
	what[n] = $4
	next
}
{ row[$1, ++rows[$1]] = $0 }

function put(line) { print line > file }

# A text as lines of mdoc: a sentence begins a line, no line is longer than 78 bytes, nothing is taken for a macro.
function prose(t,    w, words, i, line) {
	gsub(/\\/, "\\e", t)
	gsub(/-/, "\\-", t)
	words = split(t, w, " ")
	for (i = 1; i <= words; i++) {
		if (line != "" && length(line) + 1 + length(w[i]) > 76) {
			text_line(line)
			line = ""
		}
		line = line (line == "" ? "" : " ") w[i]
		if (w[i] ~ /[.?!]["`)]*$/ && w[i] !~ /^(e\.g\.|i\.e\.)$/) {
			text_line(line)
			line = ""
		}
	}
	if (line != "")
		text_line(line)
}
function text_line(l) {
	if (l ~ /^[.']/)
		l = "\\&" l
	put(l)
}

function begin(title, section, about) {
	file = dir "/" title "." section
	put(".\\\" SPDX-License-Identifier: Apache-2.0")
	put(".\\\" Made by scripts/pages/make from what `rezone --describe` says: change that, not this.")
	put(".Dd " date)
	put(".Dt " toupper(title) " " section)
	put(".Os")
	put(".Sh NAME")
	put(".Nm " title)
	gsub(/`/, "", about)
	sub(/[.?!]$/, "", about)
	put(".Nd " about)
}

# As a sentence; one that begins with the value that it explains ("enforce: close ...") stays as it is.
function sentence(t) {
	if (t !~ /^[^ ]*:/ && t !~ /^-/)
		t = toupper(substr(t, 1, 1)) substr(t, 2)
	return t ~ /[.?!]$/ ? t : t "."
}

# What stands for a value, for Ar: one word; many words by the name "word".
function argument(a,    w) {
	if (split(a, w, "|") > LONG)
		return "word"
	gsub(/\\/, "\\e", a)
	if (a ~ /[]).]$/)
		a = a "\\&"
	return a ~ / / ? "\"" a "\"" : a
}

# What stands for a value, as the argument of Ar; a macro's name would be taken for the macro.
function value(a, optional) {
	if (a == "")
		return ""
	a = argument(a)
	return optional != "" ? " Ns Op = Ns Ar " a : " Ns = Ns Ar " a
}

function item(f, next_row,    line, also) {
	line = ""
	if (f[4] != "")
		line = "Fl " f[4] (f[3] == "" && f[5] != "" ? " Ar " argument(f[5]) : "")
	if (f[3] != "")
		line = line (line == "" ? "" : " , ") "Fl \\-" f[3] value(f[5], f[6])
	if (split(next_row, also, "\t") && also[2] == "alias" && also[3] != "")
		line = line " , Fl \\-" also[3] value(f[5], f[6])
	put(".It " line)
}

function options(c,    i, f, open) {
	for (i = 1; i <= rows[c]; i++) {
		split(row[c, i], f, "\t")
		if (f[2] == "group") {
			if (open)
				put(".El")
			open = 0
			sub(/:$/, "", f[3])
			put(".Ss " f[3])
		}
		if (f[2] != "option")
			continue
		if (!open)
			put(".Bl -tag -width Ds")
		open = 1
		item(f, row[c, i + 1])
		prose(sentence(f[7]))
		long_words(f[5], f[7])
		setting(f)
	}
	if (open)
		put(".El")
}
# Words that are not in the option's own line stand below its text, if that does not name them.
function long_words(a, t,    w) {
	if (split(a, w, "|") <= LONG || index(t, w[1] ", " w[2]))
		return
	gsub(/[|]/, ", ", a)
	prose("One of: " a ".")
}
# the last three columns, of a setting
function setting(f) {
	if (f[8] != "")
		prose("Default: " f[8] ".")
	if (f[9] != "")
		put("Variable: " f[9] ".")
	if (f[10] != "")
		put("A change takes a restart.")
}

function of(c, kind,    i, f) {
	for (i = 1; i <= rows[c]; i++) {
		split(row[c, i], f, "\t")
		if (f[2] == kind)
			return f[3]
	}
	return ""
}

function see_also(list,    i, k) {
	put(".Sh SEE ALSO")
	k = split(list, seen, " ")
	for (i = 1; i <= k; i++)
		put(".Xr " seen[i] (seen[i] ~ /yaml$/ ? " 5" : " 8") (i < k ? " ," : ""))
}

function command_page(i,    c, after, status) {
	c = command[i]
	begin("rezone-" c, 8, what[i])
	put(".Sh SYNOPSIS")
	put(".Nm rezone")
	put(".Cm " c)
	put(".Op Ar option ...")
	if (of(c, "argument") != "")
		put(".Ar " argument(of(c, "argument")))
	put(".Sh DESCRIPTION")
	prose(of(c, "doc"))
	after = of(c, "after")
	status = after
	if (sub(/.*Exit status: /, "", status))
		sub(/ *Exit status: .*/, "", after)
	else
		status = ""
	if (after != "") {
		put(".Pp")
		prose(after)
	}
	if (has_options(c)) {
		put(".Pp")
		put("The options are as follows:")
		options(c)
	}
	if (status != "") {
		put(".Sh EXIT STATUS")
		prose(status)
	}
	see_also(c == "run" ? "rezone.yaml rezone rezone-check" : "rezone rezone-run")
}
function has_options(c) { return of(c, "option") != "" }

function main_page(    i) {
	begin("rezone", 8, "move Kafka connections home to their availability zone")
	put(".Sh SYNOPSIS")
	put(".Nm")
	put(".Op Ar command Op Ar option ...")
	put(".Sh DESCRIPTION")
	prose("rezone watches the Kafka connections of this node's agents, by programs in the kernel (BPF), and closes those that cross availability zones while an agent in the client's own zone is ready. The client's library then connects to that agent. Without a command rezone shows its status on this node.")
	put(".Pp")
	put("The commands are as follows:")
	for (i = 1; i <= n; i++) {
		if (group[i] != group[i - 1]) {
			if (i > 1)
				put(".El")
			put(".Ss " group[i])
			put(".Bl -tag -width Ds")
		}
		put(".It Cm " command[i])
		prose(sentence(what[i]))
		put("See")
		put(".Xr rezone-" command[i] " 8 .")
	}
	put(".El")
	put(".Sh FILES")
	put(".Bl -tag -width Ds")
	put(".It Pa /etc/rezone/rezone.yaml")
	put("The settings of the service.")
	put("See")
	put(".Xr rezone.yaml 5 .")
	put(".It Pa /sys/fs/bpf/rezone")
	put("Programs and maps, as long as rezone runs; with keep\\-pins also afterwards.")
	put("Without a daemon the programs close nothing.")
	put(".El")
	put(".Sh EXIT STATUS")
	prose("0 done, 1 could not, 2 used wrongly; status and check have more.")
	put(".Sh SEE ALSO")
	put(".Xr rezone.yaml 5 ,")
	for (i = 1; i <= n; i++)
		put(".Xr " sorted[i] " 8" (i < n ? " ," : ""))
}

function file_page(    i, f, c, open) {
	c = "run"
	begin("rezone.yaml", 5, "settings of rezone")
	put(".Sh DESCRIPTION")
	prose("The file that `rezone run --config` names is a YAML mapping. A key is a setting, and is left out for its default. A setting that is a list may be a YAML list. Durations are written as 30s, 1m30s or 500ms.")
	put(".Pp")
	prose("A flag or an environment variable of the same setting beats the file. rezone reads the file again when it changes. Most settings are taken at once; for the others the text says that a change takes a restart. A file with a mistake is not taken: the old settings stay. `rezone config --check FILE` checks one beforehand.")
	for (i = 1; i <= rows[c]; i++) {
		split(row[c, i], f, "\t")
		if (f[2] == "group") {
			if (open)
				put(".El")
			open = 0
			group_title = f[3]
		}
		if (f[2] != "option" || f[9] == "" || f[3] == "config")
			continue
		if (!open) {
			put(".Ss " group_title)
			put(".Bl -tag -width Ds")
		}
		open = 1
		gsub(/-/, "_", f[3])
		put(".It Cm " f[3] " : Ar " (f[5] == "" ? "true|false" : argument(f[5])))
		prose(sentence(f[7]))
		long_words(f[5], f[7])
		setting(f)
	}
	if (open)
		put(".El")
	put(".Sh FILES")
	put(".Bl -tag -width Ds")
	put(".It Pa /etc/rezone/rezone.yaml")
	put("The file of the service.")
	put(".El")
	put(".Sh EXAMPLES")
	put(".Bd -literal")
	put("mode: observe")
	put("topology: /etc/rezone/topology.yaml")
	put("keep_pins: true")
	put("port: [9092, 9093]")
	put(".Ed")
	see_also("rezone rezone-config rezone-run")
}

END {
	for (i = 1; i <= n; i++) {
		for (j = i; j > 1 && sorted[j - 1] > "rezone-" command[i]; j--)
			sorted[j] = sorted[j - 1]
		sorted[j] = "rezone-" command[i]
	}
	main_page()
	file_page()
	for (i = 1; i <= n; i++)
		command_page(i)
}
