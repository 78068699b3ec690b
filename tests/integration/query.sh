# Saved queries: /query/NAME with its text, results, plan and nodes, through renaming, remounting and kill -9.
. "${BASH_SOURCE[0]%/*}/lib.sh"

# save NAME TEXT: makes the query unless it is there, and sets its text.
save() {
	[ -d "query/$1" ] || mkdir "query/$1" || fail "mkdir query/$1"
	printf '%s\n' "$2" >"query/$1/cypher" || fail "writing query/$1/cypher"
}

new_db
mount_db
cd "$MNT" || exit 1

begin "a new query"
lists query
is "$(stat -c '%a %u' query)" "700 $(id -u)"
has query
ok "mkdir" mkdir query/adults
lists query adults
lists query/adults cypher result.csv result.json result.txt explain nodes
is "$(stat -c %a query/adults query/adults/cypher query/adults/result.csv query/adults/nodes | tr '\n' ' ')" "700 600 400 700 "
is "$(cat query/adults/cypher)" ""
expect EINVAL open query/adults/result.csv r
lists query/adults/nodes
refused mkdir query/adults
refused mkdir query/adults/more
refused touch query/adults/more
refused mkdir query/@5

begin "its text is a file"
save adults 'MATCH (p:Person) WHERE p.age >= 18 RETURN p, p.age AS age ORDER BY age'
is "$(cat query/adults/cypher)" 'MATCH (p:Person) WHERE p.age >= 18 RETURN p, p.age AS age ORDER BY age'
is "$(stat -c %s query/adults/cypher)" 71
ok "dd" dd of=query/adults/cypher bs=1 seek=6 conv=notrunc if=/dev/stdin status=none < <(printf "(q")
is "$(head -c 11 query/adults/cypher)" "MATCH (q:Pe"
ok "truncate" truncate -s 9 query/adults/cypher
is "$(stat -c %s query/adults/cypher)" 9
echo >>query/adults/cypher
is "$(stat -c %s query/adults/cypher)" 10
! head -c 70000 /dev/zero >query/adults/cypher 2>/dev/null || fail "a text of 70,000 bytes"
expect EPERM open query/adults/result.csv w

begin "results"
mkdir labels/Person labels/Many nodes/Ann nodes/Bob nodes/Cid
for n in Ann Bob Cid; do ln -s "../../../labels/Person" "nodes/$n/labels/Person" || fail "label"; done
echo 30 >nodes/Ann/age
echo 40 >nodes/Bob/age
echo 7 >nodes/Cid/age
save adults 'MATCH (p:Person) WHERE p.age >= 18 RETURN key(p) AS who, p.age AS age ORDER BY age'
is "$(cat query/adults/result.csv)" $'who,age\nAnn,30\nBob,40'
is "$(cat query/adults/result.json)" $'[\n{"who":"Ann","age":30},\n{"who":"Bob","age":40}\n]'
grep -q Bob query/adults/result.txt || fail "result.txt: $(cat query/adults/result.txt)"
is "$(stat -c %s query/adults/result.csv)" 0
[ "$(wc -l <query/adults/explain)" -gt 1 ] || fail "explain: $(cat query/adults/explain)"
lists query/adults/nodes
echo 18 >nodes/Cid/age
is "$(cat query/adults/result.csv)" $'who,age\nCid,18\nAnn,30\nBob,40' "a change of the graph"
save big 'UNWIND range(1, 100000) AS i RETURN i'
is "$(tail -n 1 query/big/result.csv)" 100000
is "$(md5sum <query/big/result.csv)" "$({ echo i; seq 100000; } | md5sum)"
is "$(head -n 2 query/big/result.csv 2>&1)" $'i\n1'
! tail -c +5000 query/big/result.csv 2>/dev/null | grep -q . || fail "a result is read from its start"

begin "a result that is asked for again comes from the cache"
cat query/adults/result.csv >/dev/null || fail "the result"
hits=$(cat .graphfs/cache/query/results_hits)
hits=$((hits + $(cat .graphfs/cache/query/enabled))) # one more, unless the layer is off (combinations.sh)
cat query/adults/result.csv >/dev/null || fail "the result"
is "$(cat .graphfs/cache/query/results_hits)" "$hits" "hits"
echo 19 >nodes/Cid/age
is "$(cat query/adults/result.csv)" $'who,age\nCid,19\nAnn,30\nBob,40' "a change of the graph"
is "$(cat .graphfs/cache/query/results_hits)" "$hits" "hits after it"
echo 18 >nodes/Cid/age

