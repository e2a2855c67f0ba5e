/* A Bison parser, made by GNU Bison 3.8.2.  */

/* Bison implementation for Yacc-like parsers in C

   Copyright (C) 1984, 1989-1990, 2000-2015, 2018-2021 Free Software Foundation,
   Inc.

   This program is free software: you can redistribute it and/or modify
   it under the terms of the GNU General Public License as published by
   the Free Software Foundation, either version 3 of the License, or
   (at your option) any later version.

   This program is distributed in the hope that it will be useful,
   but WITHOUT ANY WARRANTY; without even the implied warranty of
   MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
   GNU General Public License for more details.

   You should have received a copy of the GNU General Public License
   along with this program.  If not, see <https://www.gnu.org/licenses/>.  */

/* As a special exception, you may create a larger work that contains
   part or all of the Bison parser skeleton and distribute that work
   under terms of your choice, so long as that work isn't itself a
   parser generator using the skeleton or a modified version thereof
   as a parser skeleton.  Alternatively, if you modify or redistribute
   the parser skeleton itself, you may (at your option) remove this
   special exception, which will cause the skeleton and the resulting
   Bison output files to be licensed under the GNU General Public
   License without this special exception.

   This special exception was added by the Free Software Foundation in
   version 2.2 of Bison.  */

/* C LALR(1) parser skeleton written by Richard Stallman, by
   simplifying the original so-called "semantic" parser.  */

/* DO NOT RELY ON FEATURES THAT ARE NOT DOCUMENTED in the manual,
   especially those whose name start with YY_ or yy_.  They are
   private implementation details that can be changed or removed.  */

/* All symbols defined below should begin with yy or YY, to avoid
   infringing on user name space.  This should be done even for local
   variables, as they might otherwise be expanded by user macros.
   There are some unavoidable exceptions within include files to
   define necessary library symbols; they are noted "INFRINGES ON
   USER NAME SPACE" below.  */

/* Identify Bison output, and Bison version.  */
#define YYBISON 30802

/* Bison version string.  */
#define YYBISON_VERSION "3.8.2"

/* Skeleton name.  */
#define YYSKELETON_NAME "yacc.c"

/* Pure parsers.  */
#define YYPURE 2

/* Push parsers.  */
#define YYPUSH 0

/* Pull parsers.  */
#define YYPULL 1

/* Substitute the type names.  */
#define YYSTYPE         QDLYYSTYPE
#define YYLTYPE         QDLYYLTYPE
/* Substitute the variable and function names.  */
#define yyparse         qdlyyparse
#define yylex           qdlyylex
#define yyerror         qdlyyerror
#define yydebug         qdlyydebug
#define yynerrs         qdlyynerrs


# ifndef YY_CAST
#  ifdef __cplusplus
#   define YY_CAST(Type, Val) static_cast<Type> (Val)
#   define YY_REINTERPRET_CAST(Type, Val) reinterpret_cast<Type> (Val)
#  else
#   define YY_CAST(Type, Val) ((Type) (Val))
#   define YY_REINTERPRET_CAST(Type, Val) ((Type) (Val))
#  endif
# endif
# ifndef YY_NULLPTR
#  if defined __cplusplus
#   if 201103L <= __cplusplus
#    define YY_NULLPTR nullptr
#   else
#    define YY_NULLPTR 0
#   endif
#  else
#   define YY_NULLPTR ((void*)0)
#  endif
# endif

/* Use api.header.include to #include this header
   instead of duplicating it here.  */
#ifndef YY_QDLYY_GRAMMAR_QDL_H_INCLUDED
# define YY_QDLYY_GRAMMAR_QDL_H_INCLUDED
/* Debug traces.  */
#ifndef QDLYYDEBUG
# if defined YYDEBUG
#if YYDEBUG
#   define QDLYYDEBUG 1
#  else
#   define QDLYYDEBUG 0
#  endif
# else /* ! defined YYDEBUG */
#  define QDLYYDEBUG 0
# endif /* ! defined YYDEBUG */
#endif  /* ! defined QDLYYDEBUG */
#if QDLYYDEBUG
extern int qdlyydebug;
#endif
/* "%code requires" blocks.  */
#line 6 "../grammar/qdl.y"

#include "compiler/front/parse.h"

#line 123 "grammar/qdl.c"

/* Token kinds.  */
#ifndef QDLYYTOKENTYPE
# define QDLYYTOKENTYPE
  enum qdlyytokentype
  {
    T_QDLYYEMPTY = -2,
    T_END = 0,                     /* "the end of the file"  */
    T_QDLYYerror = 256,            /* error  */
    T_QDLYYUNDEF = 257,            /* "invalid token"  */
    T_NEWLINE = 258,               /* "the end of the line"  */
    T_SEMICOLON = 259,             /* "`;`"  */
    T_WORD = 260,                  /* "a name"  */
    T_STRING = 261,                /* "a quoted name"  */
    T_NUMBER = 262,                /* "a number"  */
    T_SIZE = 263,                  /* "a size such as 3x3"  */
    T_MODEL = 264,                 /* "`model`"  */
    T_BLOCK = 265,                 /* "`block`"  */
    T_QUANTIZE = 266,              /* "`quantize`"  */
    T_INPUT = 267,                 /* "`input`"  */
    T_OUTPUT = 268,                /* "`output`"  */
    T_RETURN = 269,                /* "`return`"  */
    T_WEIGHTS = 270,               /* "`weights`"  */
    T_X = 271,                     /* "`x`"  */
    T_STATE = 272,                 /* "`state`"  */
    T_AUGMENT = 273,               /* "`augment`"  */
    T_LBRACE = 274,                /* "`{`"  */
    T_RBRACE = 275,                /* "`}`"  */
    T_LPAREN = 276,                /* "`(`"  */
    T_RPAREN = 277,                /* "`)`"  */
    T_LBRACKET = 278,              /* "`[`"  */
    T_RBRACKET = 279,              /* "`]`"  */
    T_COMMA = 280,                 /* "`,`"  */
    T_COLON = 281,                 /* "`:`"  */
    T_EQUALS = 282,                /* "`=`"  */
    T_ASSIGN = 283,                /* "`:=`"  */
    T_DOT = 284,                   /* "`.`"  */
    T_PIPE = 285,                  /* "`|>`"  */
    T_BAD = 286                    /* "an unknown character"  */
  };
  typedef enum qdlyytokentype qdlyytoken_kind_t;
#endif

/* Value type.  */
#if ! defined QDLYYSTYPE && ! defined QDLYYSTYPE_IS_DECLARED
typedef union qdl_value QDLYYSTYPE;
# define QDLYYSTYPE_IS_TRIVIAL 1
# define QDLYYSTYPE_IS_DECLARED 1
#endif

/* Location type.  */
typedef qloc QDLYYLTYPE;




int qdlyyparse (qdl_parser *ps);


#endif /* !YY_QDLYY_GRAMMAR_QDL_H_INCLUDED  */
/* Symbol kind.  */
enum yysymbol_kind_t
{
  YYSYMBOL_YYEMPTY = -2,
  YYSYMBOL_YYEOF = 0,                      /* "the end of the file"  */
  YYSYMBOL_YYerror = 1,                    /* error  */
  YYSYMBOL_YYUNDEF = 2,                    /* "invalid token"  */
  YYSYMBOL_NEWLINE = 3,                    /* "the end of the line"  */
  YYSYMBOL_SEMICOLON = 4,                  /* "`;`"  */
  YYSYMBOL_WORD = 5,                       /* "a name"  */
  YYSYMBOL_STRING = 6,                     /* "a quoted name"  */
  YYSYMBOL_NUMBER = 7,                     /* "a number"  */
  YYSYMBOL_SIZE = 8,                       /* "a size such as 3x3"  */
  YYSYMBOL_MODEL = 9,                      /* "`model`"  */
  YYSYMBOL_BLOCK = 10,                     /* "`block`"  */
  YYSYMBOL_QUANTIZE = 11,                  /* "`quantize`"  */
  YYSYMBOL_INPUT = 12,                     /* "`input`"  */
  YYSYMBOL_OUTPUT = 13,                    /* "`output`"  */
  YYSYMBOL_RETURN = 14,                    /* "`return`"  */
  YYSYMBOL_WEIGHTS = 15,                   /* "`weights`"  */
  YYSYMBOL_X = 16,                         /* "`x`"  */
  YYSYMBOL_STATE = 17,                     /* "`state`"  */
  YYSYMBOL_AUGMENT = 18,                   /* "`augment`"  */
  YYSYMBOL_LBRACE = 19,                    /* "`{`"  */
  YYSYMBOL_RBRACE = 20,                    /* "`}`"  */
  YYSYMBOL_LPAREN = 21,                    /* "`(`"  */
  YYSYMBOL_RPAREN = 22,                    /* "`)`"  */
  YYSYMBOL_LBRACKET = 23,                  /* "`[`"  */
  YYSYMBOL_RBRACKET = 24,                  /* "`]`"  */
  YYSYMBOL_COMMA = 25,                     /* "`,`"  */
  YYSYMBOL_COLON = 26,                     /* "`:`"  */
  YYSYMBOL_EQUALS = 27,                    /* "`=`"  */
  YYSYMBOL_ASSIGN = 28,                    /* "`:=`"  */
  YYSYMBOL_DOT = 29,                       /* "`.`"  */
  YYSYMBOL_PIPE = 30,                      /* "`|>`"  */
  YYSYMBOL_BAD = 31,                       /* "an unknown character"  */
  YYSYMBOL_YYACCEPT = 32,                  /* $accept  */
  YYSYMBOL_file = 33,                      /* file  */
  YYSYMBOL_sections = 34,                  /* sections  */
  YYSYMBOL_section = 35,                   /* section  */
  YYSYMBOL_label = 36,                     /* label  */
  YYSYMBOL_params = 37,                    /* params  */
  YYSYMBOL_body = 38,                      /* body  */
  YYSYMBOL_stmts = 39,                     /* stmts  */
  YYSYMBOL_end = 40,                       /* end  */
  YYSYMBOL_stmt = 41,                      /* stmt  */
  YYSYMBOL_qualifiers = 42,                /* qualifiers  */
  YYSYMBOL_expr = 43,                      /* expr  */
  YYSYMBOL_callee = 44,                    /* callee  */
  YYSYMBOL_call = 45,                      /* call  */
  YYSYMBOL_arg_list = 46,                  /* arg_list  */
  YYSYMBOL_args = 47,                      /* args  */
  YYSYMBOL_exprs = 48,                     /* exprs  */
  YYSYMBOL_rules = 49,                     /* rules  */
  YYSYMBOL_rule = 50,                      /* rule  */
  YYSYMBOL_path = 51,                      /* path  */
  YYSYMBOL_items = 52,                     /* items  */
  YYSYMBOL_item = 53,                      /* item  */
  YYSYMBOL_position = 54,                  /* position  */
  YYSYMBOL_value = 55,                     /* value  */
  YYSYMBOL_plain = 56,                     /* plain  */
  YYSYMBOL_scalar = 57,                    /* scalar  */
  YYSYMBOL_list = 58,                      /* list  */
  YYSYMBOL_scalars = 59,                   /* scalars  */
  YYSYMBOL_names = 60,                     /* names  */
  YYSYMBOL_name = 61,                      /* name  */
  YYSYMBOL_word = 62                       /* word  */
};
typedef enum yysymbol_kind_t yysymbol_kind_t;



/* Unqualified %code blocks.  */
#line 10 "../grammar/qdl.y"

static int qdlyylex(qdl_value *v, qloc *loc, qdl_parser *ps)
{
    return qdl_next_token(ps, v, loc);
}

static void qdlyyerror(qloc *loc, qdl_parser *ps, const char *message);

/* Brackets nest to a limit and lists are left-recursive, so this stack always suffices; without
 * growth nothing of the parser is outside the arena. */
#define YYINITDEPTH 1000
#define YYMAXDEPTH 1000
#define YYLLOC_DEFAULT(current, rhs, n) \
    ((current) = (n) ? loc_span(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) \
                     : (qloc){YYRHSLOC(rhs, 0).src, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end})

#line 274 "grammar/qdl.c"

#ifdef short
# undef short
#endif

/* On compilers that do not define __PTRDIFF_MAX__ etc., make sure
   <limits.h> and (if available) <stdint.h> are included
   so that the code can choose integer types of a good width.  */

#ifndef __PTRDIFF_MAX__
# include <limits.h> /* INFRINGES ON USER NAME SPACE */
# if defined __STDC_VERSION__ && 199901 <= __STDC_VERSION__
#  include <stdint.h> /* INFRINGES ON USER NAME SPACE */
#  define YY_STDINT_H
# endif
#endif

