# A statement that comes to a limit ends with an error that says so, leaves nothing behind, and keeps nobody waiting.
#
#   GRAPHFS_STALL_SECONDS=N   how long others are watched beside each kind of statement (400 ms)
#   GRAPHFS_STALL_MS=N        how long anybody may wait (10000, which a busy machine keeps too; the promise beside readers is 50 on a quiet one)
. "${BASH_SOURCE[0]%/*}/lib.sh"
watched_ms=${GRAPHFS_STALL_SECONDS:+${GRAPHFS_STALL_SECONDS}000}
stall_ms=${GRAPHFS_STALL_MS:-10000}

# stalls DETAIL STATEMENT: others go on beside it.
stalls() {
	"$GRAPHFS_TESTS/stalls" "$MNT" --wanted "$1" --ms "${watched_ms:-400}" --max-ms "$stall_ms" "$2" || fail "stalls beside $1"
	pass
}

# error_of STATEMENT: what it fails with.
error_of() {
	graphfsctl query "$MNT" "$1" 2>&1 >/dev/null | head -n 1
}

new_db
mkdir "$TMP/csv"
printf 'name,age\nAnn,30\n' >"$TMP/csv/people.csv"
mount_db "load_csv=$TMP/csv"
limits=$MNT/.graphfs/query
graphfsctl query "$MNT" 'UNWIND range(1, 2000) AS i CREATE (:N {i: i})' >/dev/null || fail "CREATE"

begin "errors"
is "$(cat "$limits/memory_bytes" "$limits/time_ms" | tr '\n' ' ')" "536870912 0 "
echo 16M >"$limits/memory_bytes"
is "$(error_of 'MATCH (n:N), (m:N) RETURN collect([n, m])')" "LimitExceeded (MemoryLimit): the statement needs more than 16777216 bytes of memory"
echo 100 >"$limits/time_ms"
grep -q 'out of memory' "$LOG" && fail "memory has not run out"
is "$(error_of 'MATCH (a:N), (b:N), (c:N) RETURN sum(a.i + b.i + c.i)')" "LimitExceeded (TimeLimit): the statement took longer than the limit"
is "$(error_of 'MATCH (a:N), (b:N), (c:N) CREATE (:Left {i: a.i}) RETURN sum(a.i + b.i + c.i)')" \
	"LimitExceeded (TimeLimit): the statement took longer than the limit"
is "$(graphfsctl query "$MNT" 'MATCH (n:Left) RETURN count(n) AS n' --format csv)" $'n\n0' "a failed one leaves nothing"
echo 100 >"$limits/rows"
is "$(error_of 'MATCH (n:N) RETURN n.i')" "LimitExceeded (RowLimit): more than 100 rows"
echo 0 >"$limits/rows"
is "$(graphfsctl query "$MNT" 'MATCH (n:N) RETURN count(n) AS n' --format csv)" $'n\n2000' "others"
refused sh -c "echo never >'$limits/time_ms'"

begin "beside a statement that takes too long"
stalls TimeLimit 'MATCH (a:N), (b:N), (c:N) RETURN sum(a.i + b.i + c.i)'
begin "beside a statement that gives rows for too long"
stalls TimeLimit 'MATCH (a:N), (b:N), (c:N) RETURN a.i, b.i, c.i'
echo 0 >"$limits/time_ms"

begin "beside a statement that takes too much"
stalls MemoryLimit 'MATCH (n:N), (m:N) RETURN collect([n, m])'
begin "beside a sort that takes too much"
stalls MemoryLimit 'MATCH (n:N), (m:N) WITH n.i AS a, m.i AS b ORDER BY a, b RETURN max(a)'

# A writing statement holds the graph until it ends. It can be seen and ended all the same, and so by others, however many wait for the graph.
endless='UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a < 0 CREATE (:Left {a: a, b: b})'
start_endless() {
	graphfsctl query "$MNT" "$endless" >"$TMP/endless" 2>&1 &
	statement=$!
	until grep -q UNWIND "$limits/running"; do
		kill -0 "$statement" || fail "it has ended: $(cat "$TMP/endless")"
		sleep 0.05
	done
	waiting=()
	for i in 1 2 3; do
		ls "$MNT/nodes/@$i" >/dev/null 2>&1 &
		waiting+=($!)
		mkdir "$MNT/nodes/$RANDOM$RANDOM" &
		waiting+=($!)
	done
	sleep 0.2
}
ended_by() {
	wait "$statement"
	is "$(head -n 1 "$TMP/endless")" "QueryTerminated (QueryTerminated): the statement was $1"
	wait "${waiting[@]}"
	is "$(cat "$limits/running")" "" "statements that run"
}

begin "a writing statement ends when its caller is interrupted"
start_endless
kill -INT "$statement"
ended_by interrupted
begin "a writing statement is ended by another one, and by a control file"
start_endless
id=$(cut -f 1 "$limits/running")
is "$(graphfsctl query "$MNT" "TERMINATE QUERY '$id'" --format csv)" "queryId,message"$'\n'"$id,terminated"
ended_by terminated
start_endless
id=$(cut -f 1 "$limits/running")
ok "terminate" sh -c "echo $id >'$limits/terminate'"
ended_by terminated
is "$(stat -c %a "$limits/running" "$limits/terminate" | tr '\n' ' ')" "400 600 "
refused sh -c "echo nonsense >'$limits/terminate'"
refused sh -c "echo query-12345678 >'$limits/terminate'"
is "$(graphfsctl query "$MNT" 'MATCH (n:Left) RETURN count(n) AS n' --format csv)" $'n\n0' "what it left"

begin "slow statements are logged"
echo 1 >"$limits/slow_ms"
graphfsctl query "$MNT" 'UNWIND range(1, 200000) AS i RETURN sum(i % 7) AS slow' >/dev/null || fail "a slow statement"
echo 0 >"$limits/slow_ms"
grep -q 'a statement took [0-9]* ms: UNWIND range(1, 200000) AS i RETURN sum(i % 7) AS slow' "$LOG" || fail "the log: $(tail -n 3 "$LOG")"
pass

begin "LOAD CSV"
is "$(graphfsctl query "$MNT" "LOAD CSV WITH HEADERS FROM 'file:///people.csv' AS row RETURN row.name AS n, row.age AS a" --format csv)" $'n,a\nAnn,30'
error_of "LOAD CSV FROM 'file:///../daemon.log' AS row RETURN row" | grep -q LoadCsvFailed || fail "out of the folder"
pass
check_db
finish