begin "what fails"
save wrong 'MATCH (n RETURN n'
expect EINVAL open query/wrong/result.csv r
expect EINVAL open query/wrong/explain r
refused ls query/wrong/nodes
grep -q 'statement failed: SyntaxError' "$LOG" || fail "the log should say why"
save writes "CREATE (:Made {name: 'made'})"
expect EPERM open query/writes/result.json r
refused ls query/writes/nodes
hasnt nodes/made
[ -n "$(cat query/writes/explain)" ] || fail "the plan of a writing statement"
hasnt nodes/made
save late 'UNWIND [1, 0] AS d RETURN 1 / d AS x'
refused cat query/late/result.csv
expect 0 rmdir query/wrong

begin "nodes/ has links to the nodes, as of now"
save adults 'MATCH (p:Person) WHERE p.age >= 18 RETURN p, p AS again, p.age'
lists query/adults/nodes Ann Bob Cid
is "$(readlink query/adults/nodes/Ann)" ../../../nodes/Ann
is "$(cat query/adults/nodes/Ann/age)" 30
is "$(find query/adults/nodes -type l | wc -l)" 3
refused cat query/adults/nodes/Dan/age
for i in $(seq 20); do
	echo 7 >nodes/Cid/age
	lists query/adults/nodes Ann Bob
	hasnt query/adults/nodes/Cid
	echo $((i + 18)) >nodes/Cid/age
	lists query/adults/nodes Ann Bob Cid
	has query/adults/nodes/Cid
done
mv nodes/Cid nodes/Cyd
lists query/adults/nodes Ann Bob Cyd
save adults 'MATCH (p:Person {age: 30}) RETURN p'
lists query/adults/nodes Ann

for i in $(seq 600); do mkdir "nodes/many-$i" && ln -s ../../../labels/Many "nodes/many-$i/labels/Many"; done || fail "many nodes"
save many 'MATCH (n:Many) RETURN n ORDER BY key(n) DESC'
is "$(ls query/many/nodes | wc -l)" 600
is "$(ls -U query/many/nodes | head -n 1)" many-1 "by id"
is "$(ls -l query/many/nodes | grep -c -- '-> ../../../nodes/many-')" 600

begin "renaming and removing"
ok "mv" mv query/adults query/grown
lists query big grown late many writes
hasnt query/adults
is "$(cat query/grown/result.csv | wc -l)" 2
lists query/grown/nodes Ann
refused mv -T query/grown query/many
refused mv query/grown/cypher query/many/cypher2
ok "a strange name" mkdir 'query/50%'
has 'query/50%25'
ok "rm -r" rm -r query/grown
hasnt query/grown
has nodes/Ann/age
ok "mkdir again" mkdir query/grown
is "$(cat query/grown/cypher)" ""
lists query/grown/nodes
ok "rm -r of an empty one" rm -r query/grown
ok "rmdir" rmdir query/late 'query/50%'
(cd query/many && rmdir ../many && ! cat cypher) >/dev/null 2>&1 || fail "a removed query, from inside"
mkdir query/many && save many 'RETURN 1 AS one'
is "$(cat query/many/result.csv)" $'one\n1'

begin "several at once"
save count 'MATCH (n:Many) RETURN count(*) AS n'
save some 'MATCH (n:Many) RETURN n'
{ for i in $(seq 30); do mkdir "query/q$i" && rmdir "query/q$i" || exit 1; done; } &
maker=$!
{ for i in $(seq 30); do [ "$(ls query/some/nodes | wc -l)" = 600 ] || exit 1; done; } &
lister=$!
for i in $(seq 30); do
	is "$(cat query/count/result.csv)" $'n\n600'
	is "$(cat query/count/nodes/nothing 2>/dev/null)" ""
done
wait $maker || fail "mkdir and rmdir beside readers"
wait $lister || fail "a listing beside others"

begin "an interrupted result ends"
save endless 'UNWIND range(1, 3000) AS a UNWIND range(1, 3000) AS b UNWIND range(1, 3000) AS c RETURN count(*)'
cat query/endless/result.csv >/dev/null &
reader=$!
sleep 0.5
kill -INT $reader 2>/dev/null
kill $reader 2>/dev/null
wait $reader
is "$(cat query/count/result.csv)" $'n\n600' "others go on"

begin "it lasts"
cd / || exit 1
remount_db
is "$(cat "$MNT/query/count/result.csv")" $'n\n600'
dump_db "$TMP/dump"
grep -q '^{"query":"count","text":"MATCH (n:Many) RETURN count(\*) AS n\\n"}$' "$TMP/dump" || fail "the dump"
check_db
mkdir "$MNT/query/last"
echo 'RETURN 1 AS last' >"$MNT/query/last/cypher"
sync "$MNT/query"
{
	kill -9 "$daemon"
	wait "$daemon"
} 2>/dev/null
daemon=0
umount -l "$MNT"
mount_db
is "$(cat "$MNT/query/last/result.csv")" $'last\n1' "after kill -9"
check_db
cd / || exit 1
remount_db ro
is "$(cat "$MNT/query/last/result.csv")" $'last\n1' "read-only"
expect EROFS mkdir "$MNT/query/new"
finish
