# /index: property indexes as folders, made with mkdir on graphs with data while others write; on a small graph, a generated one, and WordNet when
# ../shared is there.
#
#   GRAPHFS_INDEX_NODES=N   nodes of the generated graph (20,000; 2,000 under sanitizers)
#   GRAPHFS_INDEX_LOOKS=N   changes that each of four writers makes and looks after (400; 60)
. "$(dirname "$0")/lib.sh"

generated=${GRAPHFS_INDEX_NODES:-$(scaled 20000 2000)}
wordnet=/tmp/graphfs-data-$UID/wordnet # made by realdata.sh
control=$MNT/.graphfs/index
writer=0

enter() {
	cd "$MNT" || fail "cd $MNT"
}

checked() {
	cd /
	check_db
}

# Writes one property of one node after the other, over and over, until stop_writer. write_on PROPERTY VALUE-COUNT NODE...
start_writer() {
	local property=$1 values=$2
	shift 2
	rm -f "$TMP/written"
	(
		trap 'exit 0' TERM
		i=0
		while :; do
			for node in "$@"; do
				i=$((i + 1))
				echo "w$((i % values))" >"$MNT/nodes/$node/$property" || exit 1
				echo "$i" >"$TMP/written"
			done
		done
	) &
	writer=$!
}

stop_writer() {
	kill -0 "$writer" 2>/dev/null || fail "the writer ended by itself"
	kill "$writer"
	wait "$writer" || fail "the writer failed"
	[ "$(cat "$TMP/written")" -gt 0 ] || fail "nothing was written"
	pass
}

await_state() { # await_state INDEX STATE
	local tries=0
	until [ "$(cat "$control/$1/state" 2>/dev/null)" = "$2" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 6000 ] || fail "index $1 is not $2 after a minute"
		sleep 0.01
	done
	pass
}

begin "a small graph"
new_db
mount_db
enter
mkdir nodes/a nodes/b nodes/c nodes/outside labels/P
for node in a b c; do
	ln -s ../../../labels/P nodes/$node/labels/P
done
echo 30 >nodes/a/age
echo 30 >nodes/b/age
echo old >nodes/c/age
echo 30 >nodes/outside/age
lists index
ok "mkdir -p" mkdir -p index/P/age
lists index P
lists index/P age
lists index/P/age 30 old
lists index/P/age/30 a b
is "$(readlink index/P/age/30/a)" ../../../../nodes/a
is "$(cat index/P/age/30/b/age)" 30
ok "stat through the link" stat -L index/P/age/old/c
ok "mkdir -p again" mkdir -p index/P/age
expect EEXIST mkdir index/P/age
expect EEXIST mkdir index/P
hasnt index/P/age/30/c
hasnt index/P/age/31
hasnt index/P/name
hasnt index/Q
lists .graphfs/index P.age
is "$(cat .graphfs/index/P.age/state)" ready
is "$(cat .graphfs/index/P.age/entries .graphfs/index/P.age/distinct .graphfs/index/P.age/progress | tr '\n' ' ')" "3 2 100 "
is "$(cat .graphfs/index/P.age/label .graphfs/index/P.age/property .graphfs/index/P.age/unique | tr '\n' ' ')" "P age 0 "

begin "changes are seen at once"
echo 31 >nodes/a/age
lists index/P/age 30 31 old
lists index/P/age/30 b
rm nodes/c/age
hasnt index/P/age/old
mv nodes/a nodes/z
lists index/P/age/31 z
is "$(readlink index/P/age/31/z)" ../../../../nodes/z
hasnt index/P/age/31/a
rm nodes/b/labels/P
hasnt index/P/age/30
ln -s ../../../labels/P nodes/outside/labels/P
lists index/P/age/30 outside
mv nodes/outside/age nodes/outside/other
hasnt index/P/age/30
mv nodes/outside/other nodes/outside/age
lists index/P/age/30 outside
rm -r nodes/outside
lists index/P/age 31
cd index/P/age/31 || fail "cd"
echo 32 >"$MNT/nodes/z/age"
lists .
hasnt "$MNT/index/P/age/31"
echo 31 >"$MNT/nodes/z/age"
lists . z
echo 32 >"$MNT/nodes/z/age"
enter
lists index/P/age/32 z

