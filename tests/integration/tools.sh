#!/bin/bash
# The programs without a mount: mkfs, import, stats, dump, fsck, their messages and exit codes.
set -u
: "${GRAPHFS_BIN:?the folder of the programs}"
PATH=$GRAPHFS_BIN:$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/graphfs-tools.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
checks=0

fail() {
	echo "FAIL line ${BASH_LINENO[1]}: $*" >&2
	exit 1
}

is() {
	[ "$1" = "$2" ] || fail "$(printf '%s: got <%q>, wanted <%q>' "$3" "$1" "$2")"
	checks=$((checks + 1))
}

# gives STATUS OUT ERR COMMAND...: exit status, standard output and standard error; an OUT or ERR of * is anything.
gives() {
	local status=$1 out=$2 err=$3 got_status
	shift 3
	"$@" >out.txt 2>err.txt
	got_status=$?
	[ "$got_status" = "$status" ] || fail "$*: status $got_status, wanted $status: $(cat out.txt err.txt)"
	# shellcheck disable=SC2053
	[[ $(cat out.txt) == $out ]] || fail "$*: printed $(cat out.txt)"
	# shellcheck disable=SC2053
	[[ $(cat err.txt) == $err ]] || fail "$*: complained $(cat err.txt)"
	checks=$((checks + 1))
}

# ---- help, version, usage ----
for program in mkfs.graphfs fsck.graphfs graphfsctl; do
	gives 0 "usage: $program*" "" $program --help
	gives 0 "$program (graphfs) *" "" $program --version
done
gives 1 "" "mkfs.graphfs: which folder?*" mkfs.graphfs
gives 1 "" "mkfs.graphfs: one folder only*" mkfs.graphfs a b
gives 1 "" "*Try 'mkfs.graphfs --help'." mkfs.graphfs --nonsense a
gives 1 "" "mkfs.graphfs: --key-property: not a property name*" mkfs.graphfs --key-property "" a
gives 16 "" "fsck.graphfs: which database?*" fsck.graphfs
gives 16 "" "*" fsck.graphfs --nonsense
gives 16 "" "fsck.graphfs: -n and --rebuild-index*" fsck.graphfs -n --rebuild-index db
gives 1 "" "graphfsctl: which command?*" graphfsctl
gives 1 "" "graphfsctl: there is no command 'fly'*" graphfsctl fly
gives 1 "" "graphfsctl: import: which database?*" graphfsctl import
gives 1 "" "graphfsctl: import: which files?*" graphfsctl import db
gives 1 "" "graphfsctl: import: unknown option '--x'*" graphfsctl import db --x
gives 1 "" "graphfsctl: dump: which database?*" graphfsctl dump
gives 1 "" "graphfsctl: stats: which mount point or database?*" graphfsctl stats
gives 1 "" "graphfsctl: checkpoint: which mount point?*" graphfsctl checkpoint
gives 1 "" "graphfsctl: ./.graphfs/checkpoint: No such file or directory" graphfsctl checkpoint .

# ---- no database ----
gives 1 "" "graphfsctl: *none*" graphfsctl dump none
gives 8 "" "fsck.graphfs: *none*" fsck.graphfs none
mkdir full
touch full/file
gives 1 "" "mkfs.graphfs: *full*" mkfs.graphfs full
gives 1 "" "graphfsctl: *full*" graphfsctl stats full
gives 8 "" "fsck.graphfs: *" fsck.graphfs full

# ---- an import ----
gives 0 "*an empty graphfs database" "" mkfs.graphfs db
gives 1 "" "mkfs.graphfs: *db*" mkfs.graphfs db
is "$(stat -c %a db)" 700 "mode of the database"
printf 'name:ID,:LABEL,age:int\nann,Person;Boss,30\n"b, ""o""",Person,\n' >nodes.csv
printf ':START_ID,:END_ID,:TYPE,since:int\nann,"b, ""o""",KNOWS,1999\nann,ann,LIKES,\n' >rels.csv
gives 0 "imported 2 nodes, 2 relationships, 4 properties in *s" "" graphfsctl import db --relationships rels.csv --nodes nodes.csv
gives 0 "*verified 2 nodes, 2 relationships, 4 properties, *: clean" "" fsck.graphfs db
gives 0 "*2 labels, 2 relationship types*: clean" "" fsck.graphfs -n -v -a db
graphfsctl dump db >before.jsonl || fail "dump"
gives 0 "*rebuilt from 2 nodes, 2 relationships, 4 properties*: clean" "" fsck.graphfs --rebuild-index db
graphfsctl dump db | cmp - before.jsonl || fail "the dump after --rebuild-index"
graphfsctl stats db >stats.txt || fail "stats"
for line in "graphfs_nodes 2" "graphfs_relationships 2" "graphfs_properties 4" "graphfs_labels 2" \
	'graphfs_label_nodes{label="Person"} 2' 'graphfs_type_relationships{type="KNOWS"} 1' \
	'graphfs_property_values{property="age"} 1'; do
	grep -qxF "$line" stats.txt || fail "stats lack: $line"
	checks=$((checks + 1))
done

