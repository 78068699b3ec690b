# The daemon is killed with -9 at random moments while processes change the graph. After each kill: the leftover mount is recovered by mounting
# again, everything acknowledged is there and nothing else, and fsck.graphfs finds nothing wrong. In the modes async, group and sync.
#
#   GRAPHFS_KILLS=N        kills a mode (20)
#   GRAPHFS_KILL_NODES=N   instead of kill9.c the workload is a shell script that makes N nodes with mkdir, echo and ln -s (the
#                          issue's is 10000), with the kills spread over it
#   GRAPHFS_SEED=N         which random moments and operations
. "$(dirname "$0")/lib.sh"

kills=${GRAPHFS_KILLS:-$(scaled 20 5)}
nodes=${GRAPHFS_KILL_NODES:-0}
seed=${GRAPHFS_SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$seed
workers=4
worker=0

# kill_daemon: and wait until it is gone. Its mount stays behind, dead.
kill_daemon() {
	kill -9 "$daemon" 2>/dev/null || fail "the daemon had ended by itself"
	wait "$daemon" 2>/dev/null
	daemon=0
}

nap() { # nap MIN MAX, in milliseconds
	sleep "$(printf '%d.%03d' $((ms = $1 + RANDOM % ($2 - $1 + 1), ms / 1000)) $((ms % 1000)))"
}

# The database as the killed daemon left it: what its log restores must be sound. Changes nothing.
check_left() {
	fsck.graphfs -n "$DB" >"$TMP/fsck.log" 2>&1 || fail "fsck.graphfs -n after kill $1: $(cat "$TMP/fsck.log")"
	pass
}

# ---- kill9.c ----

operations() { # how many the journals hold
	cat "$TMP"/journal.* 2>/dev/null | wc -l
}

cycle_with_program() {
	"$GRAPHFS_TESTS/kill9" work "$MNT" "$TMP/journal" "$workers" "$seed" 2>"$TMP/work.log" &
	worker=$!
	nap 20 200
	if [ $(($1 % 2)) = 0 ]; then
		echo 1 2>/dev/null >"$MNT/.graphfs/checkpoint" &
		nap 0 15
	fi
	kill_daemon
	wait "$worker" || fail "the workload: $(cat "$TMP/work.log")"
}

verify_with_program() {
	"$GRAPHFS_TESTS/kill9" verify "$MNT" "$TMP/journal" "$workers" "$seed" >"$TMP/verify.log" 2>&1 ||
		fail "mode $mode, kill $1: $(cat "$TMP/verify.log")"
	pass
}

run_program() {
	local i
	rm -f "$TMP"/journal.*
	mkdir "$MNT/labels/Marked" "$MNT/rels/KNOWS" || fail "mkdir"
	for ((i = 1; i <= kills; i++)); do
		cycle_with_program "$i"
		[ $((i % 4)) != 1 ] || check_left "$i"
		mount_db "$mount_opts"
		verify_with_program "$i"
	done
	check_db
	verify_with_program "after a clean remount"
	echo "        $mode: $kills kills, $(operations) operations"
	[ "$(operations)" -gt "$kills" ] || fail "too few operations to mean anything"
}

# ---- a shell script ----

# Each line of the log was written when that operation had succeeded.
shell_workload() { # shell_workload FROM
	local i before
	cd "$MNT/nodes" 2>/dev/null || return 0
	for ((i = $1; i <= nodes; i++)); do
		[ -d "s$i" ] || mkdir "s$i" || return 0
		echo "m $i"
		echo "value of $i" >"s$i/value" || return 0
		echo "p $i"
		before=s$((i - 1))
		if [ "$i" -gt 1 ]; then
			[ -L "s$i/out/NEXT/$before" ] || ln -s "../../../$before" "s$i/out/NEXT/$before" || return 0
			echo "l $i"
		fi
	done
} 2>/dev/null >>"$TMP/acknowledged"

# What is there, in the words of the log: one walk over everything, one read of every value.
find_all() {
	find . -mindepth 1 -printf '%y %p %l\n' >"$TMP/walk"
	awk '$1 == "d" && split($2, part, "/") == 2 { print "m", part[2] }
		$1 == "l" && split($2, part, "/") == 5 {
			from = substr(part[2], 2); to = substr(part[5], 2)
			if (part[4] == "NEXT" && $3 == "../../../s" to && from - to == (part[3] == "out" ? 1 : -1))
				print part[3] == "out" ? "l s" from : "i s" to
		}' "$TMP/walk"
	awk '$1 == "f" { print $2 }' "$TMP/walk" | xargs -r grep -H '' |
		sed -n 's|^\./s\([0-9]*\)/value:value of \([0-9]*\)$|\1 \2|p' | awk '$1 == $2 { print "p s" $1 }'
}

verify_shell() {
	local missing more
	cd "$MNT/nodes" || fail "cd"
	find_all | sort -u >"$TMP/found"
	cd / || fail "cd"
	awk '{ print $1, "s" $2; if ($1 == "l") print "i", "s" $2 }' "$TMP/acknowledged" | sort -u >"$TMP/wanted"
	missing=$(comm -23 "$TMP/wanted" "$TMP/found" | head -n 5 | tr '\n' ',')
	[ -z "$missing" ] || fail "mode $mode, kill $1: missing: $missing"
	pass
	# and at most what was under way beyond it
	more=$(comm -13 "$TMP/wanted" "$TMP/found")
	[ "$(wc -l <<<"$more")" -le 2 ] || fail "mode $mode, kill $1: not asked for: $more"
	pass
}

reached() { # the node that the log speaks of last
	tail -n 1 "$TMP/acknowledged" | sed 's/.* //;s/^$/1/'
}

run_shell() {
	local i from
	: >"$TMP/acknowledged"
	mkdir "$MNT/rels/NEXT" || fail "mkdir"
	for ((i = 1; i <= kills; i++)); do
		from=$(reached)
		shell_workload "${from:-1}" &
		worker=$!
		# about an equal part of the nodes before each kill
		until [ "$(reached || echo 1)" -ge $((nodes * i / (kills + 1) - RANDOM % (nodes / (kills + 1) / 2 + 1))) ] 2>/dev/null; do
			kill -0 "$worker" 2>/dev/null || break
			nap 10 50
		done
		kill_daemon
		wait "$worker"
		[ $((i % 4)) != 1 ] || check_left "$i"
		mount_db "$mount_opts"
		verify_shell "$i"
	done
	from=$(reached)
	(shell_workload "${from:-1}")
	check_db
	verify_shell "after a clean remount"
	is "$(grep -c '^m' "$TMP/found")" "$nodes" "nodes in the end"
	is "$(grep -c '^p' "$TMP/found")" "$nodes" "properties in the end"
	is "$(grep -c '^l' "$TMP/found")" $((nodes - 1)) "relationships in the end"
	echo "        $mode: $kills kills, $(wc -l <"$TMP/acknowledged") operations acknowledged"
}

for mode in async group sync; do
	begin "mode $mode, seed $seed"
	new_db
	mount_db "wal=$mode"
	is "$(cat "$MNT/.graphfs/wal/mode")" "$mode"
	if [ "$nodes" = 0 ]; then run_program; else run_shell; fi
	umount_db
done
finish
