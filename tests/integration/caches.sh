#!/bin/bash
# The caches of a mount: switched, resized and given other policies while they are in use, with the same answers; warmed by what the last run
# had; and the daemon's memory inside its budget, reading and writing.
. "$(dirname "$0")/lib.sh"
LAYERS="page object index query"
ctl=$MNT/.graphfs
NODES=$(scaled 20000 4000)

# metric NAME: one number of .graphfs/stats.
metric() {
	awk -v name="$1" '$1 == name { print $2 }' "$ctl/stats"
}

# under BYTES WHAT: the daemon's resident memory. Sanitizers have their own.
under() {
	[ -n "$GRAPHFS_SANITIZE" ] || [ "$(metric graphfs_resident_bytes)" -lt "$1" ] ||
		fail "$2: $(metric graphfs_resident_bytes) bytes resident"
	pass
}

# Everything that a reader sees of some nodes (none that is changed below), past the kernel's own cache.
digest() {
	local i
	for ((i = 97; i < NODES; i += NODES / 50)); do
		dd if="$MNT/nodes/n$i/.json" bs=1M iflag=direct status=none
	done | sha256sum
}

begin "a graph larger than the caches"
new_db
awk -v n="$NODES" 'BEGIN { print ":ID,text,:LABEL"; s = sprintf("%1800s", ""); gsub(/ /, "x", s)
	for (i = 0; i < n; i++) print "n" i "," s i "," (i % 3 ? "A" : "B") }' >"$TMP/nodes.csv"
awk -v n="$NODES" 'BEGIN { print ":START_ID,:END_ID,:TYPE"; for (i = 0; i < n; i++) print "n" i ",n" (i * 7 + 1) % n ",T" }' >"$TMP/rels.csv"
ok "import" graphfsctl import "$DB" --nodes "$TMP/nodes.csv" --relationships "$TMP/rels.csv"

begin "files of the layers"
mount_db cache=32M,cache_query=2M,cache_object_policy=lru
is "$(cat "$ctl/cache/budget")" 33554432 "budget"
is "$(cat "$ctl/cache/query/limit")" 2097152 "cache_query="
is "$(cat "$ctl/cache/object/policy")" lru "cache_object_policy="
for layer in $LAYERS; do
	is "$(stat -c %A "$ctl/cache/$layer/limit")" -rw-r--r-- "$layer/limit"
	is "$(stat -c %A "$ctl/cache/$layer/used")" -r--r--r-- "$layer/used"
	for file in enabled limit used dirty hits misses insertions evictions entries policy; do
		ok "read $layer/$file" cat "$ctl/cache/$layer/$file"
	done
	is "$(metric "graphfs_cache_limit_bytes{layer=\"$layer\"}")" "$(cat "$ctl/cache/$layer/limit")" "metric of $layer"
done
refused sh -c "echo fifo > '$ctl/cache/page/policy'"
refused sh -c "echo 1K > '$ctl/cache/page/limit'"
is "$(graphfsctl stats "$MNT" | grep -c '^graphfs_cache_hits_total{')" 4 "layers of graphfsctl stats"

begin "changed while in use"
before=$(digest)
(
	# A reader that goes on meanwhile, and says when it sees something else.
	until [ -e "$TMP/stop" ]; do
		[ "$(digest)" = "$before" ] || { touch "$TMP/wrong"; break; }
		echo >>"$TMP/rounds"
	done
) &
reader=$!
policies=(s3fifo lru clock)
touch "$TMP/rounds"
for ((i = 0; i < $(scaled 200 40) || $(wc -l <"$TMP/rounds") < 5; i++)); do
	hasnt "$TMP/wrong"
	for layer in $LAYERS; do
		echo $((RANDOM % 3 > 0)) >"$ctl/cache/$layer/enabled" || fail "enabled"
		echo "${policies[RANDOM % 3]}" >"$ctl/cache/$layer/policy" || fail "policy"
		echo $((RANDOM % 2 * (65536 + RANDOM * 100))) >"$ctl/cache/$layer/limit" || fail "limit"
	done
	echo $((1 << (20 + RANDOM % 6))) >"$ctl/cache/budget" || fail "budget"
	echo "$i" >"$MNT/nodes/n1/change" || fail "write"
	is "$(cat "$MNT/nodes/n1/change")" "$i" "what was written"
done
touch "$TMP/stop"
wait "$reader"
hasnt "$TMP/wrong"
for layer in $LAYERS; do
	echo 0 >"$ctl/cache/$layer/limit"
	echo 1 >"$ctl/cache/$layer/enabled"
done
echo 32M >"$ctl/cache/budget"

begin "memory: everything read, much written"
seq -f "$MNT/nodes/n%.0f/.json" 0 $((NODES - 1)) | xargs cat | wc -c >/dev/null
under $(((32 + 64) << 20)) "read with cache=32M"
for ((i = 0; i < $(scaled 60 6); i++)); do
	head -c 1000000 /dev/urandom >"$MNT/nodes/n$i/blob" || fail "write"
	under $(((32 + 64) << 20)) "written with cache=32M"
done

begin "a walk is read ahead"
remount_db cache=32M
seq -f "$MNT/nodes/n%.0f/text" 0 3000 | xargs cat | wc -c >/dev/null
[ "$(metric graphfs_pages_ahead_total)" -gt 100 ] || fail "only $(metric graphfs_pages_ahead_total) pages read ahead"
pass

begin "warming"
hasnt "$DB/warm"
remount_db cache=32M,cache_warm=on
is "$(metric graphfs_pages_warmed_total)" 0 "warmed without a file"
seq -f "$MNT/nodes/n%.0f/text" 0 500 | xargs cat >/dev/null
remount_db cache=32M,cache_warm=on
has "$DB/warm"
for ((i = 0; i < 500 && $(metric graphfs_pages_warmed_total) < 50; i++)); do sleep 0.02; done
[ "$(metric graphfs_pages_warmed_total)" -ge 50 ] || fail "warmed $(metric graphfs_pages_warmed_total) pages"
pass
umount_db
echo x >>"$DB/warm"
mount_db cache=32M,cache_warm=on
is "$(metric graphfs_pages_warmed_total)" 0 "warmed by a damaged file"
grep -q "the cache is not warmed" "$LOG" || fail "a damaged file is not spoken of"
pass
is "$(digest)" "$before" "answers in the end"
check_db
finish
