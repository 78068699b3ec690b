# Constraints of Cypher as the mount keeps them: what the calls of files and links answer, and that rm -r, replacing a file and imports get along with them.
. "${BASH_SOURCE[0]%/*}/lib.sh"

# ask TEXT: a statement; what it said is in $TMP/answer.
ask() {
	graphfsctl query "$MNT" "$1" >"$TMP/answer" 2>&1
}

begin "a required property"
new_db
mount_db
cd "$MNT" || exit 1
mkdir nodes/ann labels/Person
ok "constraint" ask "CREATE CONSTRAINT named FOR (p:Person) REQUIRE p.name IS NOT NULL"
expect EPERM symlink ../../../labels/Person nodes/ann/labels/Person
expect EPERM symlink ../../nodes/ann labels/Person/ann
grep -q "constraint named: node 'ann' with the label Person would lack the property name" "$LOG" || fail "the log should say why"
lists nodes/ann/labels
echo Ann >nodes/ann/name
ok "the label" ln -s ../../../labels/Person nodes/ann/labels/Person
expect EPERM unlink nodes/ann/name
expect EPERM rename nodes/ann/name nodes/ann/was 0
echo Anna >nodes/ann/name
ok "sed -i" sed -i s/Anna/Anne/ nodes/ann/name
is "$(cat nodes/ann/name)" Anne
: >nodes/ann/name
is "$(cat nodes/ann/name)" "" "an empty file is a property"
ok "another" ask "CREATE (:Person {name: 'Bob'})"
! ask "CREATE (:Person {age: 3})" || fail "a node without a name"
grep -q ConstraintValidationFailed "$TMP/answer" || fail "$(cat "$TMP/answer")"
printf 'key:ID,:LABEL\ncarl,Person\n' >"$TMP/people.csv"
cp "$TMP/people.csv" import/ 2>/dev/null && fail "an import of a node without a name"
grep -q "people.csv:2:.*would lack the property name" import/people.csv.error || fail "$(cat import/people.csv.error)"
lists labels/Person Bob ann
ok "rm -r takes the label first" rm -r nodes/ann
lists labels/Person Bob

begin "it lasts"
cd / || exit 1
remount_db
cd "$MNT" || exit 1
expect EPERM unlink nodes/Bob/name
hasnt index/Person
ok "drop" ask "DROP CONSTRAINT named"
ok "now it may go" rm nodes/Bob/name
! ask "CREATE CONSTRAINT FOR (p:Person) REQUIRE p.name IS NOT NULL" || fail "on data that lacks it"
grep -q "node 'Bob' with the label Person would lack" "$TMP/answer" || fail "$(cat "$TMP/answer")"
cd / || exit 1
check_db
finish
