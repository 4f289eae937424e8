# What zsh offers behind the words of a line. Comes in: a folder with completions; a line. Goes out: a word a line. Called by
# tests/lib/pages. The line is typed into an interactive zsh at a terminal of its own, with a Tab behind it; the completion system
# hands all that it offers to compadd.
if [[ -z $1 ]]; then # inside: sourced by that zsh
	PROMPT= RPROMPT=
	autoload -Uz compinit
	compinit -u -D
	stty cols 300 -echo
	compadd() {
		if [[ $@[1,(i)(-|--)] == *-(O|A|D)\ * ]]; then # asks what fits, and offers nothing
			builtin compadd "$@"
			return
		fi
		typeset -a offered
		builtin compadd -A offered "$@"
		print -rl -- OFFER=$^offered
	}
	offer() {
		print # the line stands before it
		_main_complete
		print UPTO
		compstate[insert]= compstate[list]=
	}
	zle -C offer list-choices offer
	bindkey '^I' offer
	print BEGIN
	return
fi
zmodload zsh/zpty
here=${0:A}
zpty z zsh -f -i
zpty -w z "fpath=(${(q)1} \$fpath); . ${(q)here}"
zpty -r -m z out '*BEGIN*'
zpty -w -n z "$2"$'\t'
zpty -r -m z out '*UPTO*'
print -r -- "$out" | tr -d '\r' | sed -n 's/^OFFER=//p'
zpty -d z
