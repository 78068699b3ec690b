# Real graphs: WordNet, and the packages of this machine's apt index, by the converters of ../shared/datasets. Imported, checked, mounted,
# listed, dumped and imported again. Skipped without the converters or the data; a data set that is missing is said to be.
#
#   GRAPHFS_FULL=1   walk and archive all of it, not a part (minutes)
#
# Under sanitizers a part of each data set is used.
# The CSV files are kept in /tmp/graphfs-data-$UID for the next run.
. "$(dirname "$0")/lib.sh"
. "$here/_data.sh"

part=$(scaled 1000 200)
sample=$(scaled 400 60)
full=${GRAPHFS_FULL:-}
import_ms=0
set=
nodes= rels= parallel=

# use NAME EVERY KEY...: sets `set`, the folder of the data; under sanitizers one of every EVERYth node and the named ones.
use() {
	local name=$1 every=$2
	shift 2
	set=$data/$name
	[ -n "$GRAPHFS_SANITIZE" ] || return 0
	set=$TMP/$name
	facts cut "$data/$name" "$set" "$every" "$@"
}

facts() {
	python3 "$here/realdata.py" "$@" || fail "realdata.py $*"
}

import_into() { # import_into FILE...
	local start=$EPOCHREALTIME
	new_db
	graphfsctl import "$DB" "$@" >"$TMP/import.log" 2>&1 || fail "import: $(tail -n 5 "$TMP/import.log")"
	import_ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
}

# Imports a data set, compares counts, checks the database; prints what it took.
load() {
	local mib stats
	read -r nodes rels parallel < <(facts counts "$set")
	import_into --nodes "$set/nodes.csv" --relationships "$set/rels.csv"
	mib=$(du -sm "$DB" | cut -f1)
	echo "        $nodes nodes, $rels relationships, $parallel parallel pairs: imported in $import_ms ms, $mib MiB on disk"
	stats=$(graphfsctl stats "$DB" 2>&1) || fail "graphfsctl stats: $stats"
	grep -qw "$nodes" <<<"$stats" || fail "stats do not say $nodes nodes: $stats"
	grep -qw "$rels" <<<"$stats" || fail "stats do not say $rels relationships: $stats"
	[ "$mib" -le 200 ] || fail "$mib MiB on disk"
	pass
	check_db
}

# The same bytes after mkfs, an import of the dump, and a dump of that.
round_trip() {
	local dumps=$TMP/dumps
	mkdir -p "$dumps"
	dump_db "$dumps/1"
	import_into --nodes "$dumps/1"
	dump_db "$dumps/2"
	cmp "$dumps/1" "$dumps/2" || fail "the dump of an imported dump differs"
	pass
	echo "        dump of $(($(stat -c %s "$dumps/1") >> 20)) MiB, imported in $import_ms ms, dumped: the same"
	rm -rf "$dumps"
}

some() { # some COUNT: names of nodes, each ended by NUL
	find nodes -mindepth 1 -maxdepth 1 | head -n "$1" | tr '\n' '\0'
}

# Whatever is listed, is readable, and is what an archive of it holds.
walk() {
	local names entries
	ok "ls -lR" sh -c 'find nodes -mindepth 1 -maxdepth 1 | head -n '"$part"' | tr "\n" "\0" | xargs -0 ls -lR'
	some "$part" >"$TMP/names"
	names=$(find -files0-from "$TMP/names" | wc -l) || fail "find"
	entries=$(tar cf - --null -T "$TMP/names" | tar tf - | wc -l) || fail "tar"
	is "$entries" "$names" "entries of an archive of $part nodes"
	echo "        $part nodes have $names names"
	[ -n "$full" ] || return 0
	names=$(find nodes | wc -l) || fail "find"
	entries=$(tar cf - nodes | tar tf - | wc -l) || fail "tar"
	is "$entries" "$names" "entries of an archive of all nodes"
	echo "        all: $names names"
}

ran=0
if [ -d /usr/share/wordnet ] && convert wordnet; then
	ran=1
	begin "WordNet"
	use wordnet 5 dog.n.01 canine.n.02 puppy.n.01 corgi.n.01
	load
	mount_db
	cd "$MNT" || fail "cd"
	is "$(find nodes -maxdepth 1 | wc -l)" $((1 + nodes)) "nodes listed"
	is "$(cat nodes/dog.n.01/out/HYPERNYM/canine.n.02/lexfile)" noun.animal
	is "$(ls nodes/dog.n.01/in/HYPERNYM | wc -l)" "$(facts degree "$set" dog.n.01 HYPERNYM in)" "hyponyms of dog"
	is "$(ls rels | wc -l)" "$(cut -d, -f3 "$set/rels.csv" | sort -u | grep -vc '^:TYPE')" "types"
	facts check "$set" "$MNT" 1 "$sample"
	pass
	walk
	cd / || fail "cd"
	umount_db
	round_trip
else
	echo "no WordNet: apt-get install wordnet-base"
fi

if [ -d "$data/debian" ] || { [ -n "$(apt-cache dumpavail 2>/dev/null | head -c 1)" ] && convert debian; }; then
	ran=1
	begin "the packages of Debian"
	use debian 5 libc6 bash
	load
	mount_db
	cd "$MNT" || fail "cd"
	is "$(ls nodes/libc6/in/DEPENDS | wc -l)" "$(facts degree "$set" libc6 DEPENDS in)" "packages that depend on libc6"
	is "$(find nodes/libc6/in/DEPENDS -type l -printf '%l\n' | grep -vc '^\.\./\.\./\.\./[^/]*$')" 0 "links to something else"
	is "$(cat nodes/bash/essential)" true
	facts check "$set" "$MNT" 2 "$sample"
	facts parallel "$set" "$MNT"
	pass
	walk
	cd / || fail "cd"
	umount_db
	round_trip
else
	echo "no package index: apt-get update"
fi
[ "$ran" = 1 ] || exit 77
finish