begin "values and their names"
value() { # value TEXT NAME [TYPE]: a node with that file is found under that name
	rm -f nodes/z/age # and with it the type it was given
	printf '%b' "$1" >nodes/z/age
	[ -z "${3:-}" ] || setfattr -n user.graphfs.type -v "$3" nodes/z/age || fail "type $3"
	lists index/P/age "$2"
	lists "index/P/age/$2" z
	is "$(readlink "index/P/age/$2/z")" ../../../../nodes/z
}
value '30\n' 30
value '30\n' @string:30 string
value '1.5' 1.5
value '1.0\n' 1.0
value 'true' true
value 'true' @string:true string
value '' @string:
value 'a b' 'a b'
value 'x/y%' x%2Fy%25
value '.' %2E
value '@5' %405
value 'tab\there\n\n' '@string:tab%09here%0A'
value '\0001\0000' %01%00
value '\0377\0000' @bytes:ff00
value '[1, 2]' '[1, 2]'
value '[1, 2]' '@list:[1, 2]' list
value 'ünï😀' 'ünï😀'
is "$(ls index/P/age/@string:ünï😀)" z "the marked form, though not listed"
value "$(printf 'x%.0s' {1..255})" "$(printf 'x%.0s' {1..255})"
z=$(stat -c %i nodes/z)
z=$((z & ((1 << 34) - 1)))
value "$(printf 'x%.0s' {1..256})" "@$z"
value "$(printf 'x%.0s' {1..5000})" "@$z"
value '\0377%s' "@bytes:ff2573"
echo 7 >nodes/z/age
is "$(ls "index/P/age/@$z")" z "a value by its node"
for name in @ @0 @99999 @integer:x @float:7 @string @bytes:0 @bytes:0g @null:null @string:7 %37x; do
	hasnt "index/P/age/$name"
done

begin "what is refused"
for dir in x index/P/age/x index/P/age/7/x; do
	expect EPERM mkdir $dir
done
for file in index/x index/P/x index/P/age/x index/P/age/7/x; do
	expect EPERM creat $file
	expect EPERM symlink z $file
done
expect EPERM unlink index/P/age/7/z
expect EPERM rmdir index/P/age/7
expect EPERM rmdir index
expect ENOTEMPTY rmdir index/P
expect EPERM rename index/P/age index/P/other 0
expect EPERM chmod index/P/age 0755
expect ENOENT rmdir index/P/name

begin "it stays, and goes"
echo 8 >nodes/b/age
ln -s ../../../labels/P nodes/b/labels/P
mkdir index/Empty
cd /
remount_db
enter
lists index P Empty
lists index/P/age 7 8
checked
enter
ok "rmdir of a full index" rmdir index/P/age
lists index/P
hasnt .graphfs/index/P.age
ok "again" mkdir index/P/age
lists index/P/age 7 8
ok "rmdir" rmdir index/P/age
ok "rmdir of its label's folder" rmdir index/P
ok "rmdir" rmdir index/Empty
lists index
mkdir index/P
lists index/P
checked

begin "four writers, each looked after at once"
enter
mkdir -p labels/T index/T/v
cat >"$TMP/looks.py" <<'END'
import os, random, sys
number, count = sys.argv[1], int(sys.argv[2])
random.seed(int(number))
nodes = [f"w{number}_{i}" for i in range(4)]
has = {}
for node in nodes:
    os.mkdir(f"nodes/{node}")
    os.symlink("../../../labels/T", f"nodes/{node}/labels/T")
def folder(value):
    try:
        return os.listdir(f"index/T/v/{value}")
    except FileNotFoundError:
        return []
for i in range(count):
    node, value, old = random.choice(nodes), random.randrange(8), None
    old = has.get(node)
    if old is not None and random.random() < 0.2:
        os.unlink(f"nodes/{node}/v")
        value = None
    else:
        with open(f"nodes/{node}/v", "w") as f:
            f.write(str(value))
    has[node] = value
    if value is not None:
        assert node in folder(value), f"{i}: {node} is not listed under {value}"
        assert os.path.lexists(f"index/T/v/{value}/{node}"), f"{i}: {node} is not under {value}"
        assert str(value) in os.listdir("index/T/v"), f"{i}: {value} is not listed"
    if old is not None and old != value:
        assert node not in folder(old), f"{i}: {node} is still listed under {old}"
        assert not os.path.lexists(f"index/T/v/{old}/{node}"), f"{i}: {node} is still under {old}"
    wanted = {n for n in nodes if has.get(n) is not None}
    seen = [n for v in range(8) for n in folder(v) if n in nodes]
    assert sorted(seen) == sorted(wanted), f"{i}: {sorted(seen)} are listed, and {sorted(wanted)} have values"
END
looks=${GRAPHFS_INDEX_LOOKS:-$(scaled 400 60)}
workers=
for number in 1 2 3 4; do
	python3 "$TMP/looks.py" $number "$looks" 2>"$TMP/looks.$number" &
	workers="$workers $!"
done
for worker in $workers; do
	wait "$worker" || fail "$(cat "$TMP"/looks.?)"
	pass
done
checked