/* Narrow types that promote to a signed type and that can represent a
   signed or unsigned integer of at least N bits.  In tables they can
   save space and decrease cache pressure.  Promoting to a signed type
   helps avoid bugs in integer arithmetic.  */

#ifdef __INT_LEAST8_MAX__
typedef __INT_LEAST8_TYPE__ yytype_int8;
#elif defined YY_STDINT_H
typedef int_least8_t yytype_int8;
#else
typedef signed char yytype_int8;
#endif

#ifdef __INT_LEAST16_MAX__
typedef __INT_LEAST16_TYPE__ yytype_int16;
#elif defined YY_STDINT_H
typedef int_least16_t yytype_int16;
#else
typedef short yytype_int16;
#endif

/* Work around bug in HP-UX 11.23, which defines these macros
   incorrectly for preprocessor constants.  This workaround can likely
   be removed in 2023, as HPE has promised support for HP-UX 11.23
   (aka HP-UX 11i v2) only through the end of 2022; see Table 2 of
   <https://h20195.www2.hpe.com/V2/getpdf.aspx/4AA4-7673ENW.pdf>.  */
#ifdef __hpux
# undef UINT_LEAST8_MAX
# undef UINT_LEAST16_MAX
# define UINT_LEAST8_MAX 255
# define UINT_LEAST16_MAX 65535
#endif

#if defined __UINT_LEAST8_MAX__ && __UINT_LEAST8_MAX__ <= __INT_MAX__
typedef __UINT_LEAST8_TYPE__ yytype_uint8;
#elif (!defined __UINT_LEAST8_MAX__ && defined YY_STDINT_H \
       && UINT_LEAST8_MAX <= INT_MAX)
typedef uint_least8_t yytype_uint8;
#elif !defined __UINT_LEAST8_MAX__ && UCHAR_MAX <= INT_MAX
typedef unsigned char yytype_uint8;
#else
typedef short yytype_uint8;
#endif

#if defined __UINT_LEAST16_MAX__ && __UINT_LEAST16_MAX__ <= __INT_MAX__
typedef __UINT_LEAST16_TYPE__ yytype_uint16;
#elif (!defined __UINT_LEAST16_MAX__ && defined YY_STDINT_H \
       && UINT_LEAST16_MAX <= INT_MAX)
typedef uint_least16_t yytype_uint16;
#elif !defined __UINT_LEAST16_MAX__ && USHRT_MAX <= INT_MAX
typedef unsigned short yytype_uint16;
#else
typedef int yytype_uint16;
#endif

#ifndef YYPTRDIFF_T
# if defined __PTRDIFF_TYPE__ && defined __PTRDIFF_MAX__
#  define YYPTRDIFF_T __PTRDIFF_TYPE__
#  define YYPTRDIFF_MAXIMUM __PTRDIFF_MAX__
# elif defined PTRDIFF_MAX
#  ifndef ptrdiff_t
#   include <stddef.h> /* INFRINGES ON USER NAME SPACE */
#  endif
#  define YYPTRDIFF_T ptrdiff_t
#  define YYPTRDIFF_MAXIMUM PTRDIFF_MAX
# else
#  define YYPTRDIFF_T long
#  define YYPTRDIFF_MAXIMUM LONG_MAX
# endif
#endif

#ifndef YYSIZE_T
# ifdef __SIZE_TYPE__
#  define YYSIZE_T __SIZE_TYPE__
# elif defined size_t
#  define YYSIZE_T size_t
# elif defined __STDC_VERSION__ && 199901 <= __STDC_VERSION__
#  include <stddef.h> /* INFRINGES ON USER NAME SPACE */
#  define YYSIZE_T size_t
# else
#  define YYSIZE_T unsigned
# endif
#endif

#define YYSIZE_MAXIMUM                                  \
  YY_CAST (YYPTRDIFF_T,                                 \
           (YYPTRDIFF_MAXIMUM < YY_CAST (YYSIZE_T, -1)  \
            ? YYPTRDIFF_MAXIMUM                         \
            : YY_CAST (YYSIZE_T, -1)))

#define YYSIZEOF(X) YY_CAST (YYPTRDIFF_T, sizeof (X))


/* Stored state numbers (used for stacks). */
typedef yytype_uint8 yy_state_t;

/* State numbers in computations.  */
typedef int yy_state_fast_t;

#ifndef YY_
# if defined YYENABLE_NLS && YYENABLE_NLS
#  if ENABLE_NLS
#   include <libintl.h> /* INFRINGES ON USER NAME SPACE */
#   define YY_(Msgid) dgettext ("bison-runtime", Msgid)
#  endif
# endif
# ifndef YY_
#  define YY_(Msgid) Msgid
# endif
#endif


#ifndef YY_ATTRIBUTE_PURE
# if defined __GNUC__ && 2 < __GNUC__ + (96 <= __GNUC_MINOR__)
#  define YY_ATTRIBUTE_PURE __attribute__ ((__pure__))
# else
#  define YY_ATTRIBUTE_PURE
# endif
#endif

#ifndef YY_ATTRIBUTE_UNUSED
# if defined __GNUC__ && 2 < __GNUC__ + (7 <= __GNUC_MINOR__)
#  define YY_ATTRIBUTE_UNUSED __attribute__ ((__unused__))
# else
#  define YY_ATTRIBUTE_UNUSED
# endif
#endif

/* Suppress unused-variable warnings by "using" E.  */
#if ! defined lint || defined __GNUC__
# define YY_USE(E) ((void) (E))
#else
# define YY_USE(E) /* empty */
#endif

/* Suppress an incorrect diagnostic about yylval being uninitialized.  */
#if defined __GNUC__ && ! defined __ICC && 406 <= __GNUC__ * 100 + __GNUC_MINOR__
# if __GNUC__ * 100 + __GNUC_MINOR__ < 407
#  define YY_IGNORE_MAYBE_UNINITIALIZED_BEGIN                           \
    _Pragma ("GCC diagnostic push")                                     \
    _Pragma ("GCC diagnostic ignored \"-Wuninitialized\"")
# else
#  define YY_IGNORE_MAYBE_UNINITIALIZED_BEGIN                           \
    _Pragma ("GCC diagnostic push")                                     \
    _Pragma ("GCC diagnostic ignored \"-Wuninitialized\"")              \
    _Pragma ("GCC diagnostic ignored \"-Wmaybe-uninitialized\"")
# endif
# define YY_IGNORE_MAYBE_UNINITIALIZED_END      \
    _Pragma ("GCC diagnostic pop")
#else
# define YY_INITIAL_VALUE(Value) Value
#endif
#ifndef YY_IGNORE_MAYBE_UNINITIALIZED_BEGIN
# define YY_IGNORE_MAYBE_UNINITIALIZED_BEGIN
# define YY_IGNORE_MAYBE_UNINITIALIZED_END
#endif
#ifndef YY_INITIAL_VALUE
# define YY_INITIAL_VALUE(Value) /* Nothing. */
#endif

#if defined __cplusplus && defined __GNUC__ && ! defined __ICC && 6 <= __GNUC__
# define YY_IGNORE_USELESS_CAST_BEGIN                          \
    _Pragma ("GCC diagnostic push")                            \
    _Pragma ("GCC diagnostic ignored \"-Wuseless-cast\"")
# define YY_IGNORE_USELESS_CAST_END            \
    _Pragma ("GCC diagnostic pop")
#endif
#ifndef YY_IGNORE_USELESS_CAST_BEGIN
# define YY_IGNORE_USELESS_CAST_BEGIN
# define YY_IGNORE_USELESS_CAST_END
#endif


#define YY_ASSERT(E) ((void) (0 && (E)))

#if 1

/* The parser invokes alloca or malloc; define the necessary symbols.  */

# ifdef YYSTACK_ALLOC
   /* Pacify GCC's 'empty if-body' warning.  */
#  define YYSTACK_FREE(Ptr) do { /* empty */; } while (0)
#  ifndef YYSTACK_ALLOC_MAXIMUM
    /* The OS might guarantee only one guard page at the bottom of the stack,
       and a page size can be as small as 4096 bytes.  So we cannot safely
       invoke alloca (N) if N exceeds 4096.  Use a slightly smaller number
       to allow for a few compiler-allocated temporary stack slots.  */
#   define YYSTACK_ALLOC_MAXIMUM 4032 /* reasonable circa 2006 */
#  endif
# else
#  define YYSTACK_ALLOC YYMALLOC
#  define YYSTACK_FREE YYFREE
#  ifndef YYSTACK_ALLOC_MAXIMUM
#   define YYSTACK_ALLOC_MAXIMUM YYSIZE_MAXIMUM
#  endif
#  if (defined __cplusplus && ! defined EXIT_SUCCESS \
       && ! ((defined YYMALLOC || defined malloc) \
             && (defined YYFREE || defined free)))
#   include <stdlib.h> /* INFRINGES ON USER NAME SPACE */
#   ifndef EXIT_SUCCESS
#    define EXIT_SUCCESS 0
#   endif
#  endif
#  ifndef YYMALLOC
#   define YYMALLOC malloc
#   if ! defined malloc && ! defined EXIT_SUCCESS
void *malloc (YYSIZE_T); /* INFRINGES ON USER NAME SPACE */
#   endif
#  endif
#  ifndef YYFREE
#   define YYFREE free
#   if ! defined free && ! defined EXIT_SUCCESS
void free (void *); /* INFRINGES ON USER NAME SPACE */
#   endif
#  endif
# endif
# define YYCOPY_NEEDED 1
#endif /* 1 */

#if (! defined yyoverflow \
     && (! defined __cplusplus \
         || (defined QDLYYLTYPE_IS_TRIVIAL && QDLYYLTYPE_IS_TRIVIAL \
             && defined QDLYYSTYPE_IS_TRIVIAL && QDLYYSTYPE_IS_TRIVIAL)))

/* A type that is properly aligned for any stack member.  */
union yyalloc
{
  yy_state_t yyss_alloc;
  YYSTYPE yyvs_alloc;
  YYLTYPE yyls_alloc;
};

/* The size of the maximum gap between one aligned stack and the next.  */
# define YYSTACK_GAP_MAXIMUM (YYSIZEOF (union yyalloc) - 1)

/* The size of an array large to enough to hold all stacks, each with
   N elements.  */
# define YYSTACK_BYTES(N) \
     ((N) * (YYSIZEOF (yy_state_t) + YYSIZEOF (YYSTYPE) \
             + YYSIZEOF (YYLTYPE)) \
      + 2 * YYSTACK_GAP_MAXIMUM)

# define YYCOPY_NEEDED 1

/* Relocate STACK from its old location to the new one.  The
   local variables YYSIZE and YYSTACKSIZE give the old and new number of
   elements in the stack, and YYPTR gives the new location of the
   stack.  Advance YYPTR to a properly aligned location for the next
   stack.  */
# define YYSTACK_RELOCATE(Stack_alloc, Stack)                           \
    do                                                                  \
      {                                                                 \
        YYPTRDIFF_T yynewbytes;                                         \
        YYCOPY (&yyptr->Stack_alloc, Stack, yysize);                    \
        Stack = &yyptr->Stack_alloc;                                    \
        yynewbytes = yystacksize * YYSIZEOF (*Stack) + YYSTACK_GAP_MAXIMUM; \
        yyptr += yynewbytes / YYSIZEOF (*yyptr);                        \
      }                                                                 \
    while (0)

#endif

#if defined YYCOPY_NEEDED && YYCOPY_NEEDED
/* Copy COUNT objects from SRC to DST.  The source and destination do
   not overlap.  */
# ifndef YYCOPY
#  if defined __GNUC__ && 1 < __GNUC__
#   define YYCOPY(Dst, Src, Count) \
      __builtin_memcpy (Dst, Src, YY_CAST (YYSIZE_T, (Count)) * sizeof (*(Src)))
#  else
#   define YYCOPY(Dst, Src, Count)              \
      do                                        \
        {                                       \
          YYPTRDIFF_T yyi;                      \
          for (yyi = 0; yyi < (Count); yyi++)   \
            (Dst)[yyi] = (Src)[yyi];            \
        }                                       \
      while (0)
#  endif
# endif
#endif /* !YYCOPY_NEEDED */

/* YYFINAL -- State number of the termination state.  */
#define YYFINAL  3
/* YYLAST -- Last index in YYTABLE.  */
#define YYLAST   644

/* YYNTOKENS -- Number of terminals.  */
#define YYNTOKENS  32
/* YYNNTS -- Number of nonterminals.  */
#define YYNNTS  31
/* YYNRULES -- Number of rules.  */
#define YYNRULES  97
/* YYNSTATES -- Number of states.  */
#define YYNSTATES  153