# ---- what is wrong is told, and changes nothing ----
graphfsctl dump db >before.jsonl || fail "dump"
printf 'name:ID,age:int\ncid,1\ndan,x\n' >bad.csv
gives 1 "" "graphfsctl: bad.csv:3:5: 'x' is not an integer
graphfsctl: nothing was imported" graphfsctl import db --nodes bad.csv
gives 1 "" "graphfsctl: none.csv: No such file or directory" graphfsctl import db none.csv
gives 1 "" "graphfsctl: /dev/null:1:1: the file is empty*" graphfsctl import db /dev/null
graphfsctl dump db | cmp - before.jsonl || fail "a failed import changed the graph"
gives 0 "imported 1 nodes, 0 relationships, 2 properties in *" "graphfsctl: bad.csv:3:5: 'x' is not an integer
graphfsctl: 1 bad rows were left out" graphfsctl import db --skip-bad bad.csv

# ---- dump, import, dump: the same bytes ----
gives 0 "" "" graphfsctl dump db -o first.jsonl
gives 0 "" "" mkfs.graphfs --quiet copy
gives 0 "imported 3 nodes, 2 relationships, 6 properties in *" "" graphfsctl import copy first.jsonl
gives 0 "" "" graphfsctl dump --output second.jsonl copy
cmp first.jsonl second.jsonl || fail "the dump of the copy differs"
ln -s copy link
graphfsctl dump link | cmp - first.jsonl || fail "the dump through a link differs"
gives 0 "" "" mkfs.graphfs -q --key-property title piped
gives 0 "imported 3 nodes*" "" graphfsctl import piped - <first.jsonl
is "$(graphfsctl dump piped | head -n 1)" '{"graphfs":1,"key_property":"title"}' "head of the dump"
gives 0 "imported 1 nodes*" "" graphfsctl import --nodes=<(printf "name:ID\nzoe\n") piped --skip-bad <<<""
[ ! -c /dev/full ] || gives 1 "" "graphfsctl: standard output: No space left on device" bash -c 'graphfsctl dump copy >/dev/full'
gives 1 "" "graphfsctl: no/where: No such file or directory" graphfsctl dump copy -o no/where

# ---- in use ----
flock copy/lock -c 'graphfsctl stats copy' >out.txt 2>err.txt
is "$?" 1 "a database in use"
grep -q "^graphfsctl: .*copy is in use by " err.txt || fail "no message that it is in use: $(cat err.txt)"
flock copy/lock -c 'fsck.graphfs copy' >/dev/null 2>&1
is "$?" 8 "fsck of a database in use"

# ---- damage ----
cp -r copy damaged
size=$(stat -c %s damaged/data.mdb)
for ((at = 16384; at < size; at += 4096)); do
	printf '\xff\xff\xff\xff' | dd of=damaged/data.mdb bs=1 seek=$((at + 1000)) conv=notrunc status=none
done
fsck.graphfs damaged >out.txt 2>err.txt
status=$?
[ "$status" = 4 ] || [ "$status" = 8 ] || fail "fsck of a damaged database: status $status: $(cat out.txt err.txt)"
[ -s out.txt ] || [ -s err.txt ] || fail "fsck of a damaged database says nothing"
checks=$((checks + 1))

# ---- damage to what is no data: the definition of an index ----
cp -r copy defined
graphfsctl query defined 'CREATE INDEX zebra FOR (n:Person) ON (n.age)' >out.txt 2>err.txt || fail "an index: $(cat err.txt)"
graphfsctl dump defined | grep -v zebra >before.jsonl
LC_ALL=C sed -i 's/zebra/zebro/g' defined/data.mdb
refused="*the definition of a property index or constraint is damaged, the data is not: 'fsck.graphfs --rebuild-index */defined' drops *"
gives 1 "" "graphfsctl: $refused" graphfsctl import defined --nodes nodes.csv
gives 4 "*the definition of a property index or constraint is damaged*defects" "*was left out" fsck.graphfs -n defined
graphfsctl dump defined 2>err.txt | cmp - before.jsonl || fail "a dump without the definition: $(cat err.txt)"
grep -q "was left out" err.txt || fail "the dump does not say so"
gives 0 "*damaged definitions *dropped: 1; make them again*: clean" "*was left out" fsck.graphfs --rebuild-index defined
graphfsctl dump defined | cmp - before.jsonl || fail "the dump after --rebuild-index"
gives 0 "*: clean" "" fsck.graphfs defined

# ---- the converter of apt's index ----
cat >index <<'END'
Package: bash
Version: 5.2
Essential: yes
Section: shells
Size: 10
Installed-Size: 20
Maintainer: A B <a@b.c>
Depends: base-files (>= 2.1), libc6 | musl:any (<< 2)
Pre-Depends: libc6 (>= 2.36), libc6 (<< 3)
Description: a shell
 with more to say: a lot

Package: libc6
Version: 2.36

Package: libc6
Version: 2.35
END
gives 0 "2 packages, 6 nodes, 7 relationships" "" "$root/scripts/apt2graph" apt index
mkfs.graphfs -q aptdb
gives 0 "imported 6 nodes, 7 relationships, *" "" graphfsctl import aptdb --nodes apt/nodes.csv --relationships apt/rels.csv
graphfsctl dump aptdb >apt.jsonl
grep -q '"key":"bash","labels":\["Package"\].*"essential":true.*"installed_size":20.*"summary":"a shell","version":"5.2"' apt.jsonl || fail "bash in the graph"
grep -q '"key":"libc6".*"version":"2.36"' apt.jsonl || fail "the first version of libc6"
is "$(grep -c '"PRE_DEPENDS"' apt.jsonl)" 2 "parallel relationships"
grep -q '"DEPENDS".*"properties":{"alternative":1,"constraint":"<< 2"}' apt.jsonl || fail "alternatives"

echo "ok: $checks checks"