begin "unique, from a file of definitions"
umount_db
printf '%s\n' '{"index":"one","label":"U","property":"mail","unique":true}' '{"key":"u","labels":["U"],"properties":{"mail":"m"}}' \
	'{"key":"v","labels":["U"]}' >"$TMP/unique.jsonl"
graphfsctl import "$DB" --nodes "$TMP/unique.jsonl" >"$TMP/import.log" 2>&1 || fail "import: $(cat "$TMP/import.log")"
mount_db
enter
is "$(cat .graphfs/index/one/unique)" 1
printf m 2>"$TMP/err" >nodes/v/mail && fail "a second m was taken"
grep -q 'File exists' "$TMP/err" || fail "wrong error: $(cat "$TMP/err")"
grep -q "unique index one: nodes 'u' and 'v' would both have \"m\"" "$LOG" || fail "the log does not say why"
lists index/U/mail @string: m
echo other >nodes/v/mail
lists index/U/mail m other
checked
dump_db "$TMP/dump1"
new_db
graphfsctl import "$DB" --nodes "$TMP/dump1" >"$TMP/import.log" 2>&1 || fail "import: $(cat "$TMP/import.log")"
dump_db "$TMP/dump2"
cmp "$TMP/dump1" "$TMP/dump2" || fail "the dump of an imported dump differs"
pass

begin "built beside a writer: $generated nodes"
new_db
awk -v n="$generated" 'BEGIN { print "name:ID,:LABEL,group,serial:int"; for (i = 0; i < n; i++) printf "n%d,Thing,g%d,%d\n", i, i % 50, i }' >"$TMP/nodes.csv"
graphfsctl import "$DB" --nodes "$TMP/nodes.csv" >"$TMP/import.log" 2>&1 || fail "import: $(cat "$TMP/import.log")"
mount_db
enter
start_writer group 7 n1 n51 n101 n151
ok "mkdir -p" mkdir -p index/Thing/group
is "$(ls index/Thing/group/g0 | wc -l)" $((generated / 50)) "things of g0"
ok "mkdir" mkdir index/Thing/serial
is "$(ls index/Thing/serial | wc -l)" "$generated" "serials"
is "$(ls index/Thing/serial | sort -u | wc -l)" "$generated" "different ones"
is "$(ls index/Thing/serial/$((generated - 1)))" n$((generated - 1))
stop_writer
is "$(find index/Thing/group -type l | wc -l)" "$generated" "links in all groups"
is "$(ls index/Thing/group/g1 | wc -l)" $((generated / 50 - 4)) "what the writer left"
for group in w0 w1 w2 w3 w4 w5 w6; do
	is "$(ls index/Thing/group/$group 2>/dev/null | wc -l)" "$(cat nodes/n{1,51,101,151}/group | grep -c "^$group$")" "$group"
done
checked

begin "killed while building"
enter
rmdir index/Thing/group
mkdir index/Thing/group 2>/dev/null &
making=$!
sleep 0.02
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
daemon=0
wait "$making"
cd /
umount -l "$MNT" 2>/dev/null
mount_db
enter
if [ -d index/Thing/group ]; then
	await_state Thing.group ready
	is "$(find index/Thing/group -type l | wc -l)" "$generated" "links in all groups"
fi
checked

if [ -n "$GRAPHFS_SANITIZE" ] || [ ! -d "$wordnet" ]; then
	[ -d "$wordnet" ] || echo "no $wordnet: realdata.sh makes it"
	finish
fi
begin "WordNet"
new_db
graphfsctl import "$DB" --nodes "$wordnet/nodes.csv" --relationships "$wordnet/rels.csv" >"$TMP/import.log" 2>&1 || fail "import: $(cat "$TMP/import.log")"
mount_db
enter
start_writer note 1000 dog.n.01 cat.n.01
start=$EPOCHREALTIME
ok "mkdir -p" mkdir -p "$MNT/index/Synset/lexfile"
took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
stop_writer
echo "        index of $(cat "$control/Synset.lexfile/entries") lexfiles in $took ms, $(cat "$TMP/written") writes meanwhile"
wanted=$(python3 -c 'import csv, sys; print(sum("Synset" in r[":LABEL"].split(";") and r["lexfile"] == "noun.animal" for r in csv.DictReader(open(sys.argv[1]))))' \
	"$wordnet/nodes.csv")
is "$(ls "$MNT/index/Synset/lexfile/noun.animal" | wc -l)" "$wanted" "noun.animal"
is "$(ls "$MNT/index/Synset/lexfile" | sort | md5sum)" \
	"$(python3 -c 'import csv, sys; print("\n".join(sorted({r["lexfile"] for r in csv.DictReader(open(sys.argv[1])) if r["lexfile"]})))' "$wordnet/nodes.csv" | sort | md5sum)" \
	"lexfiles"
checked
finish
