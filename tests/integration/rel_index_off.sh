# What other tests say of relationships, with rel_index=off: they are answered from the chains of the records.
set -u
case ${GRAPHFS_SANITIZE-} in
*thread*) echo "the same threads as with the index, in the same places: test_graph_model has them" && exit 77 ;;
esac
export GRAPHFS_MOUNT_OPTS=${GRAPHFS_MOUNT_OPTS:+$GRAPHFS_MOUNT_OPTS,}rel_index=off
for test in views regressions; do
	bash "$(dirname "$0")/$test.sh" || exit
done

# Switched to and fro in use, and by a remount.
GRAPHFS_MOUNT_OPTS=
. "$(dirname "$0")/lib.sh"
begin "switched in use"
new_db
mount_db
is "$(cat "$MNT/.graphfs/rel_index")" on
mkdir "$MNT"/nodes/{hub,{1..300}}
mkdir "$MNT/nodes/hub/in/T" "$MNT/nodes/hub/in/EMPTY"
for i in {1..300}; do
	ln -s ../../../hub "$MNT/nodes/$i/out/T/hub" || fail "ln -s $i"
done
ok "off" sh -c "echo off >$MNT/.graphfs/rel_index"
is "$(cat "$MNT/.graphfs/rel_index")" off
rm "$MNT/nodes/5/out/T/hub"
ln -s ../../../hub "$MNT/nodes/5/out/T/hub"
rm "$MNT/nodes/5/out/T/hub"
is "$(ls "$MNT/nodes/hub/in/T" | wc -l)" 299
echo on >"$MNT/.graphfs/rel_index"
is "$(ls "$MNT/nodes/hub/in/T" | wc -l)" 299
remount_db rel_index=off
is "$(cat "$MNT/.graphfs/rel_index")" off
ln -s ../../../hub "$MNT/nodes/5/out/T/hub"
off=$(ls -RU "$MNT/nodes/hub" "$MNT/nodes/7" "$MNT/rels" && cat "$MNT/nodes/hub/.json")
remount_db
again=$(ls -RU "$MNT/nodes/hub" "$MNT/nodes/7" "$MNT/rels" && cat "$MNT/nodes/hub/.json")
is "$off" "$again" "listings in their own order, by chains and by indexes"
refused sh -c "echo maybe >$MNT/.graphfs/rel_index"
check_db
finish
