# The flags of everything of ours, as one target to link.
add_library(gfs_compile INTERFACE)
target_include_directories(gfs_compile INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(gfs_compile INTERFACE
	_GNU_SOURCE
	_FILE_OFFSET_BITS=64
	GFS_VERSION="${PROJECT_VERSION}")
target_compile_options(gfs_compile INTERFACE
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings
	-Wundef -Wvla -Wformat=2 -fno-common)
if(GFS_WERROR)
	target_compile_options(gfs_compile INTERFACE -Werror)
endif()
if(GFS_SANITIZE)
	target_compile_options(gfs_compile INTERFACE
		-fsanitize=${GFS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(gfs_compile INTERFACE -fsanitize=${GFS_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
	target_compile_options(gfs_compile INTERFACE -fstack-protector-strong -D_FORTIFY_SOURCE=2)
	target_link_options(gfs_compile INTERFACE -Wl,-z,relro,-z,now)
endif()

# Naming a banned call is an error. Everything has the flags above; everything but foreign code has these too.
add_library(gfs_banned INTERFACE)
target_compile_options(gfs_banned INTERFACE "SHELL:-include ${PROJECT_SOURCE_DIR}/base/banned.h")

# gfs_executable(NAME SOURCES... [LIBS ...]): a program with every flag.
function(gfs_executable name)
	cmake_parse_arguments(ARG "" "DIRECTORY" "SOURCES;LIBS" ${ARGN})
	add_executable(${name} ${ARG_SOURCES})
	target_link_libraries(${name} PRIVATE gfs_compile gfs_banned ${ARG_LIBS})
	if(ARG_DIRECTORY)
		set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${ARG_DIRECTORY})
	endif()
endfunction()
