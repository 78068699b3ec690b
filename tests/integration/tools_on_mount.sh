# The tools people use on trees, on a mount: find, cp, grep, rsync, tar, editors, git, several shells at once.
. "$(dirname "$0")/lib.sh"

nodes=$(scaled 300 100)
out=$TMP/out
mkdir "$out"

# A graph of n1..nN: each knows the next three (round the end), the even ones have the label Even, and all have three properties.
generate() {
	awk -v n="$nodes" 'BEGIN {
		print "name:ID,:LABEL,number:int,text"
		for (i = 1; i <= n; i++)
			printf "n%d,Thing%s,%d,\"line one of %d\nline two\"\n", i, i % 2 ? "" : ";Even", i, i
	}' >"$TMP/nodes.csv"
	awk -v n="$nodes" 'BEGIN {
		print ":START_ID,:END_ID,:TYPE,distance:int"
		for (i = 0; i < n; i++)
			for (d = 1; d <= 3; d++)
				printf "n%d,n%d,%s,%d\n", i + 1, (i + d) % n + 1, d == 3 ? "FAR" : "NEAR", d
	}' >"$TMP/rels.csv"
}

begin "a graph to work on"
new_db
generate
graphfsctl import "$DB" --nodes "$TMP/nodes.csv" --relationships "$TMP/rels.csv" >"$TMP/import.log" 2>&1 || fail "import: $(cat "$TMP/import.log")"
mount_db
cd "$MNT" || fail "cd"
is "$(ls nodes | wc -l)" "$nodes"

begin "find"
is "$(find nodes -mindepth 1 -maxdepth 1 -type d | wc -l)" "$nodes" "nodes"
is "$(find nodes -type f | wc -l)" $((3 * nodes)) "properties"
is "$(find nodes -path '*/out/*' -type l | wc -l)" $((3 * nodes)) "links out"
is "$(find nodes -path '*/in/*' -type l | wc -l)" $((3 * nodes)) "links in"
is "$(find nodes -path '*/labels/*' -type l | wc -l)" $((nodes + nodes / 2)) "labels"
is "$(find rels -mindepth 2 -maxdepth 2 -type d | wc -l)" $((3 * nodes)) "relationships"
is "$(find labels/Even/ -lname '../../nodes/*' | wc -l)" $((nodes / 2)) "links by target"
is "$(find . -xtype l | wc -l)" 0 "dangling links"
is "$(find nodes -name number -newermt 2001-01-01 -size -10c | wc -l)" "$nodes" "tests of find"
is "$(find -L nodes/n1/out -maxdepth 2 -name 'n[234]' -type d | sort | tr '\n' ' ')" "nodes/n1/out/FAR/n4 nodes/n1/out/NEAR/n2 nodes/n1/out/NEAR/n3 "
is "$(find nodes/n1/ -links 1 | wc -l)" "$(find nodes/n1/ | wc -l)" "link counts"
ok "ls -lR" ls -lR nodes
ok "du" du -a nodes/n1 nodes/n2
ok "stat" stat nodes/n1/* nodes/n1/out/*/*

begin "a tree walk like git's"
walk() { find nodes labels rels -printf '%y %m %U:%G %i %s %T@ %p %l\n' | sort -k7; }
walk >"$TMP/walk1"
walk >"$TMP/walk2"
cmp "$TMP/walk1" "$TMP/walk2" || fail "two walks differ"
pass
if command -v git >/dev/null; then
	export HOME=$TMP GIT_DIR=$TMP/git GIT_WORK_TREE=$MNT/nodes
	git init -q 2>/dev/null && git config core.fileMode true && git add -A && git -c user.name=t -c user.email=t@t commit -q -m all ||
		fail "git add"
	is "$(git ls-files | wc -l)" $((3 * nodes + 6 * nodes + nodes + nodes / 2)) "files that git sees"
	is "$(git status --porcelain)" "" "git status"
	echo changed >nodes/n1/text
	is "$(git status --porcelain)" " M n1/text" "git status after a change"
	git checkout -q -- . || fail "git checkout"
	is "$(head -n 1 nodes/n1/text)" "line one of 1" "git checkout"
	is "$(git status --porcelain)" "" "git status"
	unset GIT_DIR GIT_WORK_TREE
fi

