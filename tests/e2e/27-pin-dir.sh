#!/usr/bin/env bash
# Commands with a --pin-dir that is none: an ordinary directory, a file, another user's, one with another version's pins. `rezone
# uninstall` removes what is in directories named as versions are ("v1"), so it must touch none but rezone's.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
# says STATUS TEXT COMMAND...: one line, with that text in it
says() {
	local want=$1 text=$2
	shift 2
	"$REZONE" "$@" >"$WORK/out" 2>&1
	[ $? -eq "$want" ] && [ "$(wc -l <"$WORK/out")" = 1 ] && grep -q -- "$text" "$WORK/out"
}
map() { bpftool map create "$1" type array key 4 value 4 entries 1 name pin_dir_test; }

mkdir -p "$WORK/api/v1" "$WORK/api/v14"
echo precious | tee "$WORK/api/v1/data" "$WORK/api/v14/config" >"$WORK/api/pause"
check "uninstall -p of an ordinary directory is refused" says 1 "not on a BPF file system" uninstall -p "$WORK/api"
check "... and nothing in it is removed" test "$(cat "$WORK"/api/{v1/data,v14/config,pause} | grep -c precious)" = 3
check "uninstall -p /sys/fs/bpf is refused, for others pin there" says 1 "not on a BPF file system" uninstall -p /sys/fs/bpf
check "uninstall of a directory that is not there has nothing to do" says 0 "nothing to remove" uninstall -p "$PIN_DIR"

mkdir "$PIN_DIR"
map "$PIN_DIR/keep"
ln -s "$WORK/api/v1" "$PIN_DIR/v1"
check "a link named as a version is not followed" eval 'says 0 "are removed" uninstall -p "$PIN_DIR" && [ -e "$WORK/api/v1/data" ]'
check "... and what is somebody else's stays" test -e "$PIN_DIR/keep"
chown 65534 "$PIN_DIR"
check "uninstall of another user's directory is refused" says 1 "another user" uninstall -p "$PIN_DIR"
rm -r "$PIN_DIR"

mkdir -p "$PIN_DIR/v13"
map "$PIN_DIR/v13/conns"
for c in list stats events plan "explain x"; do
	# shellcheck disable=SC2086 # words
	check "$c: the pins are another version's, which it names" says 1 "map ABI 13" $c -p "$PIN_DIR"
done
check "a slash at the end of --pin-dir does no harm" eval 'says 0 "are removed" uninstall -p "$PIN_DIR/" && [ ! -e "$PIN_DIR" ]'
check "likewise of run" says 1 "no cgroup v2 directory\|not a cgroup v2 directory" run --pin-dir "$PIN_DIR/" --cgroup "$WORK"
map "$PIN_DIR"
check "a pin in the place of the directory: the line says what to give" says 1 "which is a directory" list -p "$PIN_DIR"
rm -f "$PIN_DIR"
check "the parent of --pin-dir is not there: the line says so" says 1 "cannot open $PIN_DIR: No such file" run --pin-dir "$PIN_DIR/x" --cgroup "$CGROUP"
check "check: the row of the BPF file system says what is wrong with the directory" eval \
	'"$REZONE" check -p "$WORK" >"$WORK/out" 2>&1; [ $? = 2 ] && grep -q "failed *bpffs *$WORK cannot be used" "$WORK/out" && ! grep -q "mount it" "$WORK/out"'
check "an empty --pin-dir" eval '"$REZONE" list -p "" 2>"$WORK/out"; [ $? = 2 ] && grep -q "is empty" "$WORK/out"'
