/* x IS [NOT] :: type, x IS [NOT] TYPED type, and types: INTEGER, LIST<INTEGER NOT NULL>, INTEGER LIST, ANY<INTEGER | STRING>. */
#include "query/parser.h"

#include "base/checked.h"
#include "query/value_type.h"

#include <assert.h>
#include <strings.h>

#define BIT(type) (UINT32_C(1) << (type))
#define EVERYTHING (BIT(GFS_DATUM_TYPE_COUNT) - 1)
/* What properties hold, but for lists, which ask for more. */
#define PLAIN                                                                                                          \
	(BIT(GFS_DATUM_POINT) | BIT(GFS_DATUM_DATETIME) | BIT(GFS_DATUM_LOCALDATETIME) | BIT(GFS_DATUM_DATE) |             \
		BIT(GFS_DATUM_TIME) | BIT(GFS_DATUM_LOCALTIME) | BIT(GFS_DATUM_DURATION) | BIT(GFS_DATUM_BYTES) |              \
		BIT(GFS_DATUM_STRING) | BIT(GFS_DATUM_BOOLEAN) | BIT(GFS_DATUM_INTEGER) | BIT(GFS_DATUM_FLOAT))
#define PROPERTY (PLAIN | BIT(GFS_DATUM_LIST))

/* A name that is the begin of another one stands behind it. */
static const struct {
	const char *name;
	uint32_t types;
} names[] = {
	{ "ANY PROPERTY VALUE", PROPERTY },
	{ "PROPERTY VALUE", PROPERTY },
	{ "ANY RELATIONSHIP", BIT(GFS_DATUM_REL) },
	{ "ANY VALUE", EVERYTHING },
	{ "ANY VERTEX", BIT(GFS_DATUM_NODE) },
	{ "ANY EDGE", BIT(GFS_DATUM_REL) },
	{ "ANY NODE", BIT(GFS_DATUM_NODE) },
	{ "ANY MAP", BIT(GFS_DATUM_MAP) },
	{ "ANY", EVERYTHING },
	{ "ARRAY", BIT(GFS_DATUM_LIST) },
	{ "BOOLEAN", BIT(GFS_DATUM_BOOLEAN) },
	{ "BOOL", BIT(GFS_DATUM_BOOLEAN) },
	{ "BYTES", BIT(GFS_DATUM_BYTES) },
	{ "DATE", BIT(GFS_DATUM_DATE) },
	{ "DURATION", BIT(GFS_DATUM_DURATION) },
	{ "EDGE", BIT(GFS_DATUM_REL) },
	{ "FLOAT", BIT(GFS_DATUM_FLOAT) },
	{ "INTEGER", BIT(GFS_DATUM_INTEGER) },
	{ "INT", BIT(GFS_DATUM_INTEGER) },
	{ "LIST", BIT(GFS_DATUM_LIST) },
	{ "LOCAL DATETIME", BIT(GFS_DATUM_LOCALDATETIME) },
	{ "LOCAL TIME", BIT(GFS_DATUM_LOCALTIME) },
	{ "MAP", BIT(GFS_DATUM_MAP) },
	{ "NODE", BIT(GFS_DATUM_NODE) },
	{ "NOTHING", 0 },
	{ "NULL", BIT(GFS_DATUM_NULL) },
	{ "PATH", BIT(GFS_DATUM_PATH) },
	{ "POINT", BIT(GFS_DATUM_POINT) },
	{ "RELATIONSHIP", BIT(GFS_DATUM_REL) },
	{ "SIGNED INTEGER", BIT(GFS_DATUM_INTEGER) },
	{ "STRING", BIT(GFS_DATUM_STRING) },
	{ "TIME WITH TIME ZONE", BIT(GFS_DATUM_TIME) },
	{ "TIME WITH TIMEZONE", BIT(GFS_DATUM_TIME) },
	{ "TIME WITHOUT TIME ZONE", BIT(GFS_DATUM_LOCALTIME) },
	{ "TIME WITHOUT TIMEZONE", BIT(GFS_DATUM_LOCALTIME) },
	{ "TIMESTAMP WITH TIME ZONE", BIT(GFS_DATUM_DATETIME) },
	{ "TIMESTAMP WITH TIMEZONE", BIT(GFS_DATUM_DATETIME) },
	{ "TIMESTAMP WITHOUT TIME ZONE", BIT(GFS_DATUM_LOCALDATETIME) },
	{ "TIMESTAMP WITHOUT TIMEZONE", BIT(GFS_DATUM_LOCALDATETIME) },
	{ "VARCHAR", BIT(GFS_DATUM_STRING) },
	{ "VERTEX", BIT(GFS_DATUM_NODE) },
	{ "ZONED DATETIME", BIT(GFS_DATUM_DATETIME) },
	{ "ZONED TIME", BIT(GFS_DATUM_TIME) },
};

static struct gfs_value_type *parse_union(struct gfs_parser *p, bool bar);

