# With any layers of the caches off, and rel_index on or off, readers see the same, and other tests say what they say without.
#
# A combination is a number: bits 0 to 3 are set when the page, object, index and query layer is off, bit 4 when rel_index is. `tiny`: nothing is off, and the
# caches hold next to nothing, so that they evict all the time.
#
#   GRAPHFS_FULL=1                   nearly every test in every combination (an hour or two: not by ctest, whose limit is ten minutes); else a few in a few
#   GRAPHFS_COMBINATIONS="0 tiny"    which combinations
#   GRAPHFS_COMBINED="views names"   which tests
#   GRAPHFS_CONTRACT_COUNT, GRAPHFS_COHERENCE_OPS, ...   of those tests; less than by themselves, unless given
. "${BASH_SOURCE[0]%/*}/lib.sh"
layers=(page object index query)

# options_of COMBINATION: for mounting.
options_of() {
	local bit options=
	if [ "$1" = tiny ]; then
		echo cache=1M,cache_page=64K,cache_object=64K,cache_index=64K,cache_query=64K
		return
	fi
	for bit in 0 1 2 3; do
		(($1 >> bit & 1)) && options+=cache_${layers[bit]}=off,
	done
	(($1 >> 4 & 1)) && options+=rel_index=off || options+=rel_index=on
	echo "$options"
}

# run COMBINATION TEST...
run() {
	local combination=$1 test status
	shift
	for test in "$@"; do
		begin "$test, combination $combination"
		GRAPHFS_FULL='' GRAPHFS_MOUNT_OPTS=${GRAPHFS_MOUNT_OPTS:+$GRAPHFS_MOUNT_OPTS,}$(options_of "$combination") \
			bash "$here/$test.sh" >"$TMP/test.log" 2>&1
		status=$?
		[ "$status" = 0 ] || [ "$status" = 77 ] || fail "$(tail -n 40 "$TMP/test.log")"
		pass
	done
}

# All tests but those that choose caches or rel_index themselves, or are about mounting.
all_tests() {
	local script
	for script in "$here"/*.sh; do
		case ${script##*/} in
		_* | lib.sh | combinations.sh | caches.sh | rel_index.sh | mount.sh | memory.sh | import_memory.sh) ;;
		*) basename "$script" .sh ;;
		esac
	done
}

# The graph as readers see it, in the order in which it is listed: names, kinds, sizes, targets, properties, results.
seen() {
	(
		cd "$MNT" && find nodes labels rels index/A -printf '%p %y %s %l\n' && cat nodes/n?/.json nodes/n?/out/T1/.rel/*/since &&
			cat query/far/result.csv && ls -U "labels/A&!B" query/far/nodes
	) || fail "reading"
}

export GRAPHFS_CONTRACT_COUNT=${GRAPHFS_CONTRACT_COUNT:-$(scaled 2000 300)} GRAPHFS_COHERENCE_OPS=${GRAPHFS_COHERENCE_OPS:-$(scaled 1000 300)}
export GRAPHFS_KILLS=${GRAPHFS_KILLS:-5}
if [ -n "${GRAPHFS_FULL:-}" ]; then
	combinations=$(seq 0 31)
else
	combinations="5 10 15 16 21 26 31"
fi
combinations=${GRAPHFS_COMBINATIONS:-$combinations tiny}

begin "the same in all"
new_db
awk 'BEGIN { print ":ID,number:int,:LABEL"; for (i = 0; i < 40; i++) print "n" i "," i % 7 "," (i % 3 ? "A" : "A;B") }' >"$TMP/nodes.csv"
awk 'BEGIN { print ":START_ID,:END_ID,:TYPE,since:int"; for (i = 0; i < 500; i++) print "n" i * i % 40 ",n" (i % 2 ? 7 : i % 40) ",T" i % 3 "," i }' >"$TMP/rels.csv"
ok "import" graphfsctl import "$DB" --nodes "$TMP/nodes.csv" --relationships "$TMP/rels.csv"
mount_db rel_index=on
mkdir -p "$MNT/index/A/number" "$MNT/query/far" "$MNT/nodes/n3/out/EMPTY"
echo 'MATCH (a:A {number: 3})-[:T1]->()<-[r:T2]-(b) RETURN b, count(r) ORDER BY b.number' >"$MNT/query/far/cypher"
seen >"$TMP/all"
[ "$(wc -l <"$TMP/all")" -gt 2000 ] || fail "only $(wc -l <"$TMP/all") lines seen"
for combination in $combinations; do
	remount_db "$(options_of "$combination")"
	seen | cmp - "$TMP/all" || fail "something else is seen in combination $combination"
	pass
done
umount_db

if [ -n "${GRAPHFS_COMBINED:-}${GRAPHFS_FULL:-}${GRAPHFS_COMBINATIONS:-}" ]; then
	for combination in $combinations; do
		run "$combination" ${GRAPHFS_COMBINED:-$(all_tests)}
	done
else
	run tiny contract coherence
	# What is off shares nothing with other threads.
	case $GRAPHFS_SANITIZE in
	*thread*) ;;
	*)
		run 31 views contract coherence
		run 16 regressions
		;;
	esac
fi
finish
