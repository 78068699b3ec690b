#!/bin/bash
# mounting as an administrator does it: by hand, from fstab through mount(8), again, read-only, after a crash, with wrong
# options, in the foreground, as another user. Everything happens in a mount namespace of its own, in which /usr/local/sbin is a
# folder with our programs: mount(8) takes the PATH away from its helpers, which then look there first. Needs root.
set -u
if [ -z "${GRAPHFS_MOUNT_TEST:-}" ]; then
	[ -c /dev/fuse ] || { echo "no /dev/fuse: cannot mount here"; exit 77; }
	[ "$(id -u)" = 0 ] || { echo "not root: cannot make a mount namespace"; exit 77; }
	GRAPHFS_MOUNT_TEST=1 exec unshare --mount --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

mkdir "$TMP/sbin"
for program in graphfs mkfs.graphfs fsck.graphfs graphfsctl; do
	[ ! -e "$GRAPHFS_BIN/$program" ] || ln -s "$GRAPHFS_BIN/$program" "$TMP/sbin/$program"
done
mount --bind "$TMP/sbin" /usr/local/sbin || fail "cannot bind /usr/local/sbin"
helper=$here/../../mount-tools/mount.graphfs
fstab=$TMP/fstab
printf '%s %s fuse.graphfs noauto,nosuid,nodev,nofail,x-systemd.automount,wal=group 0 0\n' "$DB" "$MNT" >"$fstab"

# Other than the folder's other scripts, this one leaves daemons behind when it fails half-way.
unmount_all() {
	local point pid
	for pid in $(cat "$TMP"/db/lock "$TMP"/*/db/lock 2>/dev/null); do
		# The number may be another's by now: only who sees our mounts is ours.
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != graphfs ] || ! grep -qsF "$TMP/" "/proc/$pid/mountinfo" || kill "$pid"
	done
	findmnt -rn -o TARGET | grep -F "$TMP/" | while read -r point; do
		umount -l "$(printf '%b' "$point")" 2>/dev/null
	done
}
trap 'status=$?; unmount_all; (exit $status); cleanup' EXIT

# Whoever holds the lock of $DB.
holder() {
	tr -d '\n' <"$DB/lock"
}

# gone PID: waits until it has ended.
gone() {
	local tries=0
	while [ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 3000 ] || fail "process $1 does not end"
		sleep 0.01
	done
	pass
}

# A process of which only the zombie is left may still be closing its files: those who wait then get ECONNABORTED.
statfs_of() {
	stat -f "$1" >/dev/null 2>&1
	stat -f "$1"
}

# The options that the kernel shows, the mount's own and the filesystem's.
options() {
	findmnt -n -o VFS-OPTIONS,FS-OPTIONS "$MNT" | tr -s ' ' ,
}

with() {
	case ",$(options)," in
	*",$1,"*) pass ;;
	*) fail "$1 is not among $(options)" ;;
	esac
}

# says TEXT COMMAND...: it must fail, and its messages must hold TEXT.
says() {
	local text=$1 out
	shift
	out=$("$@" 2>&1) && fail "\`$*' should have failed"
	case $out in
	*"$text"*) pass ;;
	*) fail "\`$*' said <$out>, not <$text>" ;;
	esac
}

unmount_and_wait() {
	local pid
	pid=$(holder)
	ok "umount" umount "$MNT"
	gone "$pid"
}

new_db

begin "by hand, in the background"
(cd "$TMP" && graphfs db mnt) || fail "graphfs db mnt: $?"
pass
has "$MNT/nodes"
pid=$(holder)
is "$(readlink "/proc/$pid/cwd")" / "folder of the daemon"
is "$(readlink "/proc/$pid/fd/2")" /dev/null "stderr of the daemon"
is "$(ps -o sid= -p "$pid" | tr -d ' ')" "$pid" "session of the daemon"
is "$(findmnt -n -o SOURCE,FSTYPE "$MNT" | tr -s ' ')" "$DB fuse.graphfs" "what findmnt shows"
with nosuid
with nodev
with default_permissions
ok "mkdir" mkdir "$MNT/nodes/hand"
unmount_and_wait

begin "only the privileges it needs"
ok "mount" graphfs "$DB" "$MNT"
pid=$(holder)
for task in "/proc/$pid"/task/*; do
	# The thread sanitizer starts a thread of its own before main does anything.
	case $GRAPHFS_SANITIZE,${task##*/} in *thread*,"$pid" | "",*) ;; *thread*) continue ;; esac
	is "$(awk '$1 == "CapEff:" { print $2 }' "$task/status")" 0000000000000002 "capabilities of $task"
	is "$(awk '$1 == "CapBnd:" { print $2 }' "$task/status")" 0000000000000000 "capabilities it may ever have"
	is "$(awk '$1 == "NoNewPrivs:" { print $2 }' "$task/status")" 1 "NoNewPrivs"
	[ -n "$GRAPHFS_SANITIZE" ] || is "$(awk '$1 == "Seccomp:" { print $2 }' "$task/status")" 2 "seccomp filter of $task"
