# What other tests say of the views, of property files and of coherence, with all layers of the caches off: everything is answered from the store.
#
#   GRAPHFS_CONTRACT_COUNT, GRAPHFS_COHERENCE_OPS   how many; less than by themselves, unless given
. "${BASH_SOURCE[0]%/*}/_layers.sh"
layers_with cache_page=off,cache_object=off,cache_index=off,cache_query=off
