# Listing the largest folder of the Debian packages, what depends on libc6, through the mount: with the index and from the chains, the first time and
# from what the kernel keeps. scripts/bench-rels runs it with the folder of the CSV files.
. "$(dirname "$0")/../integration/lib.sh"
folder=nodes/libc6/in/DEPENDS

# list WHAT CMD...: milliseconds.
list() {
	local what=$1 start=$EPOCHREALTIME count
	shift
	count=$("$@" "$MNT/$folder" | wc -l)
	printf '%-40s%12d%12.1f\n' "$what" "$count" "$(((${EPOCHREALTIME/./} - ${start/./}) / 100))e-1"
}

new_db
graphfsctl import "$DB" --nodes "$1/nodes.csv" --relationships "$1/rels.csv" >"$TMP/import.log" 2>&1 || fail "$(cat "$TMP/import.log")"
printf '%-40s%12s%12s\n' "$folder" entries ms
for index in on off; do
	mount_db "rel_index=$index"
	list "ls -U, rel_index=$index" ls -U
	list "  again, from the kernel" ls -U
	list "ls -lU, rel_index=$index" ls -lU
	umount_db
done