done

begin "in use"
mkdir "$TMP/mnt2"
pid=$(holder)
says "is in use by process $pid" graphfs "$DB" "$TMP/mnt2"
says "is in use by process $pid" graphfs "$DB" "$TMP/mnt2" -f
says "is in use by process $pid" mount -t fuse.graphfs "$DB" "$TMP/mnt2"
refused findmnt "$TMP/mnt2"
unmount_and_wait

begin "at once again after umount, while the daemon still closes"
for i in 1 2 3 4 5; do
	ok "mount" graphfs "$DB" "$MNT"
	ok "mkdir" mkdir "$MNT/nodes/again$i"
	ok "umount" umount "$MNT"
done
ok "mount" graphfs "$DB" "$MNT"
for i in 1 2 3 4 5; do
	has "$MNT/nodes/again$i"
done
unmount_and_wait

begin "fstab, mount(8), umount(8)"
ok "mount -T" mount -T "$fstab" "$MNT"
has "$MNT/nodes/hand"
is "$(cat "$MNT/.graphfs/wal/mode")" group "option wal= of the fstab line"
with nosuid
with nodev
ok "mkdir" mkdir "$MNT/nodes/fstab"

begin "remount read-only and back"
echo sync >"$MNT/.graphfs/wal/mode"
ok "remount,ro" mount -o remount,ro "$MNT"
with ro
with nosuid
with nodev
says "Read-only file system" mkdir "$MNT/nodes/no"
says "Read-only file system" touch "$MNT/nodes/fstab/x"
has "$MNT/nodes/fstab"
ok "remount,rw,noexec,noatime" mount -o remount,rw,noexec,noatime "$MNT"
with rw
with noexec
with noatime
is "$(cat "$MNT/.graphfs/wal/mode")" sync "a mode that no option named"
ok "mkdir" mkdir "$MNT/nodes/remounted"
ok "remount,wal=async,cache=16M" mount -o remount,wal=async,cache=16M,wal_interval=20,rel_index=off "$MNT"
is "$(cat "$MNT/.graphfs/rel_index")" off
is "$(cat "$MNT/.graphfs/wal/mode")" async "wal="
is "$(cat "$MNT/.graphfs/wal/interval_ms")" 20 "wal_interval="
is "$(cat "$MNT/.graphfs/cache/budget")" 16777216 "cache="
ok "remount,cache_page=2M" mount -o remount,cache_page=2M,cache_object=off,cache_policy=clock "$MNT"
is "$(cat "$MNT/.graphfs/cache/page/limit")" 2097152 "cache_page="
is "$(cat "$MNT/.graphfs/cache/object/enabled")" 0 "cache_object=off"
is "$(cat "$MNT/.graphfs/cache/query/policy")" clock "cache_policy="
with noexec
ok "remount by fstab" mount -T "$fstab" -o remount,ro "$MNT"
with ro
says "must be async, group or sync" mount -o remount,wal=fast "$MNT"
unmount_and_wait
says "no graphfs is mounted there" graphfs "$DB" "$MNT" -o remount,ro
check_db

begin "read-only from the start"
ok "mount -r" mount -r -t fuse.graphfs "$DB" "$MNT"
with ro
lists "$MNT/nodes" again1 again2 again3 again4 again5 fstab hand remounted
is "$(cat "$MNT/.graphfs/read_only")" 1 "read_only"
says "Read-only file system" mkdir "$MNT/nodes/no"
says "unmount it and mount it again" mount -o remount,rw "$MNT"
with ro
ok "umount" umount "$MNT"

begin "a mount whose daemon was killed"
for i in 1 2 3; do
	ok "mount -T" mount -T "$fstab" "$MNT"
	ok "mkdir" mkdir "$MNT/nodes/kill$i"
	pid=$(holder)
	kill -9 "$pid"
	gone "$pid"
	[ "$i" = 3 ] || says "Transport endpoint is not connected" statfs_of "$MNT"
	out=$(mount -T "$fstab" "$MNT" 2>&1) || fail "mounting over a dead mount: $out"
	case $out in
	*"$MNT: the daemon of an earlier mount is gone"*) pass ;;
	*) fail "said <$out>" ;;
	esac
	has "$MNT/nodes/kill$i"
	is "$(grep -c " $MNT " /proc/self/mountinfo)" 1 "mounts on the mount point"
	unmount_and_wait
