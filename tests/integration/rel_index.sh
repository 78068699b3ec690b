# rel_index switched while in use, and by a remount: everything about relationships is answered from the chains of the records, or from the indexes.
# combinations.sh has what other tests say with rel_index=off.
. "${BASH_SOURCE[0]%/*}/lib.sh"
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
