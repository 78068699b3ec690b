# Sourced, after lib.sh, by scripts that work on real graphs: WordNet and the packages of Debian, by the converters of ../shared/datasets. Skips the test
# without the converters. The CSV files are kept in /tmp/graphfs-data-$UID for the next run.
converters=$here/../../../shared/datasets
data=/tmp/graphfs-data-$UID

[ -d "$converters" ] || { echo "no $converters"; exit 77; }

# convert NAME ARGS...: makes $data/NAME unless it is there. What is there was complete: it gets its name last.
convert() {
	local name=$1
	[ ! -d "$data/$name" ] || return 0
	mkdir -p "$data" && rm -rf "$data/$name.new" || return 1
	python3 "$converters/$name.py" "$data/$name.new" >"$TMP/convert.log" 2>&1 || return 1
	mv "$data/$name.new" "$data/$name" 2>/dev/null || [ -d "$data/$name" ]
}
