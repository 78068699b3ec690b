# One paragraph a bug that was found and fixed: what went wrong, and that it does not any more.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
new_db
mount_db allow_other
cd "$MNT" || fail "no mount"

# As somebody else, who is in the group 1234 besides.
nobody() {
	setpriv --reuid 65534 --regid 65534 --groups 1234 "$@"
}
may_drop() {
	[ "$(id -u)" = 0 ] && nobody true 2>/dev/null
}

# With as many writers as threads, all waited for pages whose READ nobody was left to serve: an unkillable hang.
begin "a thread is always free"
umount_db_from() { cd / && remount_db "$1" && cd "$MNT"; }
umount_db_from threads=2,allow_other
mkdir nodes/hub rels/T
for i in {1..60}; do mkdir "nodes/f$i" && ln -s ../../../hub "nodes/f$i/out/T/hub"; done
writers=() readers=()
for i in {1..6}; do
	(for ((k = 0; k < $(scaled 150 30); k++)); do ln -s ../../../hub "nodes/f$i/in/T/hub" && rm "nodes/f$i/in/T/hub"; done) &
	writers+=($!)
done
for i in {1..4}; do
	(until [ -e "$TMP/written" ]; do cat nodes/hub/.json >/dev/null; done) &
	readers+=($!)
done
connection=$(($(stat -c %d .) & 255)) # the only way out of the hang
(
	cd /
	for ((k = 0; k < 1200; k++)); do
		[ ! -e "$TMP/written" ] || exit 0
		sleep 0.1
	done
	echo 1 >"/sys/fs/fuse/connections/$connection/abort"
) &
readers+=($!)
for pid in "${writers[@]}"; do wait "$pid" || fail "a writer failed"; done
: >"$TMP/written"
wait "${readers[@]}"
pass
umount_db_from allow_other

# A file renamed away from a name that had been renamed away from before: the kernel was told of other inodes only.
begin "an inode renamed twice"
mkdir nodes/a
echo 1 >nodes/a/x
stat nodes/a/x >/dev/null
mv nodes/a/x nodes/a/y
echo 2 >nodes/a/x
stat nodes/a/x >/dev/null
mv nodes/a/x nodes/a/z
stat nodes/a/z >/dev/null
chmod 700 nodes/a
is "$(stat -c %a nodes/a/z)" 600 "mode after the node's was changed"
chmod 755 nodes/a

# .json had the node's mode, and showed what chmod had hidden.
begin ".json tells no secrets"
echo secret >nodes/a/password
is "$(stat -c %a nodes/a/.json)" 444 "mode of .json"
chmod 600 nodes/a/password
is "$(stat -c %a nodes/a/.json)" 400 "mode of .json with a private property"
if may_drop; then refused nobody cat nodes/a/.json; fi
chmod 644 nodes/a/password
is "$(stat -c %a nodes/a/.json)" 444 "mode of .json without"
ln -s ../../../b nodes/a/out/T/b 2>/dev/null || { mkdir nodes/b && ln -s ../../../b nodes/a/out/T/b; }
rel=$(basename "$(readlink nodes/a/out/T/.rel/b)")
echo hush >"rels/T/$rel/note"
is "$(stat -c %a nodes/b/.json)" 444 "mode of .json at the other end"
chmod 700 nodes/a
is "$(stat -c %a nodes/b/.json)" 400 "mode of .json at the other end of a private node"
if may_drop; then
	chown 65534 nodes/b
	grep -q hush nodes/b/.json && fail "somebody else's relationship is shown"
	pass
	chown 0 nodes/b
fi
chmod 755 nodes/a

# Whoever may change a folder of /labels or /rels could change any node by it; and a group's rights were not asked when others had more.
begin "whose node it is"
if may_drop; then
	umount_db_from uid=65534,gid=65534,allow_other
	refused nobody mkdir nodes/b/nothing
	nobody mkdir labels/L || fail "mkdir labels/L"
	refused nobody ln -s ../../nodes/a labels/L/a
	ln -s ../../nodes/a labels/L/a || fail "ln by root"
	refused nobody rm -f labels/L/a
	rm "rels/T/$rel/note"
	refused nobody rmdir "rels/T/$rel"
	nobody mkdir nodes/mine || fail "mkdir nodes/mine"
	chgrp 1234 nodes/b
	chmod 707 nodes/b
	refused nobody ln -s ../../../b nodes/mine/in/T/b
	chmod 775 nodes/b
	ok "with the group's right" nobody ln -s ../../../b nodes/mine/in/T/b
	umount_db_from allow_other
fi

# Half of a file was imported when a process ended that had only inherited the descriptor, or when a reader closed.
begin "whose close ends a dropped file"
printf ':ID,n:int\n' >"$TMP/head.csv"
printf 'i1,1\ni2,2\n' >"$TMP/rows.csv"
{ cat "$TMP/head.csv"; cat "$TMP/rows.csv"; } >import/n.csv || fail "import from two programs"
is "$(cat nodes/i1/n nodes/i2/n)" $'1\n2' "what they wrote"
lists import
python3 - <<'PY' || fail "a reader's close"
import os
w = os.open("import/r.jsonl", os.O_CREAT | os.O_WRONLY)
os.write(w, b'{"key":"early"}\n')
os.close(os.open("import/r.jsonl", os.O_RDONLY))
assert not os.path.exists("nodes/early")
os.write(w, b'{"key":"late"}\n')
os.close(w)
assert os.path.isdir("nodes/early") and os.path.isdir("nodes/late")
w = os.open("import/s.jsonl", os.O_CREAT | os.O_WRONLY)
if os.fork() == 0:
    os.write(w, b'{"key":"by_child"}\n')
    os._exit(0)
