# What other tests say of the views, of property files and of coherence, with caches that hold next to nothing: they evict all the time.
#
#   GRAPHFS_CONTRACT_COUNT, GRAPHFS_COHERENCE_OPS   how many; less than by themselves, unless given
. "${BASH_SOURCE[0]%/*}/_layers.sh"
layers_with cache=1M,cache_page=64K,cache_object=64K,cache_index=64K,cache_query=64K
