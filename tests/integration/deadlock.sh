# Nothing waits for itself: mirrored changes, walks, writers, renames, fsync and changes of the log's mode at once, watched for hangs.
. "${BASH_SOURCE[0]%/*}/lib.sh"

begin "everything at once"
new_db
mount_db
"$GRAPHFS_TESTS/deadlock" "$MNT" --seconds "${GRAPHFS_DEADLOCK_SECONDS:-$(scaled 20 5)}" --daemon "$daemon" --limit "$(scaled 20 60)" ||
	fail "deadlock failed"
pass
check_db
finish