/* How many words of the text at hand are the name; 0: it is another. */
static unsigned int words_at(const struct gfs_parser *p, const char *name)
{
	struct gfs_lexer lexer = p->lexer;
	struct gfs_token token = p->token, next = p->next;
	unsigned int words = 0;
	for (;; words++) {
		size_t size = strcspn(name, " ");
		struct gfs_slice text = gfs_token_text(&lexer, &token);
		if (token.kind != GFS_TOKEN_NAME || text.size != size || strncasecmp((const char *)text.data, name, size) != 0)
			return 0;
		if (name[size] == '\0')
			return words + 1;
		name += size + 1;
		token = next;
		next = gfs_lexer_next(&lexer);
	}
}

static int parse_type_name(struct gfs_parser *p, struct gfs_value_type *type)
{
	for (size_t i = 0; i < GFS_COUNT(names); i++) {
		unsigned int words = words_at(p, names[i].name);
		if (words == 0)
			continue;
		for (; words > 0; words--)
			gfs_parser_advance(p);
		type->types = names[i].types == 0 ? 0 : names[i].types | BIT(GFS_DATUM_NULL);
		type->property = names[i].types == PROPERTY;
		return 0;
	}
	return gfs_parser_unexpected(p, "a type: INTEGER, STRING, LIST<ANY>, ...");
}

static int parse_not_null(struct gfs_parser *p, struct gfs_value_type *type)
{
	if (!gfs_parser_accept(p, '!')) {
		if (!gfs_parser_accept_word(p, GFS_WORD_NOT))
			return 0;
		int err = gfs_parser_expect_word(p, GFS_WORD_NULL, "NULL after NOT");
		if (err != 0)
			return err;
	}
	for (; type != NULL; type = type->next)
		type->types &= ~BIT(GFS_DATUM_NULL);
	return 0;
}

/* LIST<...>, and ANY<...>, which is what stands in it. */
static struct gfs_value_type *parse_inner(struct gfs_parser *p, struct gfs_value_type *type)
{
	if (!gfs_parser_at(p, '<') || (type->types & BIT(GFS_DATUM_LIST)) == 0 || type->property)
		return type;
	gfs_parser_advance(p);
	struct gfs_value_type *inner = parse_union(p, true);
	if (inner == NULL || gfs_parser_expect(p, '>', "'>' after the type") != 0)
		return NULL;
	if (type->types == EVERYTHING)
		return inner;
	type->item = inner;
	return type;
}

/* One name, with what stands behind it: <...>, NOT NULL, LIST. */
static struct gfs_value_type *parse_type(struct gfs_parser *p)
{
	struct gfs_value_type *type = gfs_parser_alloc(p, sizeof *type);
	if (type == NULL || parse_type_name(p, type) != 0)
		return NULL;
	type = parse_inner(p, type);
	if (type == NULL || parse_not_null(p, type) != 0)
		return NULL;
	while (words_at(p, "LIST") != 0 || words_at(p, "ARRAY") != 0) {
		struct gfs_value_type *list = gfs_parser_alloc(p, sizeof *list);
		if (list == NULL || gfs_parser_enter(p) != 0)
			return NULL;
		gfs_parser_advance(p);
		list->types = BIT(GFS_DATUM_LIST) | BIT(GFS_DATUM_NULL);
		list->item = type;
		if (parse_not_null(p, list) != 0)
			return NULL;
		type = list;
	}
	return type;
}

/* `bar`: '|' may join. */
static struct gfs_value_type *parse_union(struct gfs_parser *p, bool bar)
{
	uint32_t depth = p->depth;
	if (gfs_parser_enter(p) != 0)
		return NULL;
	struct gfs_value_type *first = parse_type(p), *last = first;
	while (last != NULL && bar && gfs_parser_accept(p, '|')) {
		while (last->next != NULL)
			last = last->next;
		last = last->next = parse_type(p);
	}
	p->depth = depth; /* lists of lists have entered too */
	return last == NULL ? NULL : first;
}

bool gfs_parser_at_type_test(const struct gfs_parser *p)
{
	return (gfs_parser_at(p, ':') && p->next.kind == ':') || gfs_parser_at_word(p, GFS_WORD_TYPED);
}

struct gfs_ast_expr *gfs_parser_type_test(struct gfs_parser *p, struct gfs_ast_expr *of, bool negated)
{
	assert(gfs_parser_at_type_test(p));
	if (!gfs_parser_accept_word(p, GFS_WORD_TYPED)) {
		gfs_parser_advance(p);
		gfs_parser_advance(p);
	}
	struct gfs_ast_expr *expr = gfs_parser_node_args(p, GFS_AST_IS_TYPED, 1);
	if (expr == NULL)
		return NULL;
	expr->pos = of->pos;
	expr->args[0] = of;
	expr->negated = negated;
	expr->type = parse_union(p, !p->no_bar);
	return expr->type == NULL ? NULL : gfs_parser_close(p, expr);
}
