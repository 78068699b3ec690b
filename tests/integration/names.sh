# Awkward names, through mkdir, ls, both forms of look-up, dump, remount and import. See names.py for which.
. "$(dirname "$0")/lib.sh"

names() {
	python3 "$here/names.py" "$@" || fail "names.py $*"
	pass
}

begin "made on a mount"
new_db
mount_db
names make "$MNT"
names check "$MNT"

begin "after a remount"
remount_db
names check "$MNT"
check_db

begin "a dump, and a graph made from it"
dump_db "$TMP/dump1"
names dumped "$TMP/dump1"
new_db
graphfsctl import "$DB" --nodes "$TMP/dump1" >"$TMP/import.log" 2>&1 || fail "import of the dump: $(cat "$TMP/import.log")"
dump_db "$TMP/dump2"
cmp "$TMP/dump1" "$TMP/dump2" || fail "the dump of the import differs"
pass
mount_db
names check "$MNT"

begin "too long for a path"
names long_rows "$TMP/long.json"
cp "$TMP/long.json" "$MNT/import/" || fail "import: $(cat "$MNT"/import/*.error)"
names check_long "$MNT"
remount_db
names check_long "$MNT"
names check "$MNT"
check_db
dump_db "$TMP/dump3"
names dumped "$TMP/dump3"

begin "copied by rsync, renamed, removed"
mkdir "$TMP/copy"
ok "rsync" rsync -a "$MNT/nodes/base" "$TMP/copy/"
is "$(ls -A "$TMP/copy/base" | wc -l)" "$(ls -A "$MNT/nodes/base" | wc -l)"
find "$MNT/nodes" -mindepth 1 -maxdepth 1 -print0 | xargs -0 rm -r || fail "rm -r of every node"
is "$(ls -A "$MNT/nodes" | wc -l)" 0
find "$MNT/labels" "$MNT/rels" -mindepth 1 -maxdepth 1 -print0 | xargs -0 -r rmdir || fail "rmdir of labels and types"
is "$(find "$MNT/labels" "$MNT/rels" -mindepth 1 | wc -l)" 0 "labels and types left"
check_db
finish
