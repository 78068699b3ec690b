/* Any bytes after a brace as JSON Lines. */
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_u8(&text, '{');
	gfs_buf_append(&text, data, size);
	require(gfs_buf_failed(&text) == 0);
	fuzz_one(gfs_buf_slice(&text));
	return 0;
}
