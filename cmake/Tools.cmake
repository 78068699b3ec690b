# mount-tools/: FILE_main.c is a program, every other source belongs to the library that all of them link.
set(GFS_PROGRAMS graphfs mkfs.graphfs fsck.graphfs graphfsctl)

file(GLOB TOOLS_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/mount-tools/*.c)
set(TOOLS_MAINS ${TOOLS_SOURCES})
list(FILTER TOOLS_SOURCES EXCLUDE REGEX "_main\\.c$")
list(FILTER TOOLS_MAINS INCLUDE REGEX "_main\\.c$")

if(TOOLS_SOURCES)
	add_library(gfs_tools STATIC ${TOOLS_SOURCES})
	target_link_libraries(gfs_tools PRIVATE gfs_compile gfs_banned)
	target_link_libraries(gfs_tools PUBLIC PkgConfig::EDIT ${GFS_LAYERS})
else()
	add_library(gfs_tools INTERFACE)
	target_link_libraries(gfs_tools INTERFACE ${GFS_LAYERS})
endif()

# What a user needs, without the tests.
add_custom_target(programs)

foreach(program ${GFS_PROGRAMS})
	string(REGEX REPLACE "\\.graphfs$" "" file ${program})
	set(main ${PROJECT_SOURCE_DIR}/mount-tools/${file}_main.c)
	if(NOT main IN_LIST TOOLS_MAINS OR GFS_FUZZ)
		continue()
	endif()
	# A target named after the file: `fsck` and `mkfs` name no other, and a dot is awkward to type.
	gfs_executable(${file}_program SOURCES ${main} LIBS gfs_tools)
	set_target_properties(${file}_program PROPERTIES OUTPUT_NAME ${program})
	add_dependencies(programs ${file}_program)
	if(program MATCHES "\\.graphfs$")
		install(TARGETS ${file}_program DESTINATION ${CMAKE_INSTALL_SBINDIR})
	else()
		install(TARGETS ${file}_program DESTINATION ${CMAKE_INSTALL_BINDIR})
	endif()
endforeach()

# `mount -t fuse.graphfs` runs graphfs through mount.fuse3; `mount -t graphfs` looks for a helper of this name.
if(EXISTS ${PROJECT_SOURCE_DIR}/mount-tools/mount.graphfs)
	install(PROGRAMS ${PROJECT_SOURCE_DIR}/mount-tools/mount.graphfs DESTINATION ${CMAKE_INSTALL_SBINDIR})
endif()

foreach(section 1 5 8)
	file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/mount-tools/man/*.${section})
	if(pages)
		install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
	endif()
endforeach()