/* YYMAXUTOK -- Last valid token kind.  */
#define YYMAXUTOK   286


/* YYTRANSLATE(TOKEN-NUM) -- Symbol number corresponding to TOKEN-NUM
   as returned by yylex, with out-of-bounds checking.  */
#define YYTRANSLATE(YYX)                                \
  (0 <= (YYX) && (YYX) <= YYMAXUTOK                     \
   ? YY_CAST (yysymbol_kind_t, yytranslate[YYX])        \
   : YYSYMBOL_YYUNDEF)

/* YYTRANSLATE[TOKEN-NUM] -- Symbol number corresponding to TOKEN-NUM
   as returned by yylex.  */
static const yytype_int8 yytranslate[] =
{
       0,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     2,     2,     2,     2,
       2,     2,     2,     2,     2,     2,     1,     2,     3,     4,
       5,     6,     7,     8,     9,    10,    11,    12,    13,    14,
      15,    16,    17,    18,    19,    20,    21,    22,    23,    24,
      25,    26,    27,    28,    29,    30,    31
};

#if QDLYYDEBUG
/* YYRLINE[YYN] -- Source line where rule number YYN was defined.  */
static const yytype_uint8 yyrline[] =
{
       0,    63,    63,    66,    67,    71,    72,    73,    74,    75,
      76,    77,    78,    79,    80,    83,    83,    86,    87,    88,
      92,    96,    97,   102,   103,   107,   108,   109,   110,   111,
     112,   113,   115,   116,   117,   121,   122,   127,   128,   132,
     133,   137,   141,   142,   143,   147,   148,   149,   150,   151,
     152,   156,   157,   160,   160,   163,   164,   165,   166,   170,
     171,   175,   176,   177,   180,   180,   180,   184,   185,   186,
     187,   191,   192,   193,   194,   198,   198,   201,   202,   206,
     207,   211,   212,   216,   217,   221,   222,   225,   225,   225,
     225,   225,   225,   225,   225,   225,   225,   225
};
#endif

/** Accessing symbol of state STATE.  */
#define YY_ACCESSING_SYMBOL(State) YY_CAST (yysymbol_kind_t, yystos[State])

#if 1
/* The user-facing name of the symbol whose (internal) number is
   YYSYMBOL.  No bounds checking.  */
static const char *yysymbol_name (yysymbol_kind_t yysymbol) YY_ATTRIBUTE_UNUSED;

static const char *
yysymbol_name (yysymbol_kind_t yysymbol)
{
  static const char *const yy_sname[] =
  {
  "the end of the file", "error", "invalid token", "the end of the line",
  "`;`", "a name", "a quoted name", "a number", "a size such as 3x3",
  "`model`", "`block`", "`quantize`", "`input`", "`output`", "`return`",
  "`weights`", "`x`", "`state`", "`augment`", "`{`", "`}`", "`(`", "`)`",
  "`[`", "`]`", "`,`", "`:`", "`=`", "`:=`", "`.`", "`|>`",
  "an unknown character", "$accept", "file", "sections", "section",
  "label", "params", "body", "stmts", "end", "stmt", "qualifiers", "expr",
  "callee", "call", "arg_list", "args", "exprs", "rules", "rule", "path",
  "items", "item", "position", "value", "plain", "scalar", "list",
  "scalars", "names", "name", "word", YY_NULLPTR
  };
  return yy_sname[yysymbol];
}
#endif

#define YYPACT_NINF (-95)

#define yypact_value_is_default(Yyn) \
  ((Yyn) == YYPACT_NINF)

#define YYTABLE_NINF (-97)

#define yytable_value_is_error(Yyn) \
  0

/* YYPACT[STATE-NUM] -- Index in YYTABLE of the portion describing
   STATE-NUM.  */
static const yytype_int16 yypact[] =
{
     -95,     3,   516,   -95,   -95,    85,   562,   580,   -12,     6,
     -95,   -95,   -95,    24,   445,   -95,   -95,   -95,   -95,   -95,
     -95,   -95,   -95,   -95,   -95,   -95,   -95,    24,   -95,   448,
      -4,   406,   406,   424,   -95,   -95,   -95,   -95,   386,    24,
     -95,    55,   -95,    -8,   -95,   182,   165,   -95,   204,   228,
     252,   297,   276,   203,   -95,    37,    72,    27,   -95,   106,
     -95,   -95,   -95,   -95,   -95,   406,   463,   612,   -95,   -95,
     -95,   598,   323,   -95,   -95,   -95,   -95,   -95,   -95,    29,
       8,   -95,   -95,   118,    53,   120,   105,   -95,    44,   -95,
     424,   612,   612,   612,   -95,   -95,   -95,   346,   -95,    48,
     -95,   108,   463,   -95,   612,   612,   612,   367,   612,   612,
     -95,   -95,    57,    64,   -95,   -95,   626,   -95,    56,   -95,
     109,   -95,    -6,   -95,    23,    59,   119,   -95,   -95,   142,
     116,    56,   -95,   -95,   626,   -95,   482,   -95,   -95,   -95,
      70,   -95,   526,   -95,    71,   -95,   142,   626,   544,   497,
     -95,   -95,   -95
};

/* YYDEFACT[STATE-NUM] -- Default reduction number in state STATE-NUM.
   Performed when YYTABLE does not specify something else to do.  Zero
   means the default is an error.  */
static const yytype_int8 yydefact[] =
{
       3,     0,     0,     1,    14,     0,     0,     0,     0,     0,
       4,    15,    16,     0,     0,    87,    86,    88,    89,    90,
      92,    94,    95,    96,    97,    93,    91,     0,    85,     0,
       0,     0,     0,     0,    13,     6,     5,     9,     0,     0,
      58,     0,    53,     0,    59,     0,     0,    34,     0,     0,
       0,     0,     0,     0,    21,     0,     0,     0,    18,     0,
      83,     8,    23,    24,    11,     0,     0,     0,    65,    77,
      66,     0,     0,    61,    64,    75,    76,    78,    12,     0,
       0,    37,    40,     0,     0,     0,     0,    33,     0,    20,
       0,     0,     0,     0,    19,    17,    54,     0,    60,     0,
      81,     0,     0,    62,     0,     0,     0,     0,     0,     0,
      22,    84,     0,     0,    80,    79,     0,    63,     0,    38,
       0,    44,     0,    68,     0,     0,     0,    46,    69,     0,
       0,     0,    82,    35,     0,    41,     0,    72,    71,    47,
       0,    35,     0,    70,     0,    49,     0,     0,     0,     0,
      50,    74,    36
};

/* YYPGOTO[NTERM-NUM].  */
static const yytype_int16 yypgoto[] =
{
     -95,   -95,   -95,   -95,   -95,   -95,   147,   -95,    51,    16,
     -27,   -84,     5,   -95,   -95,   -95,    87,   110,    97,   -95,
     100,   -70,   -94,    25,    21,   -65,   -92,   -95,   135,    -2,
     -31
};

/* YYDEFGOTO[NTERM-NUM].  */
static const yytype_uint8 yydefgoto[] =
{
       0,     1,     2,    10,    13,    39,    34,    53,    65,    54,
     142,    80,    81,    82,   125,   126,    83,    41,    42,    43,
      72,    73,   138,   139,    74,    75,    76,   101,    55,    86,
      28
};

/* YYTABLE[YYPACT[STATE-NUM]] -- What to do in state STATE-NUM.  If
   positive, shift that token.  If negative, reduce the rule whose
   number is the opposite.  If YYTABLE_NINF, syntax error.  */
static const yytype_int16 yytable[] =
{
      45,    45,   103,     3,    27,    30,   100,    31,   112,   113,
     134,   -51,   -51,   127,    77,   128,   -67,    38,    66,   -67,
      87,    67,   120,   124,   130,    32,   133,   103,   -51,    44,
      44,    56,   117,   -51,    45,    77,    60,   128,   105,   141,
      77,    77,   145,    33,   128,   -45,    79,    84,   -45,    94,
      88,   132,   144,   105,   128,   104,   -39,   -39,    62,    63,
     -26,   -26,    91,    44,    92,    98,    77,   -29,   -29,   143,
     109,    77,   114,   -39,   107,    64,   129,   -26,   -39,    71,
     108,   135,   151,   -39,   -29,    77,   147,   105,    56,   111,
      11,    12,   -73,   -48,   105,   -73,   -48,   -83,   140,   -83,
      93,   105,   118,    77,    90,   146,   110,   131,   -39,   -39,
     119,   149,   -52,   -52,   148,   140,    77,   149,    77,   -31,
     -31,   -30,   -30,   -32,   -32,   -39,   107,   -39,    95,   -52,
     -39,    91,   115,   116,   -52,   -39,   -31,    85,   -30,   105,
     -32,   -43,    46,   106,   136,   106,   105,    15,   137,   122,
     123,    17,    18,    19,    20,    21,    22,    23,    24,    25,
      26,    35,    96,   -85,   -85,    71,    97,   -85,    62,    63,
     152,   150,   -85,    59,    36,     0,    37,     0,     0,     0,
       0,     0,     0,     0,     0,    78,    61,    15,    68,    69,
      70,    17,    18,    19,    20,    21,    22,    23,    24,    25,
      26,     0,     0,     0,     0,    71,    62,    63,   -85,    15,
      16,   -85,     0,    17,    18,    19,    20,    21,    22,    23,
      24,    25,    26,    89,     0,     0,     0,     0,     0,   -92,
       0,   -92,   -92,    15,    16,     0,     0,    17,    18,    19,
      20,    21,    22,    23,    24,    25,    26,     0,     0,     0,
       0,     0,     0,   -94,     0,   -94,   -94,    15,    16,     0,
       0,    17,    18,    19,    20,    21,    22,    23,    24,    25,
      26,     0,     0,     0,     0,     0,     0,   -95,     0,   -95,
     -95,    15,    16,     0,     0,    17,    18,    19,    20,    21,
      22,    23,    24,    25,    26,     0,     0,     0,     0,     0,
       0,   -93,    15,   -93,   -93,     0,    17,    18,    19,    20,
      21,    22,    23,    24,    25,    26,     0,     0,     0,     0,
       0,     0,   -96,     0,   -96,   -96,   -57,   -57,    15,    68,
      69,    70,    17,    18,    19,    20,    21,    22,    23,    24,
      25,    26,     0,   -57,     0,     0,    71,     0,   102,   -56,
     -56,    15,    68,    69,    70,    17,    18,    19,    20,    21,
      22,    23,    24,    25,    26,     0,   -56,     0,   121,    71,
       0,   102,    15,    16,   122,   123,    17,    18,    19,    20,
      21,    22,    23,    24,    25,    26,     0,    57,     0,   -42,
      71,    15,    16,     0,     0,    17,    18,    19,    20,    21,
      22,    23,    24,    25,    26,     0,     0,    40,    58,   -55,
     -55,    15,    16,     0,     0,    17,    18,    19,    20,    21,
      22,    23,    24,    25,    26,    47,   -55,   -25,   -25,    15,
      16,     0,     0,    17,    18,    19,    48,    49,    50,    51,
      24,    52,    26,     0,   -25,    -7,    -7,     0,   -10,   -10,
      -7,     0,     0,   -10,    -7,    -7,    -7,   -10,   -10,   -10,
       0,     0,     0,    -7,    33,     0,   -10,    33,    15,    68,
      69,    70,    17,    18,    19,    20,    21,    22,    23,    24,
      25,    26,     0,     0,     0,     0,    71,    15,    16,   122,
     123,    17,    18,    19,    20,    21,    22,    23,    24,    25,
      26,     0,    15,     0,    69,    71,    17,    18,    19,    20,
      21,    22,    23,    24,    25,    26,    -2,     4,     0,     0,
      71,     5,     0,     0,     0,     6,     7,     8,     0,   -27,
     -27,    15,     0,     0,     9,    17,    18,    19,    20,    21,
      22,    23,    24,    25,    26,     0,   -27,   -28,   -28,    15,
       0,     0,     0,    17,    18,    19,    20,    21,    22,    23,
      24,    25,    26,    14,   -28,     0,     0,    15,    16,     0,
       0,    17,    18,    19,    20,    21,    22,    23,    24,    25,
      26,    29,     0,     0,     0,    15,    16,     0,     0,    17,
      18,    19,    20,    21,    22,    23,    24,    25,    26,    99,
       0,     0,     0,    15,     0,    69,     0,    17,    18,    19,
      20,    21,    22,    23,    24,    25,    26,    15,    16,     0,
       0,    17,    18,    19,    20,    21,    22,    23,    24,    25,
      26,    15,     0,    69,     0,    17,    18,    19,    20,    21,
      22,    23,    24,    25,    26
};

