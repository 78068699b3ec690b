# tests/FOLDER/PREFIX_*.c is a program of its own; the other sources of tests/unit, and those of tests/support, help all of them.
#
#   unit         test_*.c   cmocka, ctest label unit
#   conformance  test_*.c   cmocka, ctest label conformance; tck.sh runs the openCypher kit
#   crash        crash_*.c  ctest label crash
#   integration  *.sh       ctest label integration; *.c are their helper programs
#   bench        bench_*.c  built for release only; other sources there help them
#   fuzz         fuzz_*.c   built in the preset fuzz, and nothing else there
set(TESTS ${PROJECT_SOURCE_DIR}/tests)

if(GFS_FUZZ)
	file(GLOB sources CONFIGURE_DEPENDS ${TESTS}/fuzz/fuzz_*.c)
	foreach(source ${sources})
		get_filename_component(name ${source} NAME_WE)
		gfs_executable(${name} SOURCES ${source} LIBS gfs_tools DIRECTORY fuzz)
		target_link_options(${name} PRIVATE -fsanitize=fuzzer)
	endforeach()
	return()
endif()

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

# Assertions are how tests fail, in every build; GFS_RELEASE says that what they test has none.
set(GFS_TEST_OPTIONS -UNDEBUG $<$<CONFIG:Release>:-DGFS_RELEASE>)

# Reports of the sanitizers fail the test that made them.
set(GFS_TEST_ENVIRONMENT
	"GRAPHFS_BIN=${PROJECT_BINARY_DIR}/bin"
	"GRAPHFS_TESTS=${PROJECT_BINARY_DIR}/tests"
	"GRAPHFS_SANITIZE=${GFS_SANITIZE}"
	"ASAN_OPTIONS=detect_leaks=1:halt_on_error=1:allocator_may_return_null=1:detect_stack_use_after_return=1:strict_string_checks=1"
	"LSAN_OPTIONS=report_objects=1:print_suppressions=0:suppressions=${TESTS}/lsan.supp"
	"UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1"
	"TSAN_OPTIONS=halt_on_error=1:allocator_may_return_null=1:second_deadlock_stack=1:suppressions=${TESTS}/tsan.supp")

# gfs_test(NAME LABEL TIMEOUT COMMAND...)
function(gfs_test name label timeout)
	add_test(NAME ${name} COMMAND ${ARGN})
	set_tests_properties(${name} PROPERTIES
		LABELS ${label} TIMEOUT ${timeout} SKIP_RETURN_CODE 77 ENVIRONMENT "${GFS_TEST_ENVIRONMENT}")
endfunction()

file(GLOB helpers CONFIGURE_DEPENDS ${TESTS}/unit/*.c ${TESTS}/support/*.c)
list(FILTER helpers EXCLUDE REGEX "/test_[^/]*\\.c$")
if(helpers)
	add_library(gfs_test_support STATIC ${helpers})
	target_link_libraries(gfs_test_support PRIVATE gfs_compile gfs_banned)
	target_compile_options(gfs_test_support PRIVATE ${GFS_TEST_OPTIONS})
	target_link_libraries(gfs_test_support PUBLIC PkgConfig::CMOCKA m)
else()
	add_library(gfs_test_support INTERFACE)
	target_link_libraries(gfs_test_support INTERFACE PkgConfig::CMOCKA m)
endif()

# These have one thread, and take long under the thread sanitizer, which would see nothing in them.
set(GFS_TESTS_ONE_THREAD test_adj_form test_adj_old test_adj_view test_adjacency test_blob test_import_spill test_query_random test_set_expr)

# What a test links: test_LAYER_* its layer and those below, which keeps it honest and quick to build; any other everything.
function(gfs_test_layers name ret_libs)
	set(libs gfs_tools)
	foreach(layer ${GFS_LAYERS})
		string(REPLACE gfs_ test_ prefix ${layer})
		if(name MATCHES "^${prefix}_")
			set(libs ${layer})
		endif()
	endforeach()
	set(${ret_libs} ${libs} PARENT_SCOPE)
endfunction()

foreach(pattern unit/test_ conformance/test_ crash/crash_)
	get_filename_component(label ${pattern} DIRECTORY)
	file(GLOB sources CONFIGURE_DEPENDS ${TESTS}/${pattern}*.c)
	foreach(source ${sources})
		get_filename_component(name ${source} NAME_WE)
		if(GFS_SANITIZE STREQUAL thread AND name IN_LIST GFS_TESTS_ONE_THREAD)
			continue()
		endif()
		gfs_test_layers(${name} libs)
		gfs_executable(${name} SOURCES ${source} LIBS gfs_test_support ${libs} DIRECTORY tests)
		target_compile_options(${name} PRIVATE ${GFS_TEST_OPTIONS})
		gfs_test(${name} ${label} 300 ${name})
	endforeach()
endforeach()

# In the programs themselves: io_trace.c defines calls of the C library.
foreach(name crash_replay crash_fault)
	target_sources(${name} PRIVATE ${TESTS}/crash/io_trace.c ${TESTS}/crash/small_graph.c)
endforeach()

file(GLOB sources CONFIGURE_DEPENDS ${TESTS}/integration/*.c)
foreach(source ${sources})
	get_filename_component(name ${source} NAME_WE)
	gfs_executable(${name} SOURCES ${source} LIBS gfs_test_support gfs_tools DIRECTORY tests)
	target_compile_options(${name} PRIVATE ${GFS_TEST_OPTIONS})
endforeach()

# A name that starts with `lib` or an underscore is sourced by others. Those that take a time without progress for a hang have the machine to
# themselves.
set(GFS_TESTS_ALONE coherence deadlock)
file(GLOB scripts CONFIGURE_DEPENDS ${TESTS}/integration/*.sh)
list(FILTER scripts EXCLUDE REGEX "/(lib|_)[^/]*\\.sh$")
foreach(script ${scripts})
	get_filename_component(name ${script} NAME_WE)
	gfs_test(integration_${name} integration 600 bash ${script})
	set_tests_properties(integration_${name} PROPERTIES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	if(name IN_LIST GFS_TESTS_ALONE)
		set_tests_properties(integration_${name} PROPERTIES RUN_SERIAL ON)
	endif()
endforeach()

gfs_test(conformance_tck conformance 600 bash ${TESTS}/conformance/tck.sh)
set_tests_properties(conformance_tck PROPERTIES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

if(GFS_BENCH)
	pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
	file(GLOB helpers CONFIGURE_DEPENDS ${TESTS}/bench/*.c)
	list(FILTER helpers EXCLUDE REGEX "/bench_[^/]*\\.c$")
	add_library(gfs_bench_support STATIC ${helpers})
	target_link_libraries(gfs_bench_support PRIVATE gfs_compile gfs_tools PUBLIC gfs_dep_lmdb)
	file(GLOB sources CONFIGURE_DEPENDS ${TESTS}/bench/bench_*.c)
	foreach(source ${sources})
		get_filename_component(name ${source} NAME_WE)
		gfs_executable(${name} SOURCES ${source} LIBS gfs_bench_support gfs_test_support gfs_tools DIRECTORY bench)
	endforeach()
	target_link_libraries(bench_cypher PRIVATE PkgConfig::SQLITE)
endif()
