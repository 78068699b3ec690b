# Sourced by the scripts of this folder: a temporary database and mount, and assertions. A script ends with `finish`.
#
# The daemon runs with -f as a child of the script, so that its exit status and its messages (sanitizer reports among them) are
# seen; everything is ended and unmounted when the script ends, however it ends.
#
#   new_db [ARGS]      a fresh database $DB (ARGS go to mkfs.graphfs)
#   mount_db [OPTS]    mounts $DB on $MNT; OPTS as after -o
#   umount_db          unmounts and checks that the daemon ended well
#   remount_db [OPTS]  both
#   check_db           fsck.graphfs, unmounted for that time when mounted
#   is GOT WANTED WHAT, ok WHAT CMD..., expect ERRNO OP ARGS... (an operation of fsop), has, hasnt, lists
set -u
: "${GRAPHFS_BIN:?the folder of the programs}" "${GRAPHFS_TESTS:?the folder of the helper programs}"
: "${GRAPHFS_SANITIZE=}"
# Options for every mount_db, beside its own.
: "${GRAPHFS_MOUNT_OPTS=}"
PATH=$GRAPHFS_BIN:$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fsop=$GRAPHFS_TESTS/fsop

[ -c /dev/fuse ] || { echo "no /dev/fuse: cannot mount here"; exit 77; }

TMP=$(mktemp -d "${TMPDIR:-/tmp}/graphfs-test.XXXXXX")
DB=$TMP/db
MNT=$TMP/mnt
LOG=$TMP/daemon.log
daemon=0
mount_opts=
checks=0
section=
mkdir "$MNT"

# Scales a count: `scaled FULL SANITIZED`.
scaled() {
	if [ -n "$GRAPHFS_SANITIZE" ]; then echo "$2"; else echo "$1"; fi
}

