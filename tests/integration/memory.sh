# The promise on memory while a graph is walked: with cache=32M the daemon has at most 32 + 64 MB resident, whatever find(1) asks of the packages of
# Debian.
#
#   GRAPHFS_FULL=1   find of everything (minutes); else of all names of nodes and of a part of the nodes
#
# Sanitizers take memory of their own: skipped under them. Skipped without the converters or the package index.
. "$(dirname "$0")/lib.sh"
[ -z "$GRAPHFS_SANITIZE" ] || { echo "sanitizers have their own memory: $GRAPHFS_SANITIZE"; exit 77; }
. "$here/_data.sh"
cache_mib=32
limit_kib=$(((cache_mib + 64) * 1024))
part=8000

if [ ! -d "$data/debian" ]; then
	[ -n "$(apt-cache dumpavail 2>/dev/null | head -c 1)" ] || { echo "no package index: apt-get update"; exit 77; }
	convert debian || fail "$(cat "$TMP/convert.log")"
fi

# status NAME: a number of /proc/PID/status, in KiB.
status() {
	awk -v name="$1:" '$1 == name { print $2 }' "/proc/$daemon/status"
}

# The most that the daemon had resident so far.
within() { # within WHAT
	local peak
	peak=$(status VmHWM)
	echo "        $1: $((peak / 1024)) MiB at most, $(($(status VmRSS) / 1024)) MiB now"
	[ "$peak" -le "$limit_kib" ] || fail "$1: $peak KiB resident, more than $limit_kib"
	pass
}

begin "the packages of Debian, cache=${cache_mib}M"
new_db
graphfsctl import "$DB" --nodes "$data/debian/nodes.csv" --relationships "$data/debian/rels.csv" >"$TMP/import.log" 2>&1 ||
	fail "import: $(tail -n 5 "$TMP/import.log")"
mount_db cache=${cache_mib}M
within "mounted"

begin "a walk"
if [ -n "${GRAPHFS_FULL:-}" ]; then
	names=$(find "$MNT/nodes" "$MNT/labels" "$MNT/rels" | wc -l) || fail "find"
else
	names=$(find "$MNT/nodes" -maxdepth 1 | tee "$TMP/nodes" | wc -l)
	shuf -n "$part" --random-source="$data/debian/nodes.csv" "$TMP/nodes" | tr '\n' '\0' >"$TMP/part"
	names=$((names + $(find -files0-from "$TMP/part" | wc -l))) || fail "find"
fi
[ "$names" -gt 100000 ] || fail "only $names names"
within "$names names"

begin "texts"
find "$MNT/nodes" -maxdepth 1 -mindepth 1 | shuf -n "$part" --random-source="$data/debian/nodes.csv" | sed 's,$,/.json,' |
	tr '\n' '\0' | xargs -0 cat | wc -c >"$TMP/bytes"
[ "$(cat "$TMP/bytes")" -gt 1000000 ] || fail "only $(cat "$TMP/bytes") bytes"
within "$(cat "$TMP/bytes") bytes of .json"
finish