begin "grep -r"
is "$(grep -rl '^line one of 7$' nodes)" nodes/n7/text
is "$(grep -r 'line two' nodes | wc -l)" "$nodes"
is "$(grep -rc 'line' nodes/n3/text)" 2
is "$(grep -R -l --include=name n5 nodes/n5/name)" nodes/n5/name
is "$(awk '{ s += $1 } END { print s }' nodes/*/number)" $((nodes * (nodes + 1) / 2)) "sum of a property"
is "$(cat rels/FAR/*/distance | sort -u)" 3

begin "cp -r"
ok "cp -r out" cp -r nodes/n1 nodes/n2 "$out"
is "$(readlink "$out/n1/out/NEAR/n2")" ../../../n2 "a link in the copy"
ok "diff -r" diff -r --no-dereference nodes/n1 "$out/n1"
# mkdir makes the folders of a node too, and cp does not expect any in a directory that it has made: so not `cp -r n1 nodes/copy`
ok "mkdir" mkdir nodes/copy
ok "cp -r in" cp -rT "$out/n1" nodes/copy
ok "diff -r" diff -r --no-dereference nodes/copy "$out/n1"
is "$(readlink nodes/n2/in/NEAR/copy)" ../../../copy "the copy's links exist on the other side"
is "$(readlink labels/Thing/copy)" ../../nodes/copy
is "$(ls nodes | wc -l)" $((nodes + 1))
echo extra >"$out/n2/extra"
ok "cp -r over" cp -r --remove-destination "$out/n2/." nodes/n2/
is "$(cat nodes/n2/extra)" extra
rm nodes/n2/extra
begin "cp -a"
ok "cp -a out" cp -a nodes/n4 "$out"
is "$(stat -c '%Y %a' "$out/n4")" "$(stat -c '%Y %a' nodes/n4)"
begin "rm -r"
ok "rm -r" rm -r nodes/copy
hasnt labels/Thing/copy
hasnt nodes/n2/in/NEAR/copy
is "$(ls nodes/n2/in/NEAR | wc -l)" 2
rm -r "${out:?}"/*
# The copy over n2 has made its links anew; apart from that all is as it was.
find nodes -printf '%y %m %s %p %l\n' | sort -k4 >"$TMP/walk2"
cut -d' ' -f1,2,5,7- "$TMP/walk1" | grep -E '^. [0-9]+ [0-9]+ nodes' | sort -k4 >"$TMP/walk1n"
cmp "$TMP/walk1n" "$TMP/walk2" || fail "the graph has changed: $(diff "$TMP/walk1n" "$TMP/walk2" | head -n 5)"
pass

begin "rsync out"
ok "rsync" rsync -a nodes labels "$out/"
is "$(rsync -ai nodes labels "$out/")" "" "second run"
is "$(rsync -acin --delete nodes labels "$out/")" "" "by checksum"
is "$(find "$out/nodes" -type l | wc -l)" "$(find nodes -type l | wc -l)"
echo 77 >nodes/n1/number
is "$(rsync -ai nodes "$out/" | awk '{ print $2 }')" nodes/n1/number "a changed property"
echo 1 >nodes/n1/number
ok "rsync" rsync -a nodes "$out/"

begin "tar"
ok "tar c" tar cf "$TMP/all.tar" nodes labels
is "$(tar tf "$TMP/all.tar" | wc -l)" "$(find nodes labels | wc -l)"
ok "tar d" tar df "$TMP/all.tar"
mkdir "$TMP/untar"
ok "tar x" tar xf "$TMP/all.tar" -C "$TMP/untar"
ok "diff -r" diff -r --no-dereference nodes "$TMP/untar/nodes"

# Into a new graph: first the directories and properties, then the links, whose targets are there by then.
begin "rsync in"
dump_count() { find nodes -mindepth 1 \( -type f -o -type d -o -type l \) | wc -l; }
wanted=$(dump_count)
cd / && new_db && mount_db && cd "$MNT" || fail "cd"
ok "rsync of files" rsync -a --no-links "$out/labels" "$out/nodes" .
is "$(find nodes -type f | wc -l)" $((3 * nodes))
ok "rsync of links" rsync -a "$out/labels" "$out/nodes" .
is "$(dump_count)" "$wanted" "names after rsync"
is "$(rsync -ai "$out/labels" "$out/nodes" . | grep -E '^([<>]|c|\*)')" "" "second run"
is "$(rsync -rlcin --delete "$out/labels" "$out/nodes" .)" "" "by checksum"
is "$(find nodes -path '*/out/*' -type l | wc -l)" $((3 * nodes))
is "$(find nodes -name '.*' | wc -l)" 0 "temporary files left"
cd / && check_db && cd "$MNT" || fail "cd"

begin "tar in"
cd / && new_db && mount_db && cd "$MNT" || fail "cd"
tar xf "$TMP/all.tar" --no-same-permissions --exclude='*/out/*/*' --exclude='*/in/*/*' --exclude='*/labels/*' --exclude='labels/*/*' ||
	fail "tar x of nodes"
