# Property files hold any bytes: contract.c writes random and nasty ones through a mount and reads each back, then again after a remount.
# GRAPHFS_CONTRACT_COUNT and GRAPHFS_SEED change how many and which.
. "$(dirname "$0")/lib.sh"

count=${GRAPHFS_CONTRACT_COUNT:-$(scaled 100000 10000)}
seed=${GRAPHFS_SEED:-$((RANDOM * 32768 + RANDOM))}

begin "seed $seed, $count values"
new_db
mount_db
"$GRAPHFS_TESTS/contract" write "$MNT" "$seed" "$count" || fail "seed $seed"
pass
remount_db
"$GRAPHFS_TESTS/contract" verify "$MNT" "$seed" "$count" || fail "seed $seed, after a remount"
pass
check_db
finish
