# The kernel's caches never show what is no longer so: 200,000 random changes from 4 processes, each looked at through other views at once.
# GRAPHFS_COHERENCE_OPS and GRAPHFS_SEED set how many and which.
. "${BASH_SOURCE[0]%/*}/lib.sh"
coherence=$GRAPHFS_TESTS/coherence
seed=${GRAPHFS_SEED:-$(date +%s)}
ops=${GRAPHFS_COHERENCE_OPS:-$(scaled 200000 10000)}

begin "random changes"
new_db
mount_db
"$coherence" "$MNT" --ops "$ops" --seed "$seed" --daemon "$daemon" --limit "$(scaled 20 60)" || fail "coherence failed; seed $seed"
pass
check_db

begin "everything shared"
new_db
mount_db
"$coherence" "$MNT" --ops "$((ops / 10))" --procs 8 --contended 100 --seed "$seed" --daemon "$daemon" --limit "$(scaled 20 60)" ||
	fail "coherence failed; seed $seed"
pass
check_db
finish
