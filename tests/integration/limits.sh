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
