# What the three shells' completions share. Comes in: the table of scripts/pages/make. Goes out: for bash.awk, zsh.awk and
# fish.awk the arrays command[1..n], what[], group[], and of each option o of 1..options: of[o] (its command), name[], letter[],
# arg[], optional[], text[].
BEGIN { FS = "\t" }
$1 == "command" {
	command[++n] = $2
	what[n] = brief($4)
	next
}
$2 == "option" { add($3, $4, $5, $6, $7) }
$2 == "alias" { add($3, $4 == letter[options] ? "" : $4, arg[options], optional[options], text[options]) }
$2 == "argument" { argument[$1] = $3 }

function add(long, short, value, how, words) {
	of[++options] = $1
	name[options] = long
	letter[options] = short
	arg[options] = value
	optional[options] = how
	text[options] = brief(words)
}

# The beginning of a text that fits beside a word.
function brief(t) {
	sub(/(; |: |\. | \().*/, "", t)
	gsub(/[`"]/, "", t)
	if (length(t) > 72) {
		t = substr(t, 1, 70)
		sub(/ [^ ]*$/, "", t)
		t = t " ..."
	}
	return t
}

# The words that a value may be, "" if it is no matter of words.
function values(a) {
	if (a !~ /[|]/)
		return ""
	gsub(/[|]/, " ", a)
	return a
}

# Is the value a file, a folder?
function is_path(a) { return a ~ /^(PATH|FILE|DIR)$/ }
function is_folder(a) { return a == "DIR" }