os.wait()
assert not os.path.exists("nodes/by_child")
os.close(w)
assert os.path.isdir("nodes/by_child")
PY
pass

# The entry FILE.error was lost when the kernel's buffer was full just before it.
begin "listing of dropped files"
long=$(printf 'x%.0s' {1..200})
for i in {10..60}; do printf 'not a header' >"import/$long$i"; done # a builtin does not look at what close(2) says
is "$(ls import | wc -l)" 102 "files and their errors"
rm -f import/* # the errors go with their files

# Names in an index are values: it showed those of nodes that nobody else may read. Dropped files were there for everybody.
begin "who may look into indexes and dropped files"
mkdir nodes/private && mkdir -p labels/Citizen && ln -s ../../../labels/Citizen nodes/private/labels/
echo 12345 >nodes/private/number
chmod 700 nodes/private
mkdir -p index/Citizen/number
is "$(stat -c %a index index/Citizen index/Citizen/number index/Citizen/number/12345 | tr '\n' ' ')" "755 755 700 700 "
echo 54321 >import/bad.csv # a builtin does not look at what close(2) says
is "$(stat -c %a import/bad.csv import/bad.csv.error | tr '\n' ' ')" "600 400 "
if may_drop; then
	refused nobody ls index/Citizen/number
	refused nobody stat index/Citizen/number/12345
	refused nobody cat import/bad.csv.error
fi
rm import/bad.csv

# Whoever might write in a node, but not read there, moved its files to a node of his own and was their owner.
begin "mv gives no rights"
if may_drop; then
	mkdir nodes/letterbox nodes/thief
	echo letter >nodes/letterbox/a && echo letter >nodes/letterbox/b && echo letter >nodes/letterbox/c
	chmod 733 nodes/letterbox
	chown 65534:65534 nodes/thief
	nobody sh -c 'echo mine >nodes/thief/b'
	nobody mv nodes/letterbox/a nodes/thief/a || fail "mv by who may write"
	expect 0 rename nodes/letterbox/c nodes/thief/c 0
	nobody "$fsop" rename nodes/letterbox/b nodes/thief/b exchange >/dev/null || fail "exchange"
	is "$(stat -c '%u %a' nodes/thief/a nodes/thief/b nodes/letterbox/b nodes/thief/c | tr '\n' ' ')" "0 622 0 622 65534 644 65534 644 "
	refused nobody cat nodes/thief/a
	refused nobody cat nodes/thief/b
	is "$(cat nodes/thief/a nodes/thief/b nodes/letterbox/b)" $'letter\nletter\nmine'
fi

# chmod 1777 said yes and left the bit out: everybody could remove what its owner believed safe.
begin "the sticky bit is refused"
expect EPERM chmod nodes/private 1700
refused mkdir -m 1777 nodes/sticky
hasnt nodes/sticky
ok "setgid is left out" chmod 2750 nodes/private
is "$(stat -c %a nodes/private)" 750

# The epoch and times before it became the present; the years after 2554 began again in 1970.
begin "far times"
for what in nodes/private nodes/private/number; do
	for date in 1970-01-01 1960-05-05; do
		touch -d "$date UTC" "$what" || fail "touch"
		is "$(stat -c %Y "$what")" 0 "mtime of $what set to $date"
	done
	touch -d 2700-01-01 "$what" || fail "touch"
	is "$(date -d "@$(stat -c %Y "$what")" +%Y)" 2262 "mtime of $what set to 2700"
	touch "$what"
	is "$((EPOCHSECONDS - $(stat -c %Y "$what") < 100))" 1 "mtime of $what set to now"
done

# rm and mv that a constraint refused took the open file along all the same: what was written to it afterwards was lost.
begin "a refused removal leaves the open file alone"
mkdir nodes/bound && echo old >nodes/bound/number && echo other >nodes/bound/other
ln -s ../../../labels/Citizen nodes/bound/labels/
graphfsctl query . "CREATE CONSTRAINT FOR (n:Citizen) REQUIRE n.number IS NOT NULL" >"$TMP/constraint.log" 2>&1 || fail "$(cat "$TMP/constraint.log")"
exec 3<>nodes/bound/number 4<>nodes/bound/other
expect EPERM unlink nodes/bound/number
expect EPERM rename nodes/bound/number nodes/bound/moved 0
expect EPERM rename nodes/bound/number nodes/bound/other 0
echo new >&3
echo OTHER >&4
is "$(stat -L -c %h /dev/fd/3 /dev/fd/4 | tr '\n' ' ')" "1 1 "
exec 3>&- 4>&-
is "$(cat nodes/bound/number nodes/bound/other)" $'new\nOTHER' "what was written through open descriptors"
echo later >nodes/bound/number
is "$(cat nodes/bound/number)" later
mv nodes/bound/other nodes/bound/another || fail "mv"
is "$(cat nodes/bound/another)" OTHER
lists nodes/bound in out labels number another

cd /
check_db
finish
