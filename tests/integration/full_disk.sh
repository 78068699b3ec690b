#!/bin/bash
# The disk under the database is full: writers get ENOSPC, readers read on, checkpoints wait, nothing acknowledged is lost, and all goes on when there is room
# again, without a new mount. In a mount namespace of its own, on a tmpfs. Needs root.
set -u
if [ -z "${GRAPHFS_FULL_DISK_TEST:-}" ]; then
	[ -c /dev/fuse ] || { echo "no /dev/fuse: cannot mount here"; exit 77; }
	[ "$(id -u)" = 0 ] || { echo "not root: cannot make a mount namespace"; exit 77; }
	GRAPHFS_FULL_DISK_TEST=1 exec unshare --mount --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

disk=$TMP/disk
mkdir "$disk"
trap 'status=$?; umount -l "$MNT" 2>/dev/null; umount -l "$disk"; (exit $status); cleanup' EXIT
mount -t tmpfs -o size=64m graphfs-test "$disk" || fail "no tmpfs"
DB=$disk/db
head -c 524288 /dev/urandom >"$TMP/data"

# Writes copies of the data until it is refused; says how many there are.
fill() {
	local i=$1
	while cp "$TMP/data" "$MNT/nodes/n/p$i" 2>"$TMP/cp.log"; do
		i=$((i + 1))
		[ "$i" -lt 1000 ] || fail "the disk is never full"
	done
	grep -q "No space left on device" "$TMP/cp.log" || fail "not ENOSPC: $(cat "$TMP/cp.log")"
	rm -f "$MNT/nodes/n/p$i" 2>/dev/null # may be refused as well, and then is cut short
	echo "$i"
}

# whole COUNT: the first COUNT files hold the data.
whole() {
	local i
	for ((i = 0; i < $1; i++)); do
		cmp -s "$TMP/data" "$MNT/nodes/n/p$i" || fail "p$i of $1 is not what was written"
	done
	pass
}

begin "no room for the log"
new_db
mount_db checkpoint_interval=0
mkdir "$MNT/nodes/n"
echo 1 >"$MNT/.graphfs/checkpoint" # from now on it is known what LMDB has free
count=$(fill 0) || exit 1
[ "$count" -ge 20 ] || fail "full after $count files"
whole "$count"
is "$(cat "$MNT/.graphfs/health")" ok "health"
ok "what fits into the log's last file" mkdir "$MNT/nodes/small"

begin "no room for a checkpoint"
head -c 20m /dev/zero >"$disk/other" 2>/dev/null # what is left
refused sh -c "echo 1 >'$MNT/.graphfs/checkpoint'"
is "$(cat "$MNT/.graphfs/health")" ok "health"
whole "$count"

begin "room again"
rm "$disk/other"
mount -o remount,size=200m "$disk" || fail "remount of the tmpfs"
ok "mkdir" mkdir "$MNT/nodes/more"
echo 1 >"$MNT/.graphfs/checkpoint" || fail "checkpoint"
cp "$TMP/data" "$MNT/nodes/n/p$count" || fail "cp"
count=$((count + 1))
whole "$count"

begin "killed on a full disk"
count=$(fill "$count") || exit 1
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
daemon=0
umount -l "$MNT"
mount -o remount,size=400m "$disk" || fail "remount of the tmpfs"
mount_db
whole "$count"
has "$MNT/nodes/more"
has "$MNT/nodes/small"
check_db
finish
