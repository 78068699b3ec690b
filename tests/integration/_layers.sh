# Sourced by layers_off.sh and layers_tiny.sh.
#
#   layers_with OPTS    runs tests with these mount options beside those given; one that fails fails the caller
set -u
: "${GRAPHFS_SANITIZE=}"

few() { # few COUNT SANITIZED
	if [ -n "$GRAPHFS_SANITIZE" ]; then echo "$2"; else echo "$1"; fi
}

layers_with() {
	local test
	export GRAPHFS_MOUNT_OPTS=${GRAPHFS_MOUNT_OPTS:+$GRAPHFS_MOUNT_OPTS,}$1
	export GRAPHFS_CONTRACT_COUNT=${GRAPHFS_CONTRACT_COUNT:-$(few 5000 500)}
	export GRAPHFS_COHERENCE_OPS=${GRAPHFS_COHERENCE_OPS:-$(few 5000 500)}
	for test in views contract coherence; do
		echo "--- $test, $GRAPHFS_MOUNT_OPTS"
		bash "$(dirname "$0")/$test.sh" || exit
	done
}