static const yytype_int16 yycheck[] =
{
      31,    32,    72,     0,     6,     7,    71,    19,    92,    93,
      16,     3,     4,   107,    45,   107,    22,    21,    26,    25,
      51,    29,   106,   107,   108,    19,   118,    97,    20,    31,
      32,    33,   102,    25,    65,    66,    38,   129,    30,   131,
      71,    72,   136,    19,   136,    22,    48,    49,    25,    22,
      52,   116,   136,    30,   146,    26,     3,     4,     3,     4,
       3,     4,    25,    65,    27,    67,    97,     3,     4,   134,
      26,   102,    24,    20,    21,    20,   107,    20,    25,    23,
      27,    22,   147,    30,    20,   116,    16,    30,    90,    91,
       5,     6,    22,    22,    30,    25,    25,    25,   129,    27,
      28,    30,   104,   134,    53,   136,    90,   109,     3,     4,
     105,   142,     3,     4,   141,   146,   147,   148,   149,     3,
       4,     3,     4,     3,     4,    20,    21,    22,    22,    20,
      25,    25,    24,    25,    25,    30,    20,    50,    20,    30,
      20,    22,    32,    25,    25,    25,    30,     5,     6,     7,
       8,     9,    10,    11,    12,    13,    14,    15,    16,    17,
      18,    14,    65,    21,    22,    23,    66,    25,     3,     4,
     149,   146,    30,    38,    27,    -1,    29,    -1,    -1,    -1,
      -1,    -1,    -1,    -1,    -1,    20,    39,     5,     6,     7,
       8,     9,    10,    11,    12,    13,    14,    15,    16,    17,
      18,    -1,    -1,    -1,    -1,    23,     3,     4,    26,     5,
       6,    29,    -1,     9,    10,    11,    12,    13,    14,    15,
      16,    17,    18,    20,    -1,    -1,    -1,    -1,    -1,    25,
      -1,    27,    28,     5,     6,    -1,    -1,     9,    10,    11,
      12,    13,    14,    15,    16,    17,    18,    -1,    -1,    -1,
      -1,    -1,    -1,    25,    -1,    27,    28,     5,     6,    -1,
      -1,     9,    10,    11,    12,    13,    14,    15,    16,    17,
      18,    -1,    -1,    -1,    -1,    -1,    -1,    25,    -1,    27,
      28,     5,     6,    -1,    -1,     9,    10,    11,    12,    13,
      14,    15,    16,    17,    18,    -1,    -1,    -1,    -1,    -1,
      -1,    25,     5,    27,    28,    -1,     9,    10,    11,    12,
      13,    14,    15,    16,    17,    18,    -1,    -1,    -1,    -1,
      -1,    -1,    25,    -1,    27,    28,     3,     4,     5,     6,
       7,     8,     9,    10,    11,    12,    13,    14,    15,    16,
      17,    18,    -1,    20,    -1,    -1,    23,    -1,    25,     3,
       4,     5,     6,     7,     8,     9,    10,    11,    12,    13,
      14,    15,    16,    17,    18,    -1,    20,    -1,     1,    23,
      -1,    25,     5,     6,     7,     8,     9,    10,    11,    12,
      13,    14,    15,    16,    17,    18,    -1,     1,    -1,    22,
      23,     5,     6,    -1,    -1,     9,    10,    11,    12,    13,
      14,    15,    16,    17,    18,    -1,    -1,     1,    22,     3,
       4,     5,     6,    -1,    -1,     9,    10,    11,    12,    13,
      14,    15,    16,    17,    18,     1,    20,     3,     4,     5,
       6,    -1,    -1,     9,    10,    11,    12,    13,    14,    15,
      16,    17,    18,    -1,    20,     0,     1,    -1,     0,     1,
       5,    -1,    -1,     5,     9,    10,    11,     9,    10,    11,
      -1,    -1,    -1,    18,    19,    -1,    18,    19,     5,     6,
       7,     8,     9,    10,    11,    12,    13,    14,    15,    16,
      17,    18,    -1,    -1,    -1,    -1,    23,     5,     6,     7,
       8,     9,    10,    11,    12,    13,    14,    15,    16,    17,
      18,    -1,     5,    -1,     7,    23,     9,    10,    11,    12,
      13,    14,    15,    16,    17,    18,     0,     1,    -1,    -1,
      23,     5,    -1,    -1,    -1,     9,    10,    11,    -1,     3,
       4,     5,    -1,    -1,    18,     9,    10,    11,    12,    13,
      14,    15,    16,    17,    18,    -1,    20,     3,     4,     5,
      -1,    -1,    -1,     9,    10,    11,    12,    13,    14,    15,
      16,    17,    18,     1,    20,    -1,    -1,     5,     6,    -1,
      -1,     9,    10,    11,    12,    13,    14,    15,    16,    17,
      18,     1,    -1,    -1,    -1,     5,     6,    -1,    -1,     9,
      10,    11,    12,    13,    14,    15,    16,    17,    18,     1,
      -1,    -1,    -1,     5,    -1,     7,    -1,     9,    10,    11,
      12,    13,    14,    15,    16,    17,    18,     5,     6,    -1,
      -1,     9,    10,    11,    12,    13,    14,    15,    16,    17,
      18,     5,    -1,     7,    -1,     9,    10,    11,    12,    13,
      14,    15,    16,    17,    18
};

/* YYSTOS[STATE-NUM] -- The symbol kind of the accessing symbol of
   state STATE-NUM.  */
static const yytype_int8 yystos[] =
{
       0,    33,    34,     0,     1,     5,     9,    10,    11,    18,
      35,     5,     6,    36,     1,     5,     6,     9,    10,    11,
      12,    13,    14,    15,    16,    17,    18,    61,    62,     1,
      61,    19,    19,    19,    38,    38,    38,    38,    21,    37,
       1,    49,    50,    51,    61,    62,    49,     1,    12,    13,
      14,    15,    17,    39,    41,    60,    61,     1,    22,    60,
      61,    38,     3,     4,    20,    40,    26,    29,     6,     7,
       8,    23,    52,    53,    56,    57,    58,    62,    20,    61,
      43,    44,    45,    48,    61,    48,    61,    62,    61,    20,
      40,    25,    27,    28,    22,    22,    50,    52,    61,     1,
      57,    59,    25,    53,    26,    30,    25,    21,    27,    26,
      41,    61,    43,    43,    24,    24,    25,    53,    61,    44,
      43,     1,     7,     8,    43,    46,    47,    54,    58,    62,
      43,    61,    57,    58,    16,    22,    25,     6,    54,    55,
      62,    58,    42,    57,    43,    54,    62,    16,    42,    62,
      55,    57,    56
};

/* YYR1[RULE-NUM] -- Symbol kind of the left-hand side of rule RULE-NUM.  */
static const yytype_int8 yyr1[] =
{
       0,    32,    33,    34,    34,    35,    35,    35,    35,    35,
      35,    35,    35,    35,    35,    36,    36,    37,    37,    37,
      38,    39,    39,    40,    40,    41,    41,    41,    41,    41,
      41,    41,    41,    41,    41,    42,    42,    43,    43,    44,
      44,    45,    46,    46,    46,    47,    47,    47,    47,    47,
      47,    48,    48,    49,    49,    50,    50,    50,    50,    51,
      51,    52,    52,    52,    53,    53,    53,    54,    54,    54,
      54,    55,    55,    55,    55,    56,    56,    57,    57,    58,
      58,    59,    59,    60,    60,    61,    61,    62,    62,    62,
      62,    62,    62,    62,    62,    62,    62,    62
};

/* YYR2[RULE-NUM] -- Number of symbols on the right-hand side of rule RULE-NUM.  */
static const yytype_int8 yyr2[] =
{
       0,     2,     1,     0,     2,     3,     3,     2,     4,     3,
       2,     4,     4,     3,     1,     1,     1,     3,     2,     3,
       3,     1,     3,     1,     1,     0,     3,     6,     6,     3,
       2,     4,     2,     2,     1,     0,     3,     1,     3,     1,
       1,     4,     0,     1,     1,     1,     1,     2,     3,     3,
       4,     1,     3,     1,     3,     0,     3,     2,     1,     1,
       3,     1,     2,     3,     1,     1,     1,     1,     1,     1,
       3,     1,     1,     1,     3,     1,     1,     1,     1,     3,
       3,     1,     3,     1,     3,     1,     1,     1,     1,     1,
       1,     1,     1,     1,     1,     1,     1,     1
};


enum { YYENOMEM = -2 };

#define yyerrok         (yyerrstatus = 0)
#define yyclearin       (yychar = T_QDLYYEMPTY)

#define YYACCEPT        goto yyacceptlab
#define YYABORT         goto yyabortlab
#define YYERROR         goto yyerrorlab
#define YYNOMEM         goto yyexhaustedlab


#define YYRECOVERING()  (!!yyerrstatus)

#define YYBACKUP(Token, Value)                                    \
  do                                                              \
    if (yychar == T_QDLYYEMPTY)                                        \
      {                                                           \
        yychar = (Token);                                         \
        yylval = (Value);                                         \
        YYPOPSTACK (yylen);                                       \
        yystate = *yyssp;                                         \
        YY_LAC_DISCARD ("YYBACKUP");                              \
        goto yybackup;                                            \
      }                                                           \
    else                                                          \
      {                                                           \
        yyerror (&yylloc, ps, YY_("syntax error: cannot back up")); \
        YYERROR;                                                  \
      }                                                           \
  while (0)

/* Backward compatibility with an undocumented macro.
   Use T_QDLYYerror or T_QDLYYUNDEF. */
#define YYERRCODE T_QDLYYUNDEF

/* YYLLOC_DEFAULT -- Set CURRENT to span from RHS[1] to RHS[N].
   If N is 0, then set CURRENT to the empty location which ends
   the previous symbol: RHS[0] (always defined).  */

#ifndef YYLLOC_DEFAULT
# define YYLLOC_DEFAULT(Current, Rhs, N)                                \
    do                                                                  \
      if (N)                                                            \
        {                                                               \
          (Current).first_line   = YYRHSLOC (Rhs, 1).first_line;        \
          (Current).first_column = YYRHSLOC (Rhs, 1).first_column;      \
          (Current).last_line    = YYRHSLOC (Rhs, N).last_line;         \
          (Current).last_column  = YYRHSLOC (Rhs, N).last_column;       \
        }                                                               \
      else                                                              \
        {                                                               \
          (Current).first_line   = (Current).last_line   =              \
            YYRHSLOC (Rhs, 0).last_line;                                \
          (Current).first_column = (Current).last_column =              \
            YYRHSLOC (Rhs, 0).last_column;                              \
        }                                                               \
    while (0)
#endif

#define YYRHSLOC(Rhs, K) ((Rhs)[K])


/* Enable debugging if requested.  */
#if QDLYYDEBUG

# ifndef YYFPRINTF
#  include <stdio.h> /* INFRINGES ON USER NAME SPACE */
#  define YYFPRINTF fprintf
# endif

# define YYDPRINTF(Args)                        \
do {                                            \
  if (yydebug)                                  \
    YYFPRINTF Args;                             \
} while (0)


/* YYLOCATION_PRINT -- Print the location on the stream.
   This macro was not mandated originally: define only if we know
   we won't break user code: when these are the locations we know.  */

# ifndef YYLOCATION_PRINT

#  if defined YY_LOCATION_PRINT

   /* Temporary convenience wrapper in case some people defined the
      undocumented and private YY_LOCATION_PRINT macros.  */
#   define YYLOCATION_PRINT(File, Loc)  YY_LOCATION_PRINT(File, *(Loc))

#  elif defined QDLYYLTYPE_IS_TRIVIAL && QDLYYLTYPE_IS_TRIVIAL

/* Print *YYLOCP on YYO.  Private, do not rely on its existence. */

YY_ATTRIBUTE_UNUSED
static int
yy_location_print_ (FILE *yyo, YYLTYPE const * const yylocp)
{
  int res = 0;
  int end_col = 0 != yylocp->last_column ? yylocp->last_column - 1 : 0;
  if (0 <= yylocp->first_line)
    {
      res += YYFPRINTF (yyo, "%d", yylocp->first_line);
      if (0 <= yylocp->first_column)
        res += YYFPRINTF (yyo, ".%d", yylocp->first_column);
    }
  if (0 <= yylocp->last_line)
    {
      if (yylocp->first_line < yylocp->last_line)
        {
          res += YYFPRINTF (yyo, "-%d", yylocp->last_line);
          if (0 <= end_col)
            res += YYFPRINTF (yyo, ".%d", end_col);
        }
      else if (0 <= end_col && yylocp->first_column < end_col)
        res += YYFPRINTF (yyo, "-%d", end_col);
    }
  return res;
}

