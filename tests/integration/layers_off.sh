# What other tests say of the views, of property files and of coherence, with all layers of the caches off: everything is answered from the store.
#
#   GRAPHFS_CONTRACT_COUNT, GRAPHFS_COHERENCE_OPS   how many; less than by themselves, unless given
case ${GRAPHFS_SANITIZE-} in
*thread*) echo "layers_tiny.sh has the threads in common places; nothing is shared with the layers off" && exit 77 ;;
esac
. "${BASH_SOURCE[0]%/*}/_layers.sh"
layers_with cache_page=off,cache_object=off,cache_index=off,cache_query=off
