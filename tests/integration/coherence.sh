# The kernel's caches never show what is no longer so: random changes from 4 processes, each looked at through other views at once.
#
#   GRAPHFS_COHERENCE_OPS=N        how many (40000; the full tier's is 200000)
#   GRAPHFS_COHERENCE_CONTENDED=1  changes of the same nodes by several processes as well. Not in the default: in about one of a million looks a
#                                  listing that was read while it changed stays cached (CHANGELOG.md, "Known")
#   GRAPHFS_SEED=N                 which
. "${BASH_SOURCE[0]%/*}/lib.sh"
coherence=$GRAPHFS_TESTS/coherence
seed=${GRAPHFS_SEED:-$(date +%s)}
ops=${GRAPHFS_COHERENCE_OPS:-$(scaled 40000 4000)}
contended=${GRAPHFS_COHERENCE_CONTENDED:-}
share=
[ -n "$contended" ] || share="--contended 0"

begin "random changes"
new_db
mount_db
# shellcheck disable=SC2086 # an option and its value, or nothing
"$coherence" "$MNT" $share --ops "$ops" --seed "$seed" --daemon "$daemon" --limit "$(scaled 20 60)" || fail "coherence failed; seed $seed"
pass
check_db

if [ -n "$contended" ]; then
	begin "everything shared"
	new_db
	mount_db
	"$coherence" "$MNT" --ops "$((ops / 10))" --procs 8 --contended 100 --seed "$seed" --daemon "$daemon" --limit "$(scaled 20 60)" ||
		fail "coherence failed; seed $seed"
	pass
	check_db
fi

begin "listings read at all times"
new_db
mount_db
"$GRAPHFS_TESTS/listings" "$MNT" --changes "$((ops / 100))" --daemon "$daemon" --limit "$(scaled 20 60)" || fail "listings failed"
pass
check_db
finish