tar tf "$TMP/all.tar" | grep -E '^labels/.' | grep '/$' | xargs mkdir -p || fail "mkdir of labels"
ok "tar x of links" tar xPf "$TMP/all.tar" --no-same-permissions --skip-old-files
is "$(dump_count)" "$wanted" "names after tar"
ok "diff -r" diff -r --no-dereference nodes "$out/nodes"
cd / && check_db && cd "$MNT" || fail "cd"

begin "editors"
lines() { ls -A nodes/n1 | tr '\n' ' '; }
before=$(lines)
ok "sed -i" sed -i 's/one/1/' nodes/n1/text
is "$(cat nodes/n1/text)" $'line 1 of 1\nline two'
is "$(lines)" "$before" "names after sed"
if command -v ed >/dev/null; then
	printf '1s/1/one/\nw\nq\n' | ed -s nodes/n1/text || fail "ed"
	is "$(cat nodes/n1/text)" $'line one of 1\nline two'
fi
if command -v vim >/dev/null; then
	vim -u NONE -es -c 'set backup writebackup swapfile' -c '%s/two/2/' -c wq nodes/n1/text </dev/null >/dev/null 2>&1 || fail "vim"
	is "$(cat nodes/n1/text)" $'line one of 1\nline 2'
	rm -f 'nodes/n1/text~'
	is "$(lines)" "$before" "names after vim"
fi
if command -v perl >/dev/null; then
	ok "perl -i" perl -i.bak -pe 's/line/LINE/' nodes/n1/text
	is "$(cat nodes/n1/text.bak)" "$(sed 's/LINE/line/' nodes/n1/text)"
	rm nodes/n1/text.bak
fi
ok "tee -a" tee -a nodes/n1/text </dev/null
ok "install" install -m 644 /dev/null nodes/n1/installed
ok "truncate" truncate -s 3 nodes/n1/installed
ok "dd" dd if=/dev/zero of=nodes/n1/installed bs=1000 count=5 status=none
is "$(stat -c %s nodes/n1/installed)" 5000
ok "sort -o" sort -o nodes/n1/text nodes/n1/text
ok "rm" rm nodes/n1/installed

begin "two shells at once"
many=$(scaled 150 40)
shell() { # shell ME OTHER: makes its nodes and links each to the other's of the same number, whoever comes second
	local i
	for i in $(seq "$many"); do
		mkdir "nodes/$1$i" || return 1
		echo "$i" >"nodes/$1$i/number" || return 1
		mkdir -p "nodes/$1$i/out/PAIR" "nodes/$1$i/in/PAIR" || return 1
		[ ! -d "nodes/$2$i" ] || ln -s "../../../$2$i" "nodes/$1$i/out/PAIR/" || return 1
		[ "$i" -lt 10 ] || cat "nodes/$1$((i - 9))/number" >/dev/null || return 1
	done
}
shell a b 2>"$TMP/shell_a" &
one=$!
shell b a 2>"$TMP/shell_b" || fail "shell b: $(cat "$TMP/shell_b")"
wait "$one" || fail "shell a: $(cat "$TMP/shell_a")"
is "$(find nodes -maxdepth 1 -name '[ab]*' | wc -l)" $((2 * many))
links=$(ls rels/PAIR | wc -l)
is "$(find nodes -path '*/out/PAIR/*' -type l | wc -l)" "$links" "links out"
is "$(find nodes -path '*/in/PAIR/*' -type l | wc -l)" "$links" "links in"
[ "$links" -ge $((many - 1)) ] || fail "$links links of at least $((many - 1))"
for me in a b; do
	(for i in $(seq "$many"); do rm -rf "nodes/$me$i" || exit 1; done) 2>"$TMP/rm_$me" &
done
for job in $(jobs -p); do
	[ "$job" = "$daemon" ] || wait "$job" || fail "rm -r: $(cat "$TMP"/rm_*)"
done
is "$(ls nodes | wc -l)" "$nodes"
hasnt nodes/a1/out
is "$(ls rels/PAIR 2>/dev/null | wc -l)" 0

cd / && check_db
finish