done
check_db

begin "mount -t graphfs"
ok "the wrapper" "$helper" "$DB" "$MNT" -n -v -o rw,noauto,users,x-foo=1,_netdev,wal=sync -t graphfs
is "$(cat "$MNT/.graphfs/wal/mode")" sync "wal="
unmount_and_wait
ok "the wrapper, fake" "$helper" "$DB" "$MNT" -f
refused findmnt "$MNT"
says "unknown" "$helper" "$DB" "$MNT" -o whatever
ok "the wrapper, sloppy" "$helper" "$DB" "$MNT" -s -o whatever
unmount_and_wait
# mount(8) looks for mount.graphfs in /sbin only: a layer over it, kept in memory, since the disk may be an overlay itself.
mkdir "$TMP/layer"
mount -t tmpfs none "$TMP/layer" && mkdir "$TMP/layer/upper" "$TMP/layer/work"
if mount -t overlay -o "lowerdir=/usr/sbin,upperdir=$TMP/layer/upper,workdir=$TMP/layer/work" overlay /usr/sbin; then
	cp "$helper" /usr/sbin/mount.graphfs
	ok "mount -t graphfs" mount -t graphfs -o noatime "$DB" "$MNT"
	is "$(findmnt -n -o FSTYPE "$MNT")" fuse.graphfs "type"
	with noatime
	unmount_and_wait
	umount /usr/sbin
else
	echo "  (no overlay here: mount -t graphfs is not tried)"
fi
umount "$TMP/layer"

begin "what is refused"
says "nonsense: unknown" graphfs "$DB" "$MNT" -o rw,nonsense
says "wal=fast: must be" mount -t fuse.graphfs -o wal=fast "$DB" "$MNT"
says "allow_root" graphfs "$DB" "$MNT" -o allow_root
says "are needed" graphfs "$DB"
says "too many" graphfs "$DB" "$MNT" x
says "help" graphfs --nonsense
says "$TMP/nowhere: No such file" graphfs "$TMP/nowhere" "$MNT"
says "$TMP/nowhere: No such file" graphfs "$DB" "$TMP/nowhere"
says "Not a directory" graphfs "$DB" "$fstab"
says "lies in the database" graphfs "$DB" "$DB/wal"
mkdir "$TMP/empty"
says "$TMP/empty" graphfs "$TMP/empty" "$MNT"
says "$TMP/empty" graphfs "$TMP/empty" "$MNT" -f
is "$(ls -A "$TMP/empty")" "" "what a refused mount leaves behind"
refused findmnt "$MNT"
ok "--help" graphfs --help
is "$(graphfs --version | cut -d' ' -f1)" graphfs "--version"
graphfs "$DB" "$MNT" -o nonsense 2>/dev/null
is $? 1 "status of a wrong option"
graphfs "$TMP/empty" "$MNT" 2>/dev/null
is $? 32 "status of a failed mount"

begin "names with everything in them"
odd="$TMP/a, b\\c"$'\t'"é"
mkdir "$odd" "$odd mnt"
ok "mkfs" mkfs.graphfs "$odd/db"
ok "mount" graphfs "$odd/db" "$odd mnt/"
has "$odd mnt/nodes"
ok "remount" mount -o remount,ro "$odd mnt"
ok "umount" umount "$odd mnt"

begin "in the foreground, ended by signals"
for signal in TERM INT HUP; do
	set -m # or a background job ignores SIGINT
	mount_db
	set +m
	ok "mkdir" mkdir "$MNT/nodes/$signal"
	kill "-$signal" "$daemon"
	wait "$daemon"
	is $? 0 "status after SIG$signal"
	daemon=0
	refused findmnt "$MNT"
done
mount_db ro
kill "$daemon"
wait "$daemon"
is $? 0 "status of a read-only daemon"
daemon=0

begin "ended by a signal while files are open"
mount_db
exec 9<"$MNT/nodes"
kill "$daemon"
wait "$daemon"
is $? 0 "status"
daemon=0
exec 9<&-
refused findmnt "$MNT"

begin "in the background, ended by a signal"
ok "mount" graphfs "$DB" "$MNT"
ok "mkdir" mkdir "$MNT/nodes/background"
pid=$(holder)
kill "$pid"
gone "$pid"
refused findmnt "$MNT"
check_db