cleanup() {
	local status=$?
	trap - EXIT INT TERM
	cd /
	if [ "$status" != 0 ] && [ -s "$LOG" ]; then
		echo "--- the daemon's messages:" >&2
		tail -n 60 "$LOG" >&2
	fi
	local job
	for job in $(jobs -p); do
		[ "$job" = "$daemon" ] || kill "$job" 2>/dev/null
	done
	umount -l "$MNT" 2>/dev/null || fusermount3 -u -z "$MNT" 2>/dev/null
	if [ "$daemon" != 0 ]; then
		kill "$daemon" 2>/dev/null
		wait "$daemon" 2>/dev/null
	fi
	if [ "$status" = 0 ] || [ -z "${GRAPHFS_KEEP:-}" ]; then
		rm -rf --one-file-system "$TMP"
	else
		echo "--- kept: $TMP" >&2
	fi
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Which line of the script itself is running.
where() {
	local i
	for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
		if [[ ${BASH_SOURCE[i]} != */lib.sh ]]; then
			echo "${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}"
			return
		fi
	done
}

fail() {
	local text="$*"
	[ ${#text} -lt 1500 ] || text="${text:0:1500} ..."
	printf 'FAIL %s%s: %s\n' "$(where)" "${section:+ ($section)}" "$text" >&2
	exit 1
}

pass() {
	checks=$((checks + 1))
}

# begin NAME: what the following checks are about.
begin() {
	section=$1
	printf '%4d s  %s\n' "$SECONDS" "$1"
}

finish() {
	umount_db
	[ "$checks" -gt 0 ] || fail "nothing was checked"
	echo "ok: $checks checks"
	exit 0
}

is() {
	[ "$1" = "$2" ] || fail "$(printf '%s: got <%q>, wanted <%q>' "${3:-value}" "$1" "$2")"
	pass
}

# ok WHAT COMMAND...: it must succeed and say nothing on stderr.
ok() {
	local what=$1 out
	shift
	out=$("$@" 2>&1 >/dev/null) || fail "$what: \`$*' failed: $out"
	[ -z "$out" ] || fail "$what: \`$*' complained: $out"
	pass
}

# refused COMMAND...: it must fail.
refused() {
	"$@" >/dev/null 2>&1 && fail "\`$*' should have failed"
	pass
}

# expect ERRNO OP ARGS...: one system call through fsop, with its exact errno ("0" for success).
expect() {
	local wanted=$1 got
	shift
	got=$("$fsop" "$@") || fail "fsop $* could not run"
	[ "${got%% *}" = "$wanted" ] || fail "$(printf '%q ' "$@"): got $got, wanted $wanted"
	pass
}

has() {
	[ -e "$1" ] || [ -L "$1" ] || fail "$1 should be there"
	pass
}

hasnt() {
	if [ -e "$1" ] || [ -L "$1" ]; then
		fail "$1 should not be there"
	fi
	pass
}

# lists DIR NAME...: exactly these names, in any order.
lists() {
	local dir=$1 got wanted
	shift
	got=$(ls -A --quoting-style=literal "$dir" 2>&1) || fail "ls $dir: $got"
	got=$(printf '%s' "$got" | sort | tr '\n' ' ')
	wanted=$([ $# -eq 0 ] || printf '%s\n' "$@" | sort | tr '\n' ' ')
	is "${got% }" "${wanted% }" "names in $dir"
}

new_db() {
	[ "$daemon" = 0 ] || umount_db
	rm -rf "$DB"
	mkfs.graphfs "$@" "$DB" >"$TMP/mkfs.log" 2>&1 || fail "mkfs.graphfs: $(cat "$TMP/mkfs.log")"
}

is_mounted() {
	local device point rest
	while read -r device point rest; do
		[ "$point" != "$MNT" ] || return 0
	done </proc/self/mounts
	return 1
}

# Waits until the daemon serves; fails when it ends first. Of a dead mount the kernel still remembers names, but opens nothing.
await_mount() {
	local tries=0 answer
	until is_mounted && read -r answer 2>/dev/null <"$MNT/.graphfs/wal/mode"; do
		kill -0 "$daemon" 2>/dev/null || fail "the daemon ended instead of mounting: $(cat "$LOG")"
		tries=$((tries + 1))
		[ "$tries" -lt 6000 ] || fail "not mounted after a minute"
		sleep 0.01
	done
}

mount_db() {
	mount_opts=${1:-}
	graphfs "$DB" "$MNT" -f ${GRAPHFS_MOUNT_OPTS:+-o "$GRAPHFS_MOUNT_OPTS"} ${mount_opts:+-o "$mount_opts"} >>"$LOG" 2>&1 &
	daemon=$!
	await_mount
}

# A process that has just closed its last descriptor can still be letting go of the mount, so that the first try may be EBUSY.
umount_db() {
	local tries=0 status
	[ "$daemon" != 0 ] || return 0
	until umount "$MNT" 2>"$TMP/umount.log" || ! is_mounted; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || fail "umount: $(cat "$TMP/umount.log")"
		sleep 0.02
	done
	wait "$daemon"
	status=$?
	daemon=0
	[ "$status" = 0 ] || fail "the daemon ended with status $status"
}

remount_db() {
	umount_db
	mount_db "${1:-$mount_opts}"
}

# fsck.graphfs must find nothing.
check_db() {
	local again=$daemon
	umount_db
	fsck.graphfs "$DB" >"$TMP/fsck.log" 2>&1 || fail "fsck.graphfs: $(cat "$TMP/fsck.log")"
	pass
	[ "$again" = 0 ] || mount_db "$mount_opts"
}

# dump_db FILE: the whole graph as text, unmounted for that time when mounted.
dump_db() {
	local again=$daemon
	umount_db
	graphfsctl dump "$DB" >"$1" 2>"$TMP/dump.log" || fail "graphfsctl dump: $(cat "$TMP/dump.log")"
	[ "$again" = 0 ] || mount_db "$mount_opts"
}
