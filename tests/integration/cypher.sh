# Cypher through /.graphfs/cypher: a statement is written, its result read from the same descriptor, and all views show at once what it changed.
. "${BASH_SOURCE[0]%/*}/lib.sh"

# ask TEXT: writes a statement to descriptor 3 and prints what can be read then.
ask() {
	printf '%s\n' "$1" >&3 || return
	cat <&3
}

begin "a statement and its result"
new_db
mount_db
cd "$MNT" || exit 1
exec 3<>.graphfs/cypher
is "$(stat -c %a .graphfs/cypher)" 600
is "$(ask 'RETURN 1 AS one, "two" AS two')" $'[\n{"one":1,"two":"two"}\n]'
is "$(ask '{"query":"RETURN $x + 1 AS y","params":{"x":41},"format":"csv"}')" $'y\n42'
is "$(ask '{"query":"RETURN date(\"2020-02-29\") AS d","format":"typed"}')" '{"columns":["d"],"rows":[[{"temporal":"2020-02-29"}]]}'
is "$(cat <&3)" "" "nothing after the end"

begin "what Cypher changes shows in every view"
lists nodes
ask "CREATE (:Person {name: 'Ann', age: 30})-[:KNOWS {since: 2020}]->(:Person {name: 'Bob'})" >/dev/null || fail "CREATE"
lists nodes Ann Bob
lists labels/Person Ann Bob
is "$(cat nodes/Ann/age)" 30
is "$(readlink nodes/Bob/in/KNOWS/Ann)" ../../../Ann
is "$(cat nodes/Bob/in/KNOWS/.rel/Ann/since)" 2020
ask "MATCH (n {name: 'Ann'}) SET n.age = 31, n:Admin" >/dev/null || fail "SET"
is "$(cat nodes/Ann/age)" 31
lists nodes/Ann/labels Admin Person
ask "MATCH (:Person)-[r:KNOWS]->() DELETE r" >/dev/null || fail "DELETE"
lists nodes/Bob/in
ask "MATCH (n {name: 'Bob'}) DETACH DELETE n" >/dev/null || fail "DETACH DELETE"
hasnt nodes/Bob

ask 'UNWIND range(1, 10) AS i CALL { WITH i CREATE (:Batch {name: "b" + i}) } IN TRANSACTIONS OF 3 ROWS' >/dev/null || fail "IN TRANSACTIONS"
lists labels/Batch b1 b10 b2 b3 b4 b5 b6 b7 b8 b9
! ask 'UNWIND [1, 2, 0] AS i CALL { WITH i CREATE (:Part {name: "p" + 2 / i}) } IN TRANSACTIONS OF 1 ROWS' >/dev/null 2>&1 || fail "a transaction that fails"
lists labels/Part p1 p2

begin "what the views change shows in the next statement"
ok "mkdir" mkdir nodes/Carl
echo 7 >nodes/Carl/n || fail "write"
ok "ln -s" ln -s ../../../Ann nodes/Carl/out/KNOWS/
is "$(ask '{"query":"MATCH (a)-[:KNOWS]->(b) RETURN key(a) AS a, a.n AS n, key(b) AS b","format":"csv"}')" $'a,n,b\nCarl,7,Ann'
for i in $(seq 50); do
	echo "$i" >nodes/Carl/n
	is "$(ask '{"query":"MATCH (a) WHERE key(a) = \"Carl\" RETURN a.n AS n","format":"csv"}')" $'n\n'"$i"
done

begin "what fails"
! printf 'MATCH (n RETURN n' >&3 2>/dev/null || fail "a syntax error should fail write(2)"
cat <&3 | grep -q '"kind":"SyntaxError"' || fail "the reason should be readable"
! echo 'CREATE (' >.graphfs/cypher 2>/dev/null || fail "a syntax error by echo"
! printf "CREATE (:Gone {name: 'gone'}) WITH 1 AS x RETURN x / 0" >&3 2>/dev/null || fail "division by zero"
hasnt nodes/gone
is "$(ask 'MATCH (n:Gone) RETURN count(*) AS n')" $'[\n{"n":0}\n]' "a failed statement leaves no trace"
! printf '{"query": 1}' >&3 2>/dev/null || fail "a request without a text"
{ head -c 3000000 /dev/zero | tr '\0' ' '; echo 'RETURN 1 AS long'; } | dd bs=4M iflag=fullblock status=none >&3 || fail "a long statement"
is "$(cat <&3)" $'[\n{"long":1}\n]' "three megabytes of it"

begin "graphfsctl query on the mount"
is "$(graphfsctl query "$MNT" 'RETURN $x AS x, $y AS y' --param x=1 --param y=text --format csv)" $'x,y\n1,text'
is "$(graphfsctl query "$MNT" --no-cache --format typed 'RETURN 1.5 AS x')" '{"columns":["x"],"rows":[[1.5]]}'
is "$(graphfsctl query "$MNT" 'RETURN x' 2>&1)" "SyntaxError (UndefinedVariable): there is no variable 'x' here"
! graphfsctl query "$MNT" 'RETURN 1/0' >/dev/null 2>&1 || fail "exit status of a failed statement"

begin "graphfsctl shell on the mount"
is "$(printf ':param p=2\nRETURN $p AS p;\nMATCH (n:Admin)\nRETURN count(*) AS c' | graphfsctl shell "$MNT")" $'p\n2\nc\n1'

begin "an interrupted statement ends"
(printf 'UNWIND range(1, 3000) AS a UNWIND range(1, 3000) AS b UNWIND range(1, 3000) AS c RETURN count(*)' >&3) &
writer=$!
sleep 0.5
kill -TERM $writer # a shell's background processes ignore SIGINT
for ((i = 0; i < 50; i++)); do kill -0 $writer 2>/dev/null || break; sleep 0.1; done
kill -0 $writer 2>/dev/null && fail "the statement goes on"
wait $writer 2>/dev/null
is "$(ask 'RETURN 2 AS two')" $'[\n{"two":2}\n]' "others go on"

begin "a thousand statements leave nothing behind"
# statements FROM: a thousand that were never asked before.
statements() {
	local i
	for ((i = $1; i < $1 + $(scaled 1000 100); i++)); do
		exec 4<>.graphfs/cypher
		printf 'RETURN %d AS a, "x%d" AS b' "$i" "$i" >&4 || fail "statement $i"
		exec 4>&-
	done
}
resident_kb() {
	awk '/^VmRSS:/ { print $2 }' /proc/"$daemon"/status
}
# What the caches keep is theirs to keep.
echo 0 >.graphfs/cache/query/enabled
statements 0
before=$(ls /proc/"$daemon"/fd | wc -l)
memory=$(resident_kb)
statements 1000
is "$(ls /proc/"$daemon"/fd | wc -l)" "$before" "descriptors"
grown=$(($(resident_kb) - memory))
# Sanitizers keep what is freed; they find what is not by themselves.
[ -n "$GRAPHFS_SANITIZE" ] || [ "$grown" -lt 1024 ] || fail "memory grew by $grown KB"
echo 1 >.graphfs/cache/query/enabled
exec 3>&-
cd / || exit 1
check_db
finish
