/* A Bison parser, made by GNU Bison 3.8.2.  */

/* Bison interface for Yacc-like parsers in C

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

/* DO NOT RELY ON FEATURES THAT ARE NOT DOCUMENTED in the manual,
   especially those whose name start with YY_ or yy_.  They are
   private implementation details that can be changed or removed.  */

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

#line 61 "grammar/qdl.h"

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
