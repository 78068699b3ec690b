#include "mount-tools/shell_input.h"

#include "base/buf.h"

#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

enum { HISTORY_LINES = 2000, WORDS_SHOWN_MAX = 200 };

struct gfs_shell_input {
	struct gfs_shell_world world;
	EditLine *edit; /* NULL: lines come from a file */
	History *history;
	struct gfs_buf history_file; /* its name; empty: there is none */
	bool more;
	char *line; /* owned: the line at hand */
	size_t capacity;
};

static const char *prompt(EditLine *edit)
{
	struct gfs_shell_input *input;
	(void)el_get(edit, EL_CLIENTDATA, &input); /* was set at the begin */
	return input->more ? "      -> " : "graphfs> ";
}

/* ---- tab ---- */

static void show_words(const struct gfs_completions *found)
{
	fputc('\n', stdout);
	for (size_t i = 0; i < found->count && i < WORDS_SHOWN_MAX; i++)
		printf("%.*s  ", (int)found->words[i].size, (const char *)found->words[i].data);
	printf("%s\n", found->count > WORDS_SHOWN_MAX ? "..." : "");
}

static unsigned char insert(EditLine *edit, const struct gfs_completions *found, size_t shared)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append(&text, found->words[0].data, shared);
	gfs_buf_append_u8(&text, '\0');
	if (gfs_buf_failed(&text) != 0)
		return CC_ERROR;
	el_deletestr(edit, (int)found->typed);
	return el_insertstr(edit, (const char *)text.data) == 0 ? CC_REFRESH : CC_ERROR;
}

static unsigned char complete(EditLine *edit, int key)
{
	(void)key;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_completions found;
	struct gfs_shell_input *input;
	(void)el_get(edit, EL_CLIENTDATA, &input); /* was set at the begin */
	const LineInfo *line = el_line(edit);
	struct gfs_slice before = gfs_slice(line->buffer, (size_t)(line->cursor - line->buffer));
	if (gfs_shell_complete(&input->world, before, &arena, &found) != 0 || found.count == 0)
		return CC_REFRESH_BEEP;
	size_t shared = gfs_completions_shared(&found);
	if (shared > found.typed)
		return insert(edit, &found, shared);
	if (found.count == 1)
		return CC_NORM;
	show_words(&found);
	return CC_REDISPLAY;
}

/* ---- history ---- */

static void open_history(struct gfs_shell_input *input)
{
	HistEvent event;
	input->history = history_init();
	if (input->history == NULL)
		return;
	(void)history(input->history, &event, H_SETSIZE, HISTORY_LINES);
	(void)history(input->history, &event, H_SETUNIQUE, 1);
	const char *home = getenv("HOME");
	if (home != NULL && home[0] != '\0') {
		gfs_buf_printf(&input->history_file, "%s/.graphfs_history", home);
		gfs_buf_append_u8(&input->history_file, '\0');
		if (gfs_buf_failed(&input->history_file) == 0)
			(void)history(
				input->history, &event, H_LOAD, (const char *)input->history_file.data); /* may not be there */
	}
	(void)el_set(input->edit, EL_HIST, history, input->history);
}

static void close_history(struct gfs_shell_input *input)
{
	HistEvent event;
	if (input->history == NULL)
		return;
	if (input->history_file.size != 0 && gfs_buf_failed(&input->history_file) == 0)
		(void)history(
			input->history, &event, H_SAVE, (const char *)input->history_file.data); /* it is only a comfort */
	history_end(input->history);
}

/* ---- lines ---- */

static void on_interrupt(int signal_number)
{
	(void)signal_number; /* it is enough that the read ends */
}

static int open_edit(struct gfs_shell_input *input)
{
	/* Names are UTF-8; numbers stay as they are in C. */
	(void)setlocale(LC_CTYPE, "");
	input->edit = el_init("graphfsctl", stdin, stdout, stderr);
	if (input->edit == NULL)
		return GFS_ERR_NOMEM;
	(void)el_set(input->edit, EL_CLIENTDATA, input);
	(void)el_set(input->edit, EL_PROMPT, prompt);
	(void)el_set(input->edit, EL_EDITOR, "emacs");
	(void)el_set(input->edit, EL_SIGNAL, 1);
	/* The narrow el_set copies these names and never frees them. */
	(void)el_wset(input->edit, EL_ADDFN, L"graphfs-complete", L"complete a name", complete);
	(void)el_set(input->edit, EL_BIND, "^I", "graphfs-complete", NULL);
	open_history(input);
	(void)el_source(input->edit, NULL); /* the user's ~/.editrc, if there is one */
	return 0;
}

int gfs_shell_input_new(const struct gfs_shell_world *world, bool interactive, struct gfs_shell_input **ret_input)
{
	struct gfs_shell_input *input = calloc(1, sizeof *input);
	if (input == NULL)
		return GFS_ERR_NOMEM;
	input->world = *world;
	int err = interactive ? open_edit(input) : 0;
	if (err != 0) {
		free(input);
		return err;
	}
	*ret_input = input;
	return 0;
}

void gfs_shell_input_free(struct gfs_shell_input *input)
{
	if (input == NULL)
		return;
	close_history(input);
	if (input->edit != NULL)
		el_end(input->edit);
	gfs_buf_release(&input->history_file);
	free(input->line);
	free(input);
}

static enum gfs_shell_event edited_line(struct gfs_shell_input *input, char **ret_line)
{
	struct sigaction action = { .sa_handler = on_interrupt }, old;
	HistEvent event;
	int size;
	(void)sigaction(SIGINT, &action, &old); /* cannot fail for SIGINT */
	errno = 0;
	const char *line = el_gets(input->edit, &size);
	bool cancelled = line == NULL && errno == EINTR;
	(void)sigaction(SIGINT, &old, NULL); /* as above */
	if (cancelled) {
		fputc('\n', stdout);
		el_reset(input->edit);
		return GFS_SHELL_CANCELLED;
	}
	if (line == NULL || size <= 0)
		return GFS_SHELL_END;
	if (input->history != NULL && line[0] != '\n')
		(void)history(input->history, &event, H_ENTER, line); /* it is only a comfort */
	free(input->line);
	input->line = strdup(line);
	*ret_line = input->line;
	return input->line == NULL ? GFS_SHELL_END : GFS_SHELL_LINE;
}

enum gfs_shell_event gfs_shell_input_line(struct gfs_shell_input *input, bool more, char **ret_line)
{
	input->more = more;
	if (input->edit != NULL)
		return edited_line(input, ret_line);
	if (getline(&input->line, &input->capacity, stdin) < 0)
		return GFS_SHELL_END;
	*ret_line = input->line;
	return GFS_SHELL_LINE;
}