begin "as a user"
if id nobody >/dev/null 2>&1 && [ -u "$(command -v fusermount3)" ] && command -v setpriv >/dev/null; then
	as_user="setpriv --reuid=nobody --regid=nogroup --clear-groups"
	chmod 755 "$TMP"
	mkdir "$TMP/user" "$TMP/user/mnt"
	if [ "$(stat -c %a /dev/fuse)" != 666 ]; then # bare machines without udev
		mknod -m 666 "$TMP/fuse" c 10 229 && mount --bind "$TMP/fuse" /dev/fuse || fail "cannot open /dev/fuse to users"
	fi
	chown -R nobody:nogroup "$TMP/user"
	ok "mkfs" $as_user "$GRAPHFS_BIN/mkfs.graphfs" "$TMP/user/db"
	ok "mount" $as_user "$GRAPHFS_BIN/graphfs" "$TMP/user/db" "$TMP/user/mnt"
	ok "mkdir" $as_user mkdir "$TMP/user/mnt/nodes/mine"
	is "$($as_user stat -c %U "$TMP/user/mnt/nodes" "$TMP/user/mnt/nodes/mine" | tr '\n' ' ')" "nobody nobody " "owners"
	says "Permission denied" ls "$TMP/user/mnt"
	pid=$(cat "$TMP/user/db/lock")
	kill "$pid"
	gone "$pid"
	refused findmnt "$TMP/user/mnt"
	if ! grep -q '^[[:space:]]*user_allow_other' /etc/fuse.conf 2>/dev/null; then
		says "user_allow_other" $as_user "$GRAPHFS_BIN/graphfs" "$TMP/user/db" "$TMP/user/mnt" -o allow_other
	fi
	ok "mount" $as_user "$GRAPHFS_BIN/graphfs" "$TMP/user/db" "$TMP/user/mnt"
	pid=$(cat "$TMP/user/db/lock")
	kill -9 "$pid"
	gone "$pid"
	$as_user "$GRAPHFS_BIN/graphfs" "$TMP/user/db" "$TMP/user/mnt" 2>/dev/null
	is $? 0 "a user's dead mount, mounted again"
	is "$($as_user ls "$TMP/user/mnt/nodes")" mine "what is in it"
	pid=$(cat "$TMP/user/db/lock")
	$as_user fusermount3 -u "$TMP/user/mnt" || fail "fusermount3 -u"
	gone "$pid"
	# Root mounts a user's database, and lets others in.
	ok "mount" graphfs "$TMP/user/db" "$MNT" -o allow_other,uid=65534,gid=65534
	is "$($as_user ls "$MNT/nodes")" mine "what others see"
	is "$(stat -c %u:%g "$MNT/nodes")" 65534:65534 "uid= and gid="
	ok "mkdir" $as_user mkdir "$MNT/nodes/mine2"
	says "Permission denied" setpriv --reuid=1 --regid=1 --clear-groups mkdir "$MNT/nodes/theirs"
	pid=$(cat "$TMP/user/db/lock")
	ok "umount" umount "$MNT"
	gone "$pid"
	# As /tmp: everybody makes nodes, labels and types, and nobody removes or changes what is another's.
	ok "mount" graphfs "$TMP/user/db" "$MNT" -o allow_other,mode=1777
	is "$(stat -c %a "$MNT/nodes" "$MNT/labels" "$MNT/rels" "$MNT/query" "$MNT/index" "$MNT/import" | tr '\n' ' ')" "1777 1777 1777 700 755 755 "
	other="setpriv --reuid=1 --regid=1 --clear-groups"
	ok "mkdir" $other mkdir "$MNT/nodes/theirs" "$MNT/labels/L" "$MNT/rels/T"
	is "$(stat -c %u:%a "$MNT/nodes/theirs" "$MNT/labels/L" | tr '\n' ' ')" "1:755 0:1777 "
	ok "ln -s" $other ln -s ../../nodes/theirs "$MNT/labels/L/theirs"
	ok "ln -s" $other ln -s ../../../theirs "$MNT/nodes/theirs/out/T/theirs"
	says "Permission denied" $other ln -s ../../nodes/mine "$MNT/labels/L/mine"
	says "Operation not permitted" $other rmdir "$MNT/nodes/mine"
	says "Operation not permitted" $other mv "$MNT/nodes/mine" "$MNT/nodes/stolen"
	says "Operation not permitted" $as_user rm "$MNT/labels/L/theirs"
	ok "ln -s" $as_user ln -s ../../nodes/mine "$MNT/labels/L/mine"
	says "Operation not permitted" $other rmdir "$MNT/labels/L"
	ok "rm -r" $other rm -r "$MNT/nodes/theirs"
	is "$(ls "$MNT/labels/L")" mine
	pid=$(cat "$TMP/user/db/lock")
	ok "umount" umount "$MNT"
	gone "$pid"
fi

finish
