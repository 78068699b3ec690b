# The promise on memory: a graph far larger than the cache is imported, dumped, and read through a mount, each within cache + 64 MB.
#
# Sanitizers take memory of their own: under them the graph is small and memory is not looked at.
. "$(dirname "$0")/lib.sh"

cache_mib=32
limit_kib=$(((cache_mib + 64) * 1024))
nodes=$(scaled 1000000 20000)
rels=$nodes
every=$(scaled 2000 500) # read through the mount: one node in so many
csv=$TMP/csv

# peak FILE COMMAND...: runs it, and writes to FILE the KiB that it had resident at most.
peak() {
	python3 - "$@" <<'END'
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as f:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=f)
sys.exit(status)
END
}

within() { # within KIB WHAT
	echo "        $2: $(($1 / 1024)) MiB"
	[ -n "$GRAPHFS_SANITIZE" ] || [ "$1" -le "$limit_kib" ] || fail "$2 had $1 KiB resident, more than $limit_kib"
	pass
}

# Keys in no order, values of some length, a hub, relationships with properties.
generate() {
	mkdir -p "$csv"
	awk -v n="$nodes" -v r="$rels" -v dir="$csv" 'BEGIN {
		srand(1)
		nf = dir "/nodes.csv"; rf = dir "/rels.csv"
		print "name:ID,:LABEL,number:int,text" > nf
		for (i = 0; i < n; i++)
			printf "n%d,%s,%d,some text about node %d\n", (i * 7919) % n, i % 3 ? "Person;Odd" : "Place", i, i > nf
		print ":START_ID,:END_ID,:TYPE,weight:int" > rf
		for (i = 0; i < r; i++)
			printf "n%d,n%d,T%d,%s\n", int(rand() * n), i % 50 ? int(rand() * n) : 7, i % 5, i % 4 ? "" : i > rf
	}' || fail "awk"
}

begin "$nodes nodes and $rels relationships"
generate
new_db
peak "$TMP/kib" graphfsctl import "$DB" --cache "${cache_mib}M" --nodes "$csv/nodes.csv" --relationships "$csv/rels.csv" \
	>"$TMP/import.log" 2>&1 || fail "import: $(tail -n 5 "$TMP/import.log")"
is "$(cut -d' ' -f2,4 "$TMP/import.log")" "$nodes $rels" "what was imported"
echo "        $(cat "$TMP/import.log")"
within "$(cat "$TMP/kib")" "the import"

begin "read back whole: dump"
peak "$TMP/kib" graphfsctl dump "$DB" --cache "${cache_mib}M" -o "$TMP/dump" 2>"$TMP/dump.log" || fail "dump: $(cat "$TMP/dump.log")"
within "$(cat "$TMP/kib")" "the dump"
is "$(grep -c '^{"node":' "$TMP/dump")" "$nodes" "nodes in the dump"
is "$(grep -c '^{"rel":' "$TMP/dump")" "$rels" "relationships in the dump"

begin "read through a mount"
mount_db "cache=${cache_mib}M"
is "$(ls -f "$MNT/nodes" | grep -c '^n')" "$nodes" "names in nodes/"
is "$(ls -f "$MNT/labels/Odd" | grep -c '^n')" "$((nodes - (nodes + 2) / 3))" "names in labels/Odd"
hub=$(awk -F, '$2 == "n7" && $3 == "T0" { n++ } END { print n }' "$csv/rels.csv")
is "$(ls -f "$MNT/nodes/n7/in/T0" | grep -c '^n')" "$hub" "names in the hub's folder"
awk -F, -v every="$every" 'NR > 1 && NR % every == 0 { print $1 "," $3 "," $4 }' "$csv/nodes.csv" >"$TMP/sample"
while IFS=, read -r key number text; do
	[ "$(cat "$MNT/nodes/$key/number" "$MNT/nodes/$key/text")" = "$number"$'\n'"$text" ] || fail "nodes/$key is not what was imported"
done <"$TMP/sample"
pass
within "$(awk '/^VmHWM/ { print $2 }' "/proc/$daemon/status")" "the daemon"

begin "dropped into /import"
new_db
mount_db "cache=${cache_mib}M"
if [ -z "$GRAPHFS_SANITIZE" ]; then
	cp "$csv/nodes.csv" "$MNT/import/" 2>"$TMP/out" && fail "an import that is too large succeeded"
	grep -q 'File too large' "$TMP/out" || fail "an import that is too large: $(cat "$TMP/out")"
	grep -q 'graphfsctl import' "$MNT/import/nodes.csv.error" || fail "its .error says: $(cat "$MNT/import/nodes.csv.error")"
	is "$(ls "$MNT/nodes" | wc -l)" 0 "nodes after that"
	ok "rm" rm "$MNT/import/nodes.csv"
fi
head -n 10001 "$csv/nodes.csv" >"$TMP/part.csv"
ok "an import of 10,000" cp "$TMP/part.csv" "$MNT/import/"
is "$(ls "$MNT/nodes" | wc -l)" 10000 "nodes after that"
within "$(awk '/^VmHWM/ { print $2 }' "/proc/$daemon/status")" "the daemon"

finish