#   define YYLOCATION_PRINT  yy_location_print_

    /* Temporary convenience wrapper in case some people defined the
       undocumented and private YY_LOCATION_PRINT macros.  */
#   define YY_LOCATION_PRINT(File, Loc)  YYLOCATION_PRINT(File, &(Loc))

#  else

#   define YYLOCATION_PRINT(File, Loc) ((void) 0)
    /* Temporary convenience wrapper in case some people defined the
       undocumented and private YY_LOCATION_PRINT macros.  */
#   define YY_LOCATION_PRINT  YYLOCATION_PRINT

#  endif
# endif /* !defined YYLOCATION_PRINT */


# define YY_SYMBOL_PRINT(Title, Kind, Value, Location)                    \
do {                                                                      \
  if (yydebug)                                                            \
    {                                                                     \
      YYFPRINTF (stderr, "%s ", Title);                                   \
      yy_symbol_print (stderr,                                            \
                  Kind, Value, Location, ps); \
      YYFPRINTF (stderr, "\n");                                           \
    }                                                                     \
} while (0)


/*-----------------------------------.
| Print this symbol's value on YYO.  |
`-----------------------------------*/

static void
yy_symbol_value_print (FILE *yyo,
                       yysymbol_kind_t yykind, YYSTYPE const * const yyvaluep, YYLTYPE const * const yylocationp, qdl_parser *ps)
{
  FILE *yyoutput = yyo;
  YY_USE (yyoutput);
  YY_USE (yylocationp);
  YY_USE (ps);
  if (!yyvaluep)
    return;
  YY_IGNORE_MAYBE_UNINITIALIZED_BEGIN
  YY_USE (yykind);
  YY_IGNORE_MAYBE_UNINITIALIZED_END
}


/*---------------------------.
| Print this symbol on YYO.  |
`---------------------------*/

static void
yy_symbol_print (FILE *yyo,
                 yysymbol_kind_t yykind, YYSTYPE const * const yyvaluep, YYLTYPE const * const yylocationp, qdl_parser *ps)
{
  YYFPRINTF (yyo, "%s %s (",
             yykind < YYNTOKENS ? "token" : "nterm", yysymbol_name (yykind));

  YYLOCATION_PRINT (yyo, yylocationp);
  YYFPRINTF (yyo, ": ");
  yy_symbol_value_print (yyo, yykind, yyvaluep, yylocationp, ps);
  YYFPRINTF (yyo, ")");
}

/*------------------------------------------------------------------.
| yy_stack_print -- Print the state stack from its BOTTOM up to its |
| TOP (included).                                                   |
`------------------------------------------------------------------*/

static void
yy_stack_print (yy_state_t *yybottom, yy_state_t *yytop)
{
  YYFPRINTF (stderr, "Stack now");
  for (; yybottom <= yytop; yybottom++)
    {
      int yybot = *yybottom;
      YYFPRINTF (stderr, " %d", yybot);
    }
  YYFPRINTF (stderr, "\n");
}

# define YY_STACK_PRINT(Bottom, Top)                            \
do {                                                            \
  if (yydebug)                                                  \
    yy_stack_print ((Bottom), (Top));                           \
} while (0)


/*------------------------------------------------.
| Report that the YYRULE is going to be reduced.  |
`------------------------------------------------*/

static void
yy_reduce_print (yy_state_t *yyssp, YYSTYPE *yyvsp, YYLTYPE *yylsp,
                 int yyrule, qdl_parser *ps)
{
  int yylno = yyrline[yyrule];
  int yynrhs = yyr2[yyrule];
  int yyi;
  YYFPRINTF (stderr, "Reducing stack by rule %d (line %d):\n",
             yyrule - 1, yylno);
  /* The symbols being reduced.  */
  for (yyi = 0; yyi < yynrhs; yyi++)
    {
      YYFPRINTF (stderr, "   $%d = ", yyi + 1);
      yy_symbol_print (stderr,
                       YY_ACCESSING_SYMBOL (+yyssp[yyi + 1 - yynrhs]),
                       &yyvsp[(yyi + 1) - (yynrhs)],
                       &(yylsp[(yyi + 1) - (yynrhs)]), ps);
      YYFPRINTF (stderr, "\n");
    }
}

# define YY_REDUCE_PRINT(Rule)          \
do {                                    \
  if (yydebug)                          \
    yy_reduce_print (yyssp, yyvsp, yylsp, Rule, ps); \
} while (0)

/* Nonzero means print parse trace.  It is left uninitialized so that
   multiple parsers can coexist.  */
int yydebug;
#else /* !QDLYYDEBUG */
# define YYDPRINTF(Args) ((void) 0)
# define YY_SYMBOL_PRINT(Title, Kind, Value, Location)
# define YY_STACK_PRINT(Bottom, Top)
# define YY_REDUCE_PRINT(Rule)
#endif /* !QDLYYDEBUG */


/* YYINITDEPTH -- initial size of the parser's stacks.  */
#ifndef YYINITDEPTH
# define YYINITDEPTH 200
#endif

/* YYMAXDEPTH -- maximum size the stacks can grow to (effective only
   if the built-in stack extension method is used).

   Do not make this value too large; the results are undefined if
   YYSTACK_ALLOC_MAXIMUM < YYSTACK_BYTES (YYMAXDEPTH)
   evaluated with infinite-precision integer arithmetic.  */

#ifndef YYMAXDEPTH
# define YYMAXDEPTH 10000
#endif


/* Given a state stack such that *YYBOTTOM is its bottom, such that
   *YYTOP is either its top or is YYTOP_EMPTY to indicate an empty
   stack, and such that *YYCAPACITY is the maximum number of elements it
   can hold without a reallocation, make sure there is enough room to
   store YYADD more elements.  If not, allocate a new stack using
   YYSTACK_ALLOC, copy the existing elements, and adjust *YYBOTTOM,
   *YYTOP, and *YYCAPACITY to reflect the new capacity and memory
   location.  If *YYBOTTOM != YYBOTTOM_NO_FREE, then free the old stack
   using YYSTACK_FREE.  Return 0 if successful or if no reallocation is
   required.  Return YYENOMEM if memory is exhausted.  */
static int
yy_lac_stack_realloc (YYPTRDIFF_T *yycapacity, YYPTRDIFF_T yyadd,
#if QDLYYDEBUG
                      char const *yydebug_prefix,
                      char const *yydebug_suffix,
#endif
                      yy_state_t **yybottom,
                      yy_state_t *yybottom_no_free,
                      yy_state_t **yytop, yy_state_t *yytop_empty)
{
  YYPTRDIFF_T yysize_old =
    *yytop == yytop_empty ? 0 : *yytop - *yybottom + 1;
  YYPTRDIFF_T yysize_new = yysize_old + yyadd;
  if (*yycapacity < yysize_new)
    {
      YYPTRDIFF_T yyalloc = 2 * yysize_new;
      yy_state_t *yybottom_new;
      /* Use YYMAXDEPTH for maximum stack size given that the stack
         should never need to grow larger than the main state stack
         needs to grow without LAC.  */
      if (YYMAXDEPTH < yysize_new)
        {
          YYDPRINTF ((stderr, "%smax size exceeded%s", yydebug_prefix,
                      yydebug_suffix));
          return YYENOMEM;
        }
      if (YYMAXDEPTH < yyalloc)
        yyalloc = YYMAXDEPTH;
      yybottom_new =
        YY_CAST (yy_state_t *,
                 YYSTACK_ALLOC (YY_CAST (YYSIZE_T,
                                         yyalloc * YYSIZEOF (*yybottom_new))));
      if (!yybottom_new)
        {
          YYDPRINTF ((stderr, "%srealloc failed%s", yydebug_prefix,
                      yydebug_suffix));
          return YYENOMEM;
        }
      if (*yytop != yytop_empty)
        {
          YYCOPY (yybottom_new, *yybottom, yysize_old);
          *yytop = yybottom_new + (yysize_old - 1);
        }
      if (*yybottom != yybottom_no_free)
        YYSTACK_FREE (*yybottom);
      *yybottom = yybottom_new;
      *yycapacity = yyalloc;
    }
  return 0;
}

/* Establish the initial context for the current lookahead if no initial
   context is currently established.

   We define a context as a snapshot of the parser stacks.  We define
   the initial context for a lookahead as the context in which the
   parser initially examines that lookahead in order to select a
   syntactic action.  Thus, if the lookahead eventually proves
   syntactically unacceptable (possibly in a later context reached via a
   series of reductions), the initial context can be used to determine
   the exact set of tokens that would be syntactically acceptable in the
   lookahead's place.  Moreover, it is the context after which any
   further semantic actions would be erroneous because they would be
   determined by a syntactically unacceptable token.

   YY_LAC_ESTABLISH should be invoked when a reduction is about to be
   performed in an inconsistent state (which, for the purposes of LAC,
   includes consistent states that don't know they're consistent because
   their default reductions have been disabled).  Iff there is a
   lookahead token, it should also be invoked before reporting a syntax
   error.  This latter case is for the sake of the debugging output.

   For parse.lac=full, the implementation of YY_LAC_ESTABLISH is as
   follows.  If no initial context is currently established for the
   current lookahead, then check if that lookahead can eventually be
   shifted if syntactic actions continue from the current context.
   Report a syntax error if it cannot.  */
#define YY_LAC_ESTABLISH                                                \
do {                                                                    \
  if (!yy_lac_established)                                              \
    {                                                                   \
      YYDPRINTF ((stderr,                                               \
                  "LAC: initial context established for %s\n",          \
                  yysymbol_name (yytoken)));                            \
      yy_lac_established = 1;                                           \
      switch (yy_lac (yyesa, &yyes, &yyes_capacity, yyssp, yytoken))    \
        {                                                               \
        case YYENOMEM:                                                  \
          YYNOMEM;                                                      \
        case 1:                                                         \
          goto yyerrlab;                                                \
        }                                                               \
    }                                                                   \
} while (0)

/* Discard any previous initial lookahead context because of Event,
   which may be a lookahead change or an invalidation of the currently
   established initial context for the current lookahead.

   The most common example of a lookahead change is a shift.  An example
   of both cases is syntax error recovery.  That is, a syntax error
   occurs when the lookahead is syntactically erroneous for the
   currently established initial context, so error recovery manipulates
   the parser stacks to try to find a new initial context in which the
   current lookahead is syntactically acceptable.  If it fails to find
   such a context, it discards the lookahead.  */
#if QDLYYDEBUG
# define YY_LAC_DISCARD(Event)                                           \
do {                                                                     \
  if (yy_lac_established)                                                \
    {                                                                    \
      YYDPRINTF ((stderr, "LAC: initial context discarded due to "       \
                  Event "\n"));                                          \
      yy_lac_established = 0;                                            \
    }                                                                    \
} while (0)
#else
# define YY_LAC_DISCARD(Event) yy_lac_established = 0
#endif

/* Given the stack whose top is *YYSSP, return 0 iff YYTOKEN can
   eventually (after perhaps some reductions) be shifted, return 1 if
   not, or return YYENOMEM if memory is exhausted.  As preconditions and
   postconditions: *YYES_CAPACITY is the allocated size of the array to
   which *YYES points, and either *YYES = YYESA or *YYES points to an
   array allocated with YYSTACK_ALLOC.  yy_lac may overwrite the
   contents of either array, alter *YYES and *YYES_CAPACITY, and free
   any old *YYES other than YYESA.  */
