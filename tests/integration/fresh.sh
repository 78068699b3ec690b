# What the VFS changes shows in the next statement, whatever the caches of plans and results hold: random changes by several processes.
#
#   GRAPHFS_FRESH_TRIALS=N   how many changes (3000; the full tier's is 100000)
#   GRAPHFS_SEED=N           which
. "${BASH_SOURCE[0]%/*}/lib.sh"
seed=${GRAPHFS_SEED:-$(date +%s)}
trials=${GRAPHFS_FRESH_TRIALS:-$(scaled 3000 300)}

begin "changes by three processes"
new_db
mount_db
"$GRAPHFS_TESTS/fresh" "$MNT" --trials "$trials" --seed "$seed" --daemon "$daemon" --limit "$(scaled 20 60)" || fail "fresh failed; seed $seed"
pass
check_db
finish
