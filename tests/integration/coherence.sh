# The kernel's caches never show what is no longer so: random changes from 4 processes, each looked at through other views at once.
#
#   GRAPHFS_COHERENCE_OPS=N   how many (20000; the full tier's is 200000)
#   GRAPHFS_SEED=N            which
. "${BASH_SOURCE[0]%/*}/lib.sh"
coherence=$GRAPHFS_TESTS/coherence
seed=${GRAPHFS_SEED:-$(date +%s)}
ops=${GRAPHFS_COHERENCE_OPS:-$(scaled 20000 2000)}

begin "random changes"
new_db
mount_db
"$coherence" "$MNT" --ops "$ops" --seed "$seed" --daemon "$daemon" --limit "$(scaled 20 60)" || fail "coherence failed; seed $seed"
pass
check_db

begin "names in several spellings"
new_db
mount_db
"$coherence" "$MNT" --ops "$((ops / 10))" --aliases 1 --seed "$seed" --daemon "$daemon" --limit "$(scaled 20 60)" ||
	fail "coherence failed; seed $seed"
pass
check_db

begin "everything shared"
new_db
mount_db
"$coherence" "$MNT" --ops "$((ops / 4))" --procs 8 --contended 100 --seed "$seed" --daemon "$daemon" --limit "$(scaled 20 60)" ||
	fail "coherence failed; seed $seed"
pass
check_db

begin "listings read at all times"
new_db
mount_db
"$GRAPHFS_TESTS/listings" "$MNT" --changes "$((ops / 40))" --daemon "$daemon" --limit "$(scaled 20 60)" || fail "listings failed"
pass

# A name's nodeid carries nine bits of the generation of the node's key; from Linux 6.16 on the kernel can be told that they begin anew.
begin "a name of 512 keys ago"
if [ "$(printf '6.16\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.16 ]; then
	(
		cd "$MNT" && mkdir nodes/first labels/Old && ln -s ../../nodes/first labels/Old/first && ls -l labels/Old >/dev/null &&
			mv nodes/first nodes/k1
		for ((i = 1; i < 512; i++)); do mv "nodes/k$i" "nodes/k$((i + 1))"; done
	) || fail "512 renames"
	hasnt "$MNT/labels/Old/first"
	lists "$MNT/labels/Old" k512
fi
check_db
finish