static int
yy_lac (yy_state_t *yyesa, yy_state_t **yyes,
        YYPTRDIFF_T *yyes_capacity, yy_state_t *yyssp, yysymbol_kind_t yytoken)
{
  yy_state_t *yyes_prev = yyssp;
  yy_state_t *yyesp = yyes_prev;
  /* Reduce until we encounter a shift and thereby accept the token.  */
  YYDPRINTF ((stderr, "LAC: checking lookahead %s:", yysymbol_name (yytoken)));
  if (yytoken == YYSYMBOL_YYUNDEF)
    {
      YYDPRINTF ((stderr, " Always Err\n"));
      return 1;
    }
  while (1)
    {
      int yyrule = yypact[+*yyesp];
      if (yypact_value_is_default (yyrule)
          || (yyrule += yytoken) < 0 || YYLAST < yyrule
          || yycheck[yyrule] != yytoken)
        {
          /* Use the default action.  */
          yyrule = yydefact[+*yyesp];
          if (yyrule == 0)
            {
              YYDPRINTF ((stderr, " Err\n"));
              return 1;
            }
        }
      else
        {
          /* Use the action from yytable.  */
          yyrule = yytable[yyrule];
          if (yytable_value_is_error (yyrule))
            {
              YYDPRINTF ((stderr, " Err\n"));
              return 1;
            }
          if (0 < yyrule)
            {
              YYDPRINTF ((stderr, " S%d\n", yyrule));
              return 0;
            }
          yyrule = -yyrule;
        }
      /* By now we know we have to simulate a reduce.  */
      YYDPRINTF ((stderr, " R%d", yyrule - 1));
      {
        /* Pop the corresponding number of values from the stack.  */
        YYPTRDIFF_T yylen = yyr2[yyrule];
        /* First pop from the LAC stack as many tokens as possible.  */
        if (yyesp != yyes_prev)
          {
            YYPTRDIFF_T yysize = yyesp - *yyes + 1;
            if (yylen < yysize)
              {
                yyesp -= yylen;
                yylen = 0;
              }
            else
              {
                yyesp = yyes_prev;
                yylen -= yysize;
              }
          }
        /* Only afterwards look at the main stack.  */
        if (yylen)
          yyesp = yyes_prev -= yylen;
      }
      /* Push the resulting state of the reduction.  */
      {
        yy_state_fast_t yystate;
        {
          const int yylhs = yyr1[yyrule] - YYNTOKENS;
          const int yyi = yypgoto[yylhs] + *yyesp;
          yystate = (0 <= yyi && yyi <= YYLAST && yycheck[yyi] == *yyesp
                     ? yytable[yyi]
                     : yydefgoto[yylhs]);
        }
        if (yyesp == yyes_prev)
          {
            yyesp = *yyes;
            YY_IGNORE_USELESS_CAST_BEGIN
            *yyesp = YY_CAST (yy_state_t, yystate);
            YY_IGNORE_USELESS_CAST_END
          }
        else
          {
            if (yy_lac_stack_realloc (yyes_capacity, 1,
#if QDLYYDEBUG
                                      " (", ")",
#endif
                                      yyes, yyesa, &yyesp, yyes_prev))
              {
                YYDPRINTF ((stderr, "\n"));
                return YYENOMEM;
              }
            YY_IGNORE_USELESS_CAST_BEGIN
            *++yyesp = YY_CAST (yy_state_t, yystate);
            YY_IGNORE_USELESS_CAST_END
          }
        YYDPRINTF ((stderr, " G%d", yystate));
      }
    }
}

/* Context of a parse error.  */
typedef struct
{
  yy_state_t *yyssp;
  yy_state_t *yyesa;
  yy_state_t **yyes;
  YYPTRDIFF_T *yyes_capacity;
  yysymbol_kind_t yytoken;
  YYLTYPE *yylloc;
} yypcontext_t;

/* Put in YYARG at most YYARGN of the expected tokens given the
   current YYCTX, and return the number of tokens stored in YYARG.  If
   YYARG is null, return the number of expected tokens (guaranteed to
   be less than YYNTOKENS).  Return YYENOMEM on memory exhaustion.
   Return 0 if there are more than YYARGN expected tokens, yet fill
   YYARG up to YYARGN. */
static int
yypcontext_expected_tokens (const yypcontext_t *yyctx,
                            yysymbol_kind_t yyarg[], int yyargn)
{
  /* Actual size of YYARG. */
  int yycount = 0;

  int yyx;
  for (yyx = 0; yyx < YYNTOKENS; ++yyx)
    {
      yysymbol_kind_t yysym = YY_CAST (yysymbol_kind_t, yyx);
      if (yysym != YYSYMBOL_YYerror && yysym != YYSYMBOL_YYUNDEF)
        switch (yy_lac (yyctx->yyesa, yyctx->yyes, yyctx->yyes_capacity, yyctx->yyssp, yysym))
          {
          case YYENOMEM:
            return YYENOMEM;
          case 1:
            continue;
          default:
            if (!yyarg)
              ++yycount;
            else if (yycount == yyargn)
              return 0;
            else
              yyarg[yycount++] = yysym;
          }
    }
  if (yyarg && yycount == 0 && 0 < yyargn)
    yyarg[0] = YYSYMBOL_YYEMPTY;
  return yycount;
}




/* The kind of the lookahead of this context.  */
static yysymbol_kind_t
yypcontext_token (const yypcontext_t *yyctx) YY_ATTRIBUTE_UNUSED;

static yysymbol_kind_t
yypcontext_token (const yypcontext_t *yyctx)
{
  return yyctx->yytoken;
}

/* The location of the lookahead of this context.  */
static YYLTYPE *
yypcontext_location (const yypcontext_t *yyctx) YY_ATTRIBUTE_UNUSED;

static YYLTYPE *
yypcontext_location (const yypcontext_t *yyctx)
{
  return yyctx->yylloc;
}

/* User defined function to report a syntax error.  */
static int
yyreport_syntax_error (const yypcontext_t *yyctx, qdl_parser *ps);

/*-----------------------------------------------.
| Release the memory associated to this symbol.  |
`-----------------------------------------------*/

static void
yydestruct (const char *yymsg,
            yysymbol_kind_t yykind, YYSTYPE *yyvaluep, YYLTYPE *yylocationp, qdl_parser *ps)
{
  YY_USE (yyvaluep);
  YY_USE (yylocationp);
  YY_USE (ps);
  if (!yymsg)
    yymsg = "Deleting";
  YY_SYMBOL_PRINT (yymsg, yykind, yyvaluep, yylocationp);

  YY_IGNORE_MAYBE_UNINITIALIZED_BEGIN
  YY_USE (yykind);
  YY_IGNORE_MAYBE_UNINITIALIZED_END
}






/*----------.
| yyparse.  |
`----------*/

