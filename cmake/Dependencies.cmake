# All from Debian; scripts/packages.txt is the list of packages.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-i18n icu-uc)
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(FUSE3 REQUIRED IMPORTED_TARGET fuse3>=3.14)

# Used header-only, so the library is not linked.
add_library(gfs_dep_xxhash INTERFACE)
target_include_directories(gfs_dep_xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIRS})

# LMDB and CRoaring have no pkg-config file in Debian 12.
function(gfs_find_plain name header library)
	find_path(GFS_${name}_INCLUDE ${header} REQUIRED)
	find_library(GFS_${name}_LIBRARY ${library} REQUIRED)
	add_library(gfs_dep_${name} INTERFACE)
	target_include_directories(gfs_dep_${name} SYSTEM INTERFACE ${GFS_${name}_INCLUDE})
	target_link_libraries(gfs_dep_${name} INTERFACE ${GFS_${name}_LIBRARY})
endfunction()

gfs_find_plain(lmdb lmdb.h lmdb)
gfs_find_plain(roaring roaring/roaring.h roaring)