int
yyparse (qdl_parser *ps)
{
/* Lookahead token kind.  */
int yychar;


/* The semantic value of the lookahead symbol.  */
/* Default value used for initialization, for pacifying older GCCs
   or non-GCC compilers.  */
YY_INITIAL_VALUE (static YYSTYPE yyval_default;)
YYSTYPE yylval YY_INITIAL_VALUE (= yyval_default);

/* Location data for the lookahead symbol.  */
static YYLTYPE yyloc_default
# if defined QDLYYLTYPE_IS_TRIVIAL && QDLYYLTYPE_IS_TRIVIAL
  = { 1, 1, 1, 1 }
# endif
;
YYLTYPE yylloc = yyloc_default;

    /* Number of syntax errors so far.  */
    int yynerrs = 0;

    yy_state_fast_t yystate = 0;
    /* Number of tokens to shift before error messages enabled.  */
    int yyerrstatus = 0;

    /* Refer to the stacks through separate pointers, to allow yyoverflow
       to reallocate them elsewhere.  */

    /* Their size.  */
    YYPTRDIFF_T yystacksize = YYINITDEPTH;

    /* The state stack: array, bottom, top.  */
    yy_state_t yyssa[YYINITDEPTH];
    yy_state_t *yyss = yyssa;
    yy_state_t *yyssp = yyss;

    /* The semantic value stack: array, bottom, top.  */
    YYSTYPE yyvsa[YYINITDEPTH];
    YYSTYPE *yyvs = yyvsa;
    YYSTYPE *yyvsp = yyvs;

    /* The location stack: array, bottom, top.  */
    YYLTYPE yylsa[YYINITDEPTH];
    YYLTYPE *yyls = yylsa;
    YYLTYPE *yylsp = yyls;

    yy_state_t yyesa[20];
    yy_state_t *yyes = yyesa;
    YYPTRDIFF_T yyes_capacity = 20 < YYMAXDEPTH ? 20 : YYMAXDEPTH;

  /* Whether LAC context is established.  A Boolean.  */
  int yy_lac_established = 0;
  int yyn;
  /* The return value of yyparse.  */
  int yyresult;
  /* Lookahead symbol kind.  */
  yysymbol_kind_t yytoken = YYSYMBOL_YYEMPTY;
  /* The variables used to return semantic value and location from the
     action routines.  */
  YYSTYPE yyval;
  YYLTYPE yyloc;

  /* The locations where the error started and ended.  */
  YYLTYPE yyerror_range[3];



#define YYPOPSTACK(N)   (yyvsp -= (N), yyssp -= (N), yylsp -= (N))

  /* The number of symbols on the RHS of the reduced rule.
     Keep to zero when no symbol should be popped.  */
  int yylen = 0;

  YYDPRINTF ((stderr, "Starting parse\n"));

  yychar = T_QDLYYEMPTY; /* Cause a token to be read.  */

  yylsp[0] = yylloc;
  goto yysetstate;


/*------------------------------------------------------------.
| yynewstate -- push a new state, which is found in yystate.  |
`------------------------------------------------------------*/
yynewstate:
  /* In all cases, when you get here, the value and location stacks
     have just been pushed.  So pushing a state here evens the stacks.  */
  yyssp++;


/*--------------------------------------------------------------------.
| yysetstate -- set current state (the top of the stack) to yystate.  |
`--------------------------------------------------------------------*/
yysetstate:
  YYDPRINTF ((stderr, "Entering state %d\n", yystate));
  YY_ASSERT (0 <= yystate && yystate < YYNSTATES);
  YY_IGNORE_USELESS_CAST_BEGIN
  *yyssp = YY_CAST (yy_state_t, yystate);
  YY_IGNORE_USELESS_CAST_END
  YY_STACK_PRINT (yyss, yyssp);

  if (yyss + yystacksize - 1 <= yyssp)
#if !defined yyoverflow && !defined YYSTACK_RELOCATE
    YYNOMEM;
#else
    {
      /* Get the current used size of the three stacks, in elements.  */
      YYPTRDIFF_T yysize = yyssp - yyss + 1;

# if defined yyoverflow
      {
        /* Give user a chance to reallocate the stack.  Use copies of
           these so that the &'s don't force the real ones into
           memory.  */
        yy_state_t *yyss1 = yyss;
        YYSTYPE *yyvs1 = yyvs;
        YYLTYPE *yyls1 = yyls;

        /* Each stack pointer address is followed by the size of the
           data in use in that stack, in bytes.  This used to be a
           conditional around just the two extra args, but that might
           be undefined if yyoverflow is a macro.  */
        yyoverflow (YY_("memory exhausted"),
                    &yyss1, yysize * YYSIZEOF (*yyssp),
                    &yyvs1, yysize * YYSIZEOF (*yyvsp),
                    &yyls1, yysize * YYSIZEOF (*yylsp),
                    &yystacksize);
        yyss = yyss1;
        yyvs = yyvs1;
        yyls = yyls1;
      }
# else /* defined YYSTACK_RELOCATE */
      /* Extend the stack our own way.  */
      if (YYMAXDEPTH <= yystacksize)
        YYNOMEM;
      yystacksize *= 2;
      if (YYMAXDEPTH < yystacksize)
        yystacksize = YYMAXDEPTH;

      {
        yy_state_t *yyss1 = yyss;
        union yyalloc *yyptr =
          YY_CAST (union yyalloc *,
                   YYSTACK_ALLOC (YY_CAST (YYSIZE_T, YYSTACK_BYTES (yystacksize))));
        if (! yyptr)
          YYNOMEM;
        YYSTACK_RELOCATE (yyss_alloc, yyss);
        YYSTACK_RELOCATE (yyvs_alloc, yyvs);
        YYSTACK_RELOCATE (yyls_alloc, yyls);
#  undef YYSTACK_RELOCATE
        if (yyss1 != yyssa)
          YYSTACK_FREE (yyss1);
      }
# endif

      yyssp = yyss + yysize - 1;
      yyvsp = yyvs + yysize - 1;
      yylsp = yyls + yysize - 1;

      YY_IGNORE_USELESS_CAST_BEGIN
      YYDPRINTF ((stderr, "Stack size increased to %ld\n",
                  YY_CAST (long, yystacksize)));
      YY_IGNORE_USELESS_CAST_END

      if (yyss + yystacksize - 1 <= yyssp)
        YYABORT;
    }
#endif /* !defined yyoverflow && !defined YYSTACK_RELOCATE */


  if (yystate == YYFINAL)
    YYACCEPT;

  goto yybackup;


/*-----------.
| yybackup.  |
`-----------*/
yybackup:
  /* Do appropriate processing given the current state.  Read a
     lookahead token if we need one and don't already have one.  */

  /* First try to decide what to do without reference to lookahead token.  */
  yyn = yypact[yystate];
  if (yypact_value_is_default (yyn))
    goto yydefault;

  /* Not known => get a lookahead token if don't already have one.  */

  /* YYCHAR is either empty, or end-of-input, or a valid lookahead.  */
  if (yychar == T_QDLYYEMPTY)
    {
      YYDPRINTF ((stderr, "Reading a token\n"));
      yychar = yylex (&yylval, &yylloc, ps);
    }

  if (yychar <= T_END)
    {
      yychar = T_END;
      yytoken = YYSYMBOL_YYEOF;
      YYDPRINTF ((stderr, "Now at end of input.\n"));
    }
  else if (yychar == T_QDLYYerror)
    {
      /* The scanner already issued an error message, process directly
         to error recovery.  But do not keep the error token as
         lookahead, it is too special and may lead us to an endless
         loop in error recovery. */
      yychar = T_QDLYYUNDEF;
      yytoken = YYSYMBOL_YYerror;
      yyerror_range[1] = yylloc;
      goto yyerrlab1;
    }
  else
    {
      yytoken = YYTRANSLATE (yychar);
      YY_SYMBOL_PRINT ("Next token is", yytoken, &yylval, &yylloc);
    }

  /* If the proper action on seeing token YYTOKEN is to reduce or to
     detect an error, take that action.  */
  yyn += yytoken;
  if (yyn < 0 || YYLAST < yyn || yycheck[yyn] != yytoken)
    {
      YY_LAC_ESTABLISH;
      goto yydefault;
    }
  yyn = yytable[yyn];
  if (yyn <= 0)
    {
      if (yytable_value_is_error (yyn))
        goto yyerrlab;
      yyn = -yyn;
      YY_LAC_ESTABLISH;
      goto yyreduce;
    }

  /* Count tokens shifted since error; after three, turn off error
     status.  */
  if (yyerrstatus)
    yyerrstatus--;

  /* Shift the lookahead token.  */
  YY_SYMBOL_PRINT ("Shifting", yytoken, &yylval, &yylloc);
  yystate = yyn;
  YY_IGNORE_MAYBE_UNINITIALIZED_BEGIN
  *++yyvsp = yylval;
  YY_IGNORE_MAYBE_UNINITIALIZED_END
  *++yylsp = yylloc;

  /* Discard the shifted token.  */
  yychar = T_QDLYYEMPTY;
  YY_LAC_DISCARD ("shift");
  goto yynewstate;


/*-----------------------------------------------------------.
| yydefault -- do the default action for the current state.  |
`-----------------------------------------------------------*/
yydefault:
  yyn = yydefact[yystate];
  if (yyn == 0)
    goto yyerrlab;
  goto yyreduce;


/*-----------------------------.
| yyreduce -- do a reduction.  |
`-----------------------------*/
yyreduce:
  /* yyn is the number of a rule to reduce with.  */
  yylen = yyr2[yyn];

  /* If YYLEN is nonzero, implement the default value of the action:
     '$$ = $1'.

     Otherwise, the following line sets YYVAL to garbage.
     This behavior is undocumented and Bison
     users should not rely upon it.  Assigning to YYVAL
     unconditionally makes the parser a bit smaller, and it avoids a
     GCC warning that YYVAL may be used uninitialized.  */
  yyval = yyvsp[1-yylen];

  /* Default location. */
  YYLLOC_DEFAULT (yyloc, (yylsp - yylen), yylen);
  yyerror_range[1] = yyloc;
  YY_REDUCE_PRINT (yyn);
  {
    int yychar_backup = yychar;
    switch (yyn)
      {
  case 5: /* section: "`model`" name body  */
#line 71 "../grammar/qdl.y"
                                          { ast_model(ps, (yyloc), (yyvsp[-1].name), (yyvsp[0].block)); }
#line 1860 "grammar/qdl.c"
    break;

  case 6: /* section: "`model`" error body  */
#line 72 "../grammar/qdl.y"
                                          { ast_model(ps, (yyloc), (yyvsp[-2].name), (yyvsp[0].block)); }
#line 1866 "grammar/qdl.c"
    break;

  case 8: /* section: "`block`" name params body  */
#line 74 "../grammar/qdl.y"
                                          { ast_block_def(ps, (yyvsp[-2].name), (yyvsp[-1].names), (yyvsp[0].block)); }
#line 1872 "grammar/qdl.c"
    break;

  case 9: /* section: "`block`" error body  */
#line 75 "../grammar/qdl.y"
                                          { ast_block_def(ps, (yyvsp[-2].name), NULL, (yyvsp[0].block)); }
#line 1878 "grammar/qdl.c"
    break;

  case 11: /* section: "`quantize`" "`{`" rules "`}`"  */
#line 77 "../grammar/qdl.y"
                                          { ast_quantize(ps, (yyloc)); }
#line 1884 "grammar/qdl.c"
    break;

  case 12: /* section: "`augment`" "`{`" rules "`}`"  */
#line 78 "../grammar/qdl.y"
                                          { ast_augment(ps, (yyloc)); }
#line 1890 "grammar/qdl.c"
    break;

  case 13: /* section: "a name" label body  */
#line 79 "../grammar/qdl.y"
                                          { ast_unknown_section(ps, (yyvsp[-2].name), (yyvsp[-1].name)); }
#line 1896 "grammar/qdl.c"
    break;

  case 16: /* label: "a quoted name"  */
#line 83 "../grammar/qdl.y"
                                          { (yyval.name) = ast_quoted(ps, (yyvsp[0].value)); }
#line 1902 "grammar/qdl.c"
    break;

  case 17: /* params: "`(`" names "`)`"  */
#line 86 "../grammar/qdl.y"
                                          { (yyval.names) = (yyvsp[-1].names); }
#line 1908 "grammar/qdl.c"
    break;

  case 18: /* params: "`(`" "`)`"  */
#line 87 "../grammar/qdl.y"
                                          { (yyval.names) = NULL; }
#line 1914 "grammar/qdl.c"
    break;

  case 19: /* params: "`(`" error "`)`"  */
#line 88 "../grammar/qdl.y"
                                          { (yyval.names) = NULL; }
#line 1920 "grammar/qdl.c"
    break;

  case 20: /* body: "`{`" stmts "`}`"  */
#line 92 "../grammar/qdl.y"
                                          { (yyval.block) = (yyvsp[-1].block); }
#line 1926 "grammar/qdl.c"
    break;

  case 21: /* stmts: stmt  */
#line 96 "../grammar/qdl.y"
                                          { (yyval.block) = ast_body(ps, NULL, (yyvsp[0].stmt)); }
#line 1932 "grammar/qdl.c"
    break;

  case 22: /* stmts: stmts end stmt  */
#line 97 "../grammar/qdl.y"
                                          { (yyval.block) = ast_body(ps, (yyvsp[-2].block), (yyvsp[0].stmt)); }
#line 1938 "grammar/qdl.c"
    break;

  case 23: /* end: "the end of the line"  */
#line 102 "../grammar/qdl.y"
                                          { yyerrok; }
#line 1944 "grammar/qdl.c"
    break;

  case 24: /* end: "`;`"  */
#line 103 "../grammar/qdl.y"
                                          { yyerrok; }
#line 1950 "grammar/qdl.c"
    break;

  case 25: /* stmt: %empty  */
#line 107 "../grammar/qdl.y"
                                          { (yyval.stmt) = NULL; }
#line 1956 "grammar/qdl.c"
    break;

  case 26: /* stmt: names "`=`" expr  */
#line 108 "../grammar/qdl.y"
                                          { (yyval.stmt) = ast_let(ps, (yyloc), (yyvsp[-2].names), (yyvsp[0].expr)); }
#line 1962 "grammar/qdl.c"
    break;

  case 27: /* stmt: "`input`" name "`:`" name list qualifiers  */
#line 109 "../grammar/qdl.y"
                                          { (yyval.stmt) = ast_input(ps, (yyloc), (yyvsp[-4].name), (yyvsp[-2].name), (yyvsp[-1].value), (yyvsp[0].values)); }
#line 1968 "grammar/qdl.c"
    break;

  case 28: /* stmt: "`state`" name "`:`" name list qualifiers  */
#line 110 "../grammar/qdl.y"
                                          { (yyval.stmt) = ast_state(ps, (yyloc), (yyvsp[-4].name), (yyvsp[-2].name), (yyvsp[-1].value), (yyvsp[0].values)); }
#line 1974 "grammar/qdl.c"
    break;

  case 29: /* stmt: name "`:=`" expr  */
#line 111 "../grammar/qdl.y"
                                          { (yyval.stmt) = ast_assign(ps, (yyloc), (yyvsp[-2].name), (yyvsp[0].expr)); }
#line 1980 "grammar/qdl.c"
    break;

  case 30: /* stmt: "`output`" exprs  */
#line 112 "../grammar/qdl.y"
                                          { (yyval.stmt) = ast_output(ps, (yyloc), NULL, (yyvsp[0].exprs)); }
#line 1986 "grammar/qdl.c"
    break;

  case 31: /* stmt: "`output`" name "`=`" expr  */
#line 114 "../grammar/qdl.y"
        { (yyval.stmt) = ast_output(ps, (yyloc), &(yyvsp[-2].name), ast_exprs_add(ps, NULL, (yyvsp[0].expr))); }
#line 1992 "grammar/qdl.c"
    break;

  case 32: /* stmt: "`return`" exprs  */
#line 115 "../grammar/qdl.y"
                                          { (yyval.stmt) = ast_return(ps, (yyloc), (yyvsp[0].exprs)); }
#line 1998 "grammar/qdl.c"
    break;

  case 33: /* stmt: "`weights`" word  */
#line 116 "../grammar/qdl.y"
                                          { (yyval.stmt) = ast_weights(ps, (yyloc), (yyvsp[0].name)); }
#line 2004 "grammar/qdl.c"
    break;

  case 34: /* stmt: error  */
#line 117 "../grammar/qdl.y"
                                          { (yyval.stmt) = NULL; }
#line 2010 "grammar/qdl.c"
    break;

  case 35: /* qualifiers: %empty  */
#line 121 "../grammar/qdl.y"
                                          { (yyval.values) = NULL; }
#line 2016 "grammar/qdl.c"
    break;

  case 36: /* qualifiers: qualifiers word plain  */
#line 123 "../grammar/qdl.y"
        { (yyval.values) = ast_values_add(ps, ast_values_add(ps, (yyvsp[-2].values), ast_word_value(ps, (yyvsp[-1].name))), (yyvsp[0].value)); }
#line 2022 "grammar/qdl.c"
    break;

  case 38: /* expr: expr "`|>`" callee  */
#line 128 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_chain(ps, (yyloc), (yyvsp[-2].expr), (yyvsp[0].expr)); }
#line 2028 "grammar/qdl.c"
    break;

  case 39: /* callee: name  */
#line 132 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_name_expr(ps, (yyvsp[0].name)); }
#line 2034 "grammar/qdl.c"
    break;

  case 41: /* call: name "`(`" arg_list "`)`"  */
#line 137 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_call(ps, (yyloc), (yyvsp[-3].name), (yyvsp[-1].expr)); }
#line 2040 "grammar/qdl.c"
    break;

  case 42: /* arg_list: %empty  */
#line 141 "../grammar/qdl.y"
                                          { (yyval.expr) = NULL; }
#line 2046 "grammar/qdl.c"
    break;

  case 44: /* arg_list: error  */
#line 143 "../grammar/qdl.y"
                                          { (yyval.expr) = NULL; }
#line 2052 "grammar/qdl.c"
    break;

  case 45: /* args: expr  */
#line 147 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_args_expr(ps, NULL, (yyvsp[0].expr)); }
#line 2058 "grammar/qdl.c"
    break;

  case 46: /* args: position  */
#line 148 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_args_value(ps, NULL, (yyvsp[0].value)); }
#line 2064 "grammar/qdl.c"
    break;

  case 47: /* args: word value  */
#line 149 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_args_attr(ps, NULL, (yyvsp[-1].name), (yyvsp[0].value)); }
#line 2070 "grammar/qdl.c"
    break;

  case 48: /* args: args "`,`" expr  */
#line 150 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_args_expr(ps, (yyvsp[-2].expr), (yyvsp[0].expr)); }
#line 2076 "grammar/qdl.c"
    break;

  case 49: /* args: args "`,`" position  */
#line 151 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_args_value(ps, (yyvsp[-2].expr), (yyvsp[0].value)); }
#line 2082 "grammar/qdl.c"
    break;

  case 50: /* args: args "`,`" word value  */
#line 152 "../grammar/qdl.y"
                                          { (yyval.expr) = ast_args_attr(ps, (yyvsp[-3].expr), (yyvsp[-1].name), (yyvsp[0].value)); }
#line 2088 "grammar/qdl.c"
    break;

  case 51: /* exprs: expr  */
#line 156 "../grammar/qdl.y"
                                          { (yyval.exprs) = ast_exprs_add(ps, NULL, (yyvsp[0].expr)); }
#line 2094 "grammar/qdl.c"
    break;

  case 52: /* exprs: exprs "`,`" expr  */
#line 157 "../grammar/qdl.y"
                                          { (yyval.exprs) = ast_exprs_add(ps, (yyvsp[-2].exprs), (yyvsp[0].expr)); }
#line 2100 "grammar/qdl.c"
    break;

  case 56: /* rule: path "`:`" items  */
#line 164 "../grammar/qdl.y"
                                          { ast_rule(ps, (yyloc), (yyvsp[-2].names), (yyvsp[0].values)); }
#line 2106 "grammar/qdl.c"
    break;

  case 57: /* rule: word items  */
#line 165 "../grammar/qdl.y"
                                          { ast_directive(ps, (yyloc), (yyvsp[-1].name), (yyvsp[0].values)); }
#line 2112 "grammar/qdl.c"
    break;

  case 59: /* path: name  */
#line 170 "../grammar/qdl.y"
                                          { (yyval.names) = ast_names_add(ps, NULL, (yyvsp[0].name)); }
#line 2118 "grammar/qdl.c"
    break;

  case 60: /* path: path "`.`" name  */
#line 171 "../grammar/qdl.y"
                                          { (yyval.names) = ast_names_add(ps, (yyvsp[-2].names), (yyvsp[0].name)); }
#line 2124 "grammar/qdl.c"
    break;

  case 61: /* items: item  */
#line 175 "../grammar/qdl.y"
                                          { (yyval.values) = ast_values_add(ps, NULL, (yyvsp[0].value)); }
#line 2130 "grammar/qdl.c"
    break;

  case 62: /* items: items item  */
#line 176 "../grammar/qdl.y"
                                          { (yyval.values) = ast_values_add(ps, (yyvsp[-1].values), (yyvsp[0].value)); }
#line 2136 "grammar/qdl.c"
    break;

  case 63: /* items: items "`,`" item  */
#line 177 "../grammar/qdl.y"
                                          { (yyval.values) = ast_values_add(ps, (yyvsp[-2].values), (yyvsp[0].value)); }
#line 2142 "grammar/qdl.c"
    break;

  case 70: /* position: "a number" "`x`" scalar  */
#line 187 "../grammar/qdl.y"
                                          { (yyval.value) = ast_size(ps->ctx, (yyloc), (yyvsp[-2].value), (yyvsp[0].value)); }
#line 2148 "grammar/qdl.c"
    break;

  case 73: /* value: word  */
#line 193 "../grammar/qdl.y"
                                          { (yyval.value) = ast_word_value(ps, (yyvsp[0].name)); }
#line 2154 "grammar/qdl.c"
    break;

  case 74: /* value: word "`x`" scalar  */
#line 195 "../grammar/qdl.y"
        { (yyval.value) = ast_size(ps->ctx, (yyloc), ast_word_value(ps, (yyvsp[-2].name)), (yyvsp[0].value)); }
#line 2160 "grammar/qdl.c"
    break;

  case 78: /* scalar: word  */
#line 202 "../grammar/qdl.y"
                                          { (yyval.value) = ast_word_value(ps, (yyvsp[0].name)); }
#line 2166 "grammar/qdl.c"
    break;

  case 79: /* list: "`[`" scalars "`]`"  */
#line 206 "../grammar/qdl.y"
                                          { (yyval.value) = ast_list(ps, (yyloc), (yyvsp[-1].values)); }
#line 2172 "grammar/qdl.c"
    break;

  case 80: /* list: "`[`" error "`]`"  */
#line 207 "../grammar/qdl.y"
                                          { (yyval.value) = ast_list(ps, (yyloc), NULL); }
#line 2178 "grammar/qdl.c"
    break;

  case 81: /* scalars: scalar  */
#line 211 "../grammar/qdl.y"
                                          { (yyval.values) = ast_values_add(ps, NULL, (yyvsp[0].value)); }
#line 2184 "grammar/qdl.c"
    break;

  case 82: /* scalars: scalars "`,`" scalar  */
#line 212 "../grammar/qdl.y"
                                          { (yyval.values) = ast_values_add(ps, (yyvsp[-2].values), (yyvsp[0].value)); }
#line 2190 "grammar/qdl.c"
    break;

  case 83: /* names: name  */
#line 216 "../grammar/qdl.y"
                                          { (yyval.names) = ast_names_add(ps, NULL, (yyvsp[0].name)); }
#line 2196 "grammar/qdl.c"
    break;

  case 84: /* names: names "`,`" name  */
#line 217 "../grammar/qdl.y"
                                          { (yyval.names) = ast_names_add(ps, (yyvsp[-2].names), (yyvsp[0].name)); }
#line 2202 "grammar/qdl.c"
    break;

  case 86: /* name: "a quoted name"  */
#line 222 "../grammar/qdl.y"
                                          { (yyval.name) = ast_quoted(ps, (yyvsp[0].value)); }
#line 2208 "grammar/qdl.c"
    break;


#line 2212 "grammar/qdl.c"

        default: break;
      }
    if (yychar_backup != yychar)
      YY_LAC_DISCARD ("yychar change");
  }
  /* User semantic actions sometimes alter yychar, and that requires
     that yytoken be updated with the new translation.  We take the
     approach of translating immediately before every use of yytoken.
     One alternative is translating here after every semantic action,
     but that translation would be missed if the semantic action invokes
     YYABORT, YYACCEPT, or YYERROR immediately after altering yychar or
     if it invokes YYBACKUP.  In the case of YYABORT or YYACCEPT, an
     incorrect destructor might then be invoked immediately.  In the
     case of YYERROR or YYBACKUP, subsequent parser actions might lead
     to an incorrect destructor call or verbose syntax error message
     before the lookahead is translated.  */
  YY_SYMBOL_PRINT ("-> $$ =", YY_CAST (yysymbol_kind_t, yyr1[yyn]), &yyval, &yyloc);

  YYPOPSTACK (yylen);
  yylen = 0;

  *++yyvsp = yyval;
  *++yylsp = yyloc;

  /* Now 'shift' the result of the reduction.  Determine what state
     that goes to, based on the state we popped back to and the rule
     number reduced by.  */
  {
    const int yylhs = yyr1[yyn] - YYNTOKENS;
    const int yyi = yypgoto[yylhs] + *yyssp;
    yystate = (0 <= yyi && yyi <= YYLAST && yycheck[yyi] == *yyssp
               ? yytable[yyi]
               : yydefgoto[yylhs]);
  }

  goto yynewstate;


/*--------------------------------------.
| yyerrlab -- here on detecting error.  |
`--------------------------------------*/
yyerrlab:
  /* Make sure we have latest lookahead translation.  See comments at
     user semantic actions for why this is necessary.  */
  yytoken = yychar == T_QDLYYEMPTY ? YYSYMBOL_YYEMPTY : YYTRANSLATE (yychar);
  /* If not already recovering from an error, report this error.  */
  if (!yyerrstatus)
    {
      ++yynerrs;
      {
        yypcontext_t yyctx
          = {yyssp, yyesa, &yyes, &yyes_capacity, yytoken, &yylloc};
        if (yychar != T_QDLYYEMPTY)
          YY_LAC_ESTABLISH;
        if (yyreport_syntax_error (&yyctx, ps) == 2)
          YYNOMEM;
      }
    }

  yyerror_range[1] = yylloc;
  if (yyerrstatus == 3)
    {
      /* If just tried and failed to reuse lookahead token after an
         error, discard it.  */

      if (yychar <= T_END)
        {
          /* Return failure if at end of input.  */
          if (yychar == T_END)
            YYABORT;
        }
      else
        {
          yydestruct ("Error: discarding",
                      yytoken, &yylval, &yylloc, ps);
          yychar = T_QDLYYEMPTY;
        }
    }

  /* Else will try to reuse lookahead token after shifting the error
     token.  */
  goto yyerrlab1;


/*---------------------------------------------------.
| yyerrorlab -- error raised explicitly by YYERROR.  |
`---------------------------------------------------*/
yyerrorlab:
  /* Pacify compilers when the user code never invokes YYERROR and the
     label yyerrorlab therefore never appears in user code.  */
  if (0)
    YYERROR;
  ++yynerrs;

  /* Do not reclaim the symbols of the rule whose action triggered
     this YYERROR.  */
  YYPOPSTACK (yylen);
  yylen = 0;
  YY_STACK_PRINT (yyss, yyssp);
  yystate = *yyssp;
  goto yyerrlab1;


/*-------------------------------------------------------------.
| yyerrlab1 -- common code for both syntax error and YYERROR.  |
`-------------------------------------------------------------*/
yyerrlab1:
  yyerrstatus = 3;      /* Each real token shifted decrements this.  */

  /* Pop stack until we find a state that shifts the error token.  */
  for (;;)
    {
      yyn = yypact[yystate];
      if (!yypact_value_is_default (yyn))
        {
          yyn += YYSYMBOL_YYerror;
          if (0 <= yyn && yyn <= YYLAST && yycheck[yyn] == YYSYMBOL_YYerror)
            {
              yyn = yytable[yyn];
              if (0 < yyn)
                break;
            }
        }

      /* Pop the current state because it cannot handle the error token.  */
      if (yyssp == yyss)
        YYABORT;

      yyerror_range[1] = *yylsp;
      yydestruct ("Error: popping",
                  YY_ACCESSING_SYMBOL (yystate), yyvsp, yylsp, ps);
      YYPOPSTACK (1);
      yystate = *yyssp;
      YY_STACK_PRINT (yyss, yyssp);
    }

  /* If the stack popping above didn't lose the initial context for the
     current lookahead token, the shift below will for sure.  */
  YY_LAC_DISCARD ("error recovery");

  YY_IGNORE_MAYBE_UNINITIALIZED_BEGIN
  *++yyvsp = yylval;
  YY_IGNORE_MAYBE_UNINITIALIZED_END

  yyerror_range[2] = yylloc;
  ++yylsp;
  YYLLOC_DEFAULT (*yylsp, yyerror_range, 2);

  /* Shift the error token.  */
  YY_SYMBOL_PRINT ("Shifting", YY_ACCESSING_SYMBOL (yyn), yyvsp, yylsp);

  yystate = yyn;
  goto yynewstate;


/*-------------------------------------.
| yyacceptlab -- YYACCEPT comes here.  |
`-------------------------------------*/
yyacceptlab:
  yyresult = 0;
  goto yyreturnlab;


/*-----------------------------------.
| yyabortlab -- YYABORT comes here.  |
`-----------------------------------*/
yyabortlab:
  yyresult = 1;
  goto yyreturnlab;


/*-----------------------------------------------------------.
| yyexhaustedlab -- YYNOMEM (memory exhaustion) comes here.  |
`-----------------------------------------------------------*/
yyexhaustedlab:
  yyerror (&yylloc, ps, YY_("memory exhausted"));
  yyresult = 2;
  goto yyreturnlab;


/*----------------------------------------------------------.
| yyreturnlab -- parsing is finished, clean up and return.  |
`----------------------------------------------------------*/
yyreturnlab:
  if (yychar != T_QDLYYEMPTY)
    {
      /* Make sure we have latest lookahead translation.  See comments at
         user semantic actions for why this is necessary.  */
      yytoken = YYTRANSLATE (yychar);
      yydestruct ("Cleanup: discarding lookahead",
                  yytoken, &yylval, &yylloc, ps);
    }
  /* Do not reclaim the symbols of the rule whose action triggered
     this YYABORT or YYACCEPT.  */
  YYPOPSTACK (yylen);
  YY_STACK_PRINT (yyss, yyssp);
  while (yyssp != yyss)
    {
      yydestruct ("Cleanup: popping",
                  YY_ACCESSING_SYMBOL (+*yyssp), yyvsp, yylsp, ps);
      YYPOPSTACK (1);
    }
#ifndef yyoverflow
  if (yyss != yyssa)
    YYSTACK_FREE (yyss);
#endif
  if (yyes != yyesa)
    YYSTACK_FREE (yyes);

  return yyresult;
}

#line 227 "../grammar/qdl.y"


static int yyreport_syntax_error(const yypcontext_t *at, qdl_parser *ps)
{
    yysymbol_kind_t kinds[YYNTOKENS];
    const char *names[YYNTOKENS];
    int n = yypcontext_expected_tokens(at, kinds, YYNTOKENS);
    for (int i = 0; i < n; i++)
        names[i] = yysymbol_name(kinds[i]);
    qdl_syntax_error(ps, *yypcontext_location(at), names, n);
    return 0;
}

static void qdlyyerror(qloc *loc, qdl_parser *ps, const char *message)
{
    qdl_fail(ps, D_NESTING, *loc, "%s", message);
}
